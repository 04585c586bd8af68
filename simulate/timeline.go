package simulate

import (
	"context"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/legato-flow/legato/activities"
	"github.com/legato-flow/legato/expression"
	"github.com/legato-flow/legato/internal/clock"
	"github.com/legato-flow/legato/store"
)

// Timeline is one person's way through a simulation.
type Timeline struct {
	Flow    string         `json:"flow"`
	Start   time.Time      `json:"start"`
	End     time.Time      `json:"end"`
	Zone    *time.Location `json:"-"` // the person's, for showing times
	Entries []Entry        `json:"timeline"`
	Runs    int            `json:"runs"`
	Status  string         `json:"status"` // of the last run or refusal: done, active, refused: reentry, none …
}

// Kinds of entries.
const (
	KindHappened = "happened"
	KindEntered  = "entered"
	KindRefused  = "refused"
	KindDecision = "decision"
	KindMessage  = "message"
	KindLeft     = "left"
)

// Entry is something on a timeline.
type Entry struct {
	At      time.Time `json:"at"`
	Kind    string    `json:"kind"`
	Run     string    `json:"run,omitempty"`
	Step    string    `json:"step,omitempty"` // its id
	Text    string    `json:"text"`
	Message *Message  `json:"message,omitempty"`
	Clauses []Clause  `json:"clauses,omitempty"` // of the filter that refused
}

// Input is what a person is simulated with.
type Input struct {
	Person  *Person
	Happens []Happening
	Catalog []store.Item
	Until   time.Time // zero: until nothing more happens
}

// Trace simulates a person and keeps every decision. The simulation must be fresh.
func (s *Simulation) Trace(ctx context.Context, in Input) (*Timeline, error) {
	start := s.clock()
	if err := s.stock(ctx, in.Catalog, start); err != nil {
		return nil, err
	}
	profile, err := s.Add(ctx, in.Person)
	if err != nil {
		return nil, err
	}
	if err := s.Apply(ctx); err != nil {
		return nil, err
	}
	zone, _ := in.Person.Location["timezone"].(string)
	t := &tracer{s: s, profile: profile, line: &Timeline{
		Flow: s.Program.Plan.Flow, Start: start, Zone: clock.Zone(zone, s.account.Timezone), Entries: []Entry{},
	}, refused: map[string]bool{}}
	s.watcher = watcher{happened: t.happened, entered: t.entered, refused: t.refuse, advanced: t.advanced}
	for _, h := range in.Happens {
		s.Schedule(profile, h)
	}
	if err := s.Run(ctx, s.end(in.Until, start)); err != nil {
		return nil, err
	}
	r, err := s.result(ctx, profile, start)
	if err != nil {
		return nil, err
	}
	t.line.Runs, t.line.Status, t.line.End = r.runs, r.status, s.clock()
	// A date is planned ahead, so that somebody enters on the timeline before the day.
	slices.SortStableFunc(t.line.Entries, func(a, b Entry) int { return a.At.Compare(b.At) })
	return t.line, nil
}

// tracer writes a timeline.
type tracer struct {
	s       *Simulation
	profile string
	line    *Timeline
	refused map[string]bool // entry keys
}

func (t *tracer) add(e Entry) {
	if e.At.IsZero() {
		e.At = t.s.clock()
	}
	t.line.Entries = append(t.line.Entries, e)
}

func (t *tracer) happened(h Happening) { t.add(Entry{Kind: KindHappened, Text: h.String()}) }

// String says what happens.
func (h Happening) String() string {
	switch {
	case h.Event != nil:
		text := h.Event.Metric
		if h.Event.Value != "" {
			text += ", value " + h.Event.Value
		}
		return text
	case h.Join != "":
		return "joins the list " + h.Join
	case h.Leave != "":
		return "leaves the list " + h.Leave
	case h.Suppress != "":
		return "is suppressed on " + h.Suppress
	default:
		return "the profile changes"
	}
}

