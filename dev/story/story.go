// Package story plays what Legato is for on a running server: people put things into carts, buy, come back,
// have birthdays and join a list; then it looks at what arrived in the inbox and at what Postgres says about
// those who got nothing. Everything goes in through the public API, as it would from a shop.
package story

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/legato-flow/legato/store"
)

// Inbox shows the mail that arrived.
type Inbox interface {
	// To lists the messages to an address, oldest first.
	To(ctx context.Context, address string) ([]Mail, error)
}

// Mail is a message that arrived.
type Mail struct {
	Subject   string    `json:"subject"`
	MessageID string    `json:"message_id"`
	Date      time.Time `json:"date"` // its Date header
	HTML      string    `json:"html"`
	Text      string    `json:"text"`
}

// Dates plans a date flow for some people as if it were another day.
type Dates interface {
	PlanFor(ctx context.Context, flow string, profiles []string, from, till time.Time) (int, error)
}

// Story is what a performance needs.
type Story struct {
	API     string // the server's URL
	Key     string // a private API key
	Store   *store.Store
	Inbox   Inbox
	Dates   Dates
	Speed   float64 // how many times faster waits pass
	Tag     string  // makes this performance's addresses its own
	Log     *slog.Logger
	Patient time.Duration // how long to wait beyond the waits themselves; 0 is 30 s
}

// Line is one row of the table.
type Line struct {
	Who      string
	Happened string
	Got      string // the subjects of what they got, with the time they saw on their clock
	Why      string // why they got nothing (more)
	Wrong    string // what did not come out as it should; "" is right
}

// Play performs the story and returns what came of it, a line per person. An error means that it could not be
// played; a line that came out wrong says so itself.
func (s *Story) Play(ctx context.Context) ([]Line, error) {
	if s.Patient <= 0 {
		s.Patient = 30 * time.Second
	}
	items, err := s.cart(ctx)
	if err != nil {
		return nil, err
	}
	var scenes []scene
	scenes = append(scenes, s.cartScenes(items)...)
	scenes = append(scenes, s.birthdayScenes()...)
	scenes = append(scenes, s.welcomeScene())
	for i := range scenes {
		if err := scenes[i].perform(ctx, &scenes[i]); err != nil {
			return nil, fmt.Errorf("%s: %w", scenes[i].who, err)
		}
	}
	longest := time.Duration(0)
	for _, c := range scenes {
		longest = max(longest, c.lasts)
	}
	deadline := time.Now().Add(time.Duration(float64(longest)/s.Speed) + s.Patient)
	lines := make([]Line, len(scenes))
	for i := range scenes {
		if lines[i], err = s.judge(ctx, &scenes[i], deadline); err != nil {
			return nil, fmt.Errorf("%s: %w", scenes[i].who, err)
		}
	}
	return lines, nil
}

// scene is one person's part.
type scene struct {
	who      string
	address  string // "" has none
	profile  string // set by perform
	flow     string
	happened string
	zone     *time.Location
	lasts    time.Duration // how long the flow makes them wait
	mails    int           // how many they should get
	reason   string        // of the outcome or refusal that they should have; "" is none
	runs     int           // how many runs they should have
	perform  func(ctx context.Context, c *scene) error
	check    func(mail Mail) string // what is wrong with a message, or ""
}

// judge waits until the person's part is over and compares what came of it with what should have.
func (s *Story) judge(ctx context.Context, c *scene, deadline time.Time) (Line, error) {
	line := Line{Who: c.who, Happened: c.happened}
	for {
		seen, err := s.look(ctx, c)
		if err != nil {
			return line, err
		}
		line.Got, line.Why, line.Wrong = seen.got, seen.why, seen.wrong
		if seen.over && (seen.wrong == "" || time.Now().After(deadline)) {
			return line, nil
		}
		if time.Now().After(deadline) {
			if line.Wrong == "" {
				line.Wrong = "it is not over yet"
			}
			return line, nil
		}
		select {
		case <-ctx.Done():
			return line, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}
