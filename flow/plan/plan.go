// Package plan is the compiled form of a flow: plain data that imports nothing of ours. flow makes plans from
// YAML, activities walk them, and a run is pinned to one by its hash.
package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

// Format is the version of this data layout. It is part of every plan, so that old plans stay readable.
const Format = 1

// Plan is one version of a flow. It is immutable; its Hash names it.
type Plan struct {
	Format  int     `json:"format"`
	Flow    string  `json:"flow"` // the flow's id, also the workflow type
	Name    string  `json:"name"`
	Trigger Trigger `json:"trigger"`
	Filter  string  `json:"filter,omitempty"` // profile filter, an expression: at entry and before every action
	Reentry Reentry `json:"reentry"`
	Entry   string  `json:"entry"` // the first step's id
	Steps   []Step  `json:"steps"` // every step comes after all steps that lead to it
}

// Trigger is what makes a person enter. Exactly one of the fields is set.
type Trigger struct {
	Metric *MetricTrigger `json:"metric,omitempty"`
	List   *ListTrigger   `json:"list,omitempty"`
	Date   *DateTrigger   `json:"date,omitempty"`
}

// MetricTrigger enters a person for each new event of the metric that passes the filter.
type MetricTrigger struct {
	Metric string `json:"metric"`
	Filter string `json:"filter,omitempty"` // an expression that sees the event only
}

// ListTrigger enters a person who becomes a member of the list, named by id or by name.
type ListTrigger struct {
	List string `json:"list"`
}

// Repeat values of a DateTrigger.
const (
	Once    = "once"
	Weekly  = "weekly"
	Monthly = "monthly"
	Yearly  = "yearly"
)

// DateTrigger enters a person at a clock time on, before or after the date that a profile property holds.
// Only the calendar date as written counts; a time of day in the stored value is ignored. In a common year a
// yearly 29 February falls on 28 February, and a monthly day that a month lacks on that month's last day.
type DateTrigger struct {
	Property string `json:"property"`         // "birthday": a custom property of the profile
	Days     int    `json:"days,omitempty"`   // offset: negative before the date, positive after it
	Months   int    `json:"months,omitempty"` // offset in calendar months, likewise
	At       string `json:"at"`               // "15:04" wall clock
	Timezone string `json:"timezone"`         // "person" or an IANA name
	Repeat   string `json:"repeat"`           // once | weekly | monthly | yearly
}

// Reentry modes.
const (
	Always = "always"
	Never  = "never"
	After  = "after"
)

// Reentry says whether a person who has entered before may enter again.
type Reentry struct {
	Mode  string        `json:"mode"`            // always | never | after
	After time.Duration `json:"after,omitempty"` // nanoseconds since the last entry, with mode after
}

// Step kinds.
const (
	KindWait          = "wait"
	KindIf            = "if"
	KindEmail         = "email"
	KindUpdateProfile = "update_profile"
	KindExit          = "exit"
)

// Step statuses. An empty status means live.
const (
	Draft  = "draft"
	Manual = "manual"
	Live   = "live"
)

// Step is one step. The field named like its kind is set (none for a kind without settings).
type Step struct {
	ID            string         `json:"id"`
	Name          string         `json:"name,omitempty"`
	Kind          string         `json:"kind"`
	Status        string         `json:"status,omitempty"` // "" (live) | draft
	Filter        string         `json:"filter,omitempty"` // step filter, an expression
	Next          string         `json:"next,omitempty"`   // "" ends the run; of an if, an exit: where a run goes on that passes over it
	Wait          *Wait          `json:"wait,omitempty"`
	If            *If            `json:"if,omitempty"`
	Email         *Email         `json:"email,omitempty"`
	UpdateProfile *UpdateProfile `json:"update_profile,omitempty"`
	Exit          *Exit          `json:"exit,omitempty"`
}

// Wait holds the run for a duration, then until a clock time and a weekday if they are given.
//
// Without At, Days are 24 hours each. With At, Days are calendar days in the zone, and the wait ends at that
// wall clock time; with no Days it ends at the next such time. A wall clock time that does not exist (spring)
// moves forward to the first valid instant; a doubled one (autumn) is the first of the two.
type Wait struct {
	Duration time.Duration `json:"duration,omitempty"` // hours and smaller, nanoseconds
	Days     int           `json:"days,omitempty"`
	At       string        `json:"at,omitempty"`       // "15:04"
	Weekdays []string      `json:"weekdays,omitempty"` // "monday" …; empty is every day
	Timezone string        `json:"timezone,omitempty"` // "person" or an IANA name; with At or Weekdays
}

// If takes the first branch whose expression is true, else Else.
type If struct {
	Branches []Branch `json:"branches"`
	Else     string   `json:"else,omitempty"` // a step id; "" ends the run
}

// Branch is one path of an If.
type Branch struct {
	When string `json:"when"`           // an expression
	Next string `json:"next,omitempty"` // a step id; "" ends the run
}

// Email sends the template's current content.
type Email struct {
	Template string `json:"template"`
}

// UpdateProfile changes custom properties of the profile, in the order set, increment, unset.
type UpdateProfile struct {
	Set       []Assignment `json:"set,omitempty"`
	Increment []Assignment `json:"increment,omitempty"`
	Unset     []string     `json:"unset,omitempty"`
}

// Assignment gives a property a value: a literal, or an expression's result.
type Assignment struct {
	Property   string `json:"property"`
	Value      any    `json:"value,omitempty"`      // string, float64, bool or []any of them
	Expression string `json:"expression,omitempty"` // instead of Value
}

// Exit ends the run.
type Exit struct {
	Reason string `json:"reason,omitempty"`
}

// Encode gives the plan as canonical JSON: the bytes that Hash names.
func (p *Plan) Encode() []byte {
	b, err := json.Marshal(p)
	if err != nil {
		panic(fmt.Sprintf("plan %s: %v", p.Flow, err)) // only strings, numbers, booleans and lists are in it
	}
	return b
}

// Hash names the plan by its content: the first 16 bytes of SHA-256 over Encode, in hex.
func (p *Plan) Hash() string {
	sum := sha256.Sum256(p.Encode())
	return hex.EncodeToString(sum[:16])
}

// Decode reads a plan that Encode wrote. It refuses a format that this program does not know.
func Decode(data []byte) (*Plan, error) {
	var p Plan
	if err := json.Unmarshal(data, &p); err != nil {
		return nil, fmt.Errorf("reading a plan: %w", err)
	}
	if p.Format != Format {
		return nil, fmt.Errorf("plan of flow %q has format %d, this program reads format %d", p.Flow, p.Format, Format)
	}
	return &p, nil
}

// Step finds a step by its id, or gives nil.
func (p *Plan) Step(id string) *Step {
	for i := range p.Steps {
		if p.Steps[i].ID == id {
			return &p.Steps[i]
		}
	}
	return nil
}

// Label is what people see of a step: its name, else its id.
func (s *Step) Label() string {
	if s.Name != "" {
		return s.Name
	}
	return s.ID
}
