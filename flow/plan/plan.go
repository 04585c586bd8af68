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
const Format = 2

// Plan is one version of a flow. It is immutable; its Hash names it.
type Plan struct {
	Format     int               `json:"format"`
	Flow       string            `json:"flow"` // the flow's id, also the workflow type
	Name       string            `json:"name"`
	Triggers   []Trigger         `json:"triggers"`         // any of them lets a person enter
	Filter     string            `json:"filter,omitempty"` // profile filter, an expression: at entry and before every action
	ExitOn     []Watch           `json:"exit_on,omitempty"`
	Reentry    Reentry           `json:"reentry"`
	Cap        map[string]string `json:"cap,omitempty"`         // by channel, what smart sending does: skip | defer | off; absent is skip
	QuietHours map[string]string `json:"quiet_hours,omitempty"` // by channel: defer | skip | off; absent is defer
	Entry      string            `json:"entry"`                 // the first step's id
	Steps      []Step            `json:"steps"`                 // every step comes after all steps that lead to it
}

// What a cap or quiet hours do with a message that may not go out now.
const (
	Skip  = "skip"
	Defer = "defer"
	Off   = "off" // the message does not look at them
)

// Channels of messages to people.
const (
	ChannelEmail = "email"
	ChannelSMS   = "sms"
	ChannelPush  = "push"
)

// Watch is something that may happen to a person who is inside: an event of the metric that passes the filter, or
// a condition that becomes true. Exactly one of Metric and Condition is set.
type Watch struct {
	Metric    string `json:"metric,omitempty"`
	Filter    string `json:"filter,omitempty"`    // an expression that sees this event only
	Condition string `json:"condition,omitempty"` // an expression about the person; event is the trigger's
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

// Decode reads a plan that Encode wrote, in any format so far. Its name stays the hash it was stored by.
func Decode(data []byte) (*Plan, error) {
	var p Plan
	if err := json.Unmarshal(data, &p); err != nil {
		return nil, fmt.Errorf("reading a plan: %w", err)
	}
	switch p.Format {
	case Format:
	case 1: // which had one trigger, and nothing that has changed its meaning since
		var old struct {
			Trigger Trigger `json:"trigger"`
		}
		if err := json.Unmarshal(data, &old); err != nil {
			return nil, fmt.Errorf("reading a plan: %w", err)
		}
		p.Triggers = []Trigger{old.Trigger}
	default:
		return nil, fmt.Errorf("plan of flow %q has format %d, this program reads formats 1 to %d", p.Flow, p.Format, Format)
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