func (t *tracer) entered(runs []store.CohortRun) {
	for _, run := range runs {
		e := Entry{Kind: KindEntered, Run: run.ID, Text: "enters"}
		if run.Step == "" && run.DueAt.Time.After(t.s.clock()) {
			e.At, e.Text = run.DueAt.Time, "enters, as the date says"
		}
		t.add(e)
		if run.Step != "" { // it was brought to the wait that comes first
			t.add(Entry{Kind: KindDecision, Run: run.ID, Step: t.s.Program.Plan.Entry, Text: run.Wait + ": " + t.until(run.DueAt.Time)})
		}
	}
}

// refuse looks for refusals that were not there before.
func (t *tracer) refuse(ctx context.Context) error {
	refusals, err := t.s.store.RefusalsOfProfile(ctx, t.profile, 1000)
	if err != nil {
		return err
	}
	for _, r := range refusals {
		if t.refused[r.EntryKey] {
			continue
		}
		t.refused[r.EntryKey] = true
		clauses, err := refusalClauses(ctx, t.s.store, t.s.Program, &r)
		if err != nil {
			return err
		}
		t.add(Entry{Kind: KindRefused, Text: "is not let in: " + r.Reason, Clauses: clauses})
	}
	return nil
}

var untilUTC = regexp.MustCompile(`until (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC`)

func (t *tracer) advanced(ctx context.Context, run string, decisions []string, sent []Message) error {
	runs, err := t.s.store.Runs(ctx, []string{run})
	if err != nil || len(runs) == 0 {
		return err
	}
	for _, line := range decisions {
		e := Entry{Kind: KindDecision, Run: run, Text: untilUTC.ReplaceAllStringFunc(line, t.local)}
		for i := range t.s.Program.Steps {
			step := &t.s.Program.Steps[i]
			if !strings.HasPrefix(line, step.Label()+": ") {
				continue
			}
			e.Step = step.ID
			filter := t.s.Program.Filter
			if strings.HasSuffix(line, activities.ReasonStepFilter) {
				filter = step.Filter
			}
			if strings.HasSuffix(line, activities.ReasonStepFilter) || strings.HasSuffix(line, activities.ReasonFlowFilter) {
				if e.Clauses, err = t.clauses(ctx, filter, &runs[0]); err != nil {
					return err
				}
			}
			break
		}
		t.add(e)
		for i := range sent {
			if sent[i].Step == e.Step && strings.HasSuffix(line, ": sent") {
				t.add(Entry{Kind: KindMessage, Run: run, Step: e.Step, Message: &sent[i],
					Text: sent[i].Channel + " to " + sent[i].To + ": " + sent[i].Subject})
			}
		}
	}
	if runs[0].Status != store.RunActive {
		t.add(Entry{Kind: KindLeft, Run: run, Text: full(runs[0].Status, runs[0].Reason)})
	}
	return nil
}

func (t *tracer) local(text string) string {
	at, err := time.Parse(time.DateTime, untilUTC.FindStringSubmatch(text)[1])
	if err != nil {
		return text
	}
	return t.until(at)
}

func (t *tracer) until(at time.Time) string {
	return "until " + at.In(t.line.Zone).Format("Mon 2006-01-02 15:04:05 MST")
}

func (t *tracer) clauses(ctx context.Context, filter *expression.Expression, run *store.Run) ([]Clause, error) {
	if filter == nil {
		return nil, nil
	}
	subject, err := subjectOf(ctx, t.s.store, t.s.Program, run, t.s.clock())
	if err != nil || subject == nil {
		return nil, err
	}
	return Clauses(ctx, t.s.store, filter, *subject)
}

// MarshalJSON gives the message with its text, and without its HTML, which is long.
func (m *Message) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]any{"at": m.At, "run": m.Run, "step": m.Step, "channel": m.Channel, "to": m.To,
		"from": m.From, "subject": m.Subject, "text": m.Text})
}
