package cli

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/legato-flow/legato/dev/console"
	"github.com/legato-flow/legato/dev/stack"
	"github.com/legato-flow/legato/dev/story"
	"github.com/legato-flow/legato/internal/config"
)

// play performs the story and prints what came of it. In a demo a line that came out wrong is an error.
func (o devOptions) play(ctx context.Context, out *console.Console, s *stack.Stack, l *running, c config.Config) error {
	begun := time.Now()
	out.Printf("A story, with an hour of waiting in %s:\n\n", time.Duration(float64(time.Hour)/o.speed).Round(time.Millisecond))
	lines, err := (&story.Story{
		API: c.BaseURL, Key: stack.Key, Store: l.server.store, Inbox: story.WebInbox{URL: s.BaseURL}, Dates: l.worker.Planner,
		Speed: o.speed, Tag: strconv.FormatInt(begun.Unix(), 36), Log: l.server.log,
	}).Play(ctx)
	if err != nil {
		return fmt.Errorf("playing the story: %w", err)
	}
	wrong := story.Print(out, lines)
	out.Printf("\nThe story took %.1fs.", time.Since(begun).Seconds())
	memory, err := s.Memory()
	if err != nil {
		return err
	}
	out.Printf(" Memory in use: %s.\n", memory)
	if wrong > 0 && o.demo {
		return fmt.Errorf("%d of %d lines of the story came out wrong", wrong, len(lines))
	}
	return nil
}
