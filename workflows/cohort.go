// Package workflows holds the deterministic code that Temporal replays. There is one workflow, the cohort: a
// small durable scheduler for the people who entered one version of a flow together, one or many. It knows
// when each is due and calls advance for those who are; everything that decides, reads or sends happens
// there. History holds ids, steps and times, never content or profiles.
package workflows

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// Engine is the version of this code's command sequence. A change that old histories would not replay under
// gets a new number and a branch on Cohort.Engine; the replay tests say when that is so. Until 1, a cohort's end was also
// written into a search attribute.
const Engine = 2

// Advance is the name of the activity that moves members on.
const Advance = "advance"

// Batches of this many members or fewer are advanced by a local activity, which costs Temporal next to
// nothing; larger ones by a heartbeating activity, which a killed worker does not hold up.
const localMembers = 10

// historyLimit is where a workflow that has no limit of its own continues as new, long before Temporal's limit of 51,200
// events.
const historyLimit = 4000

// Cohort is the workflow's input, and its whole state when it continues as new.
type Cohort struct {
	Engine  int       `json:"engine"`
	Flow    string    `json:"flow"`
	Hash    string    `json:"hash"` // the plan that the members entered
	Waiting []Waiting `json:"waiting"`
	Nudged  []string  `json:"nudged,omitempty"` // members to be looked at though they may not be due
	Limit   int       `json:"limit,omitempty"`  // of events, after which it continues as new; 0 is a limit that is well within Temporal's
}

// Waiting is a group of members that are due at the same moment, at the same step.
type Waiting struct {
	Runs []string  `json:"runs"`
	Step string    `json:"step"`           // the step that is next
	Wait string    `json:"wait,omitempty"` // what they wait in, for people to read
	Due  time.Time `json:"due"`            // on the clock
}

// Batch is the input of advance: the members that are due.
type Batch struct {
	Flow string   `json:"flow"`
	Hash string   `json:"hash"`
	Runs []string `json:"runs"`

	// Nudged are those of Runs that may not be due: something happened that they may have waited for.
	Nudged []string `json:"nudged,omitempty"`
}

// Advanced is the result of advance. A member that is in no group has left the flow.
type Advanced struct {
	Waiting   []Waiting `json:"waiting,omitempty"`
	Decisions []string  `json:"decisions,omitempty"` // what became of each step, as people read it in the Temporal UI
}

// Register makes the worker run every workflow type as a cohort: the type is the flow's id.
func Register(registry interface {
	RegisterDynamicWorkflow(w any, options workflow.DynamicRegisterOptions)
}) {
	registry.RegisterDynamicWorkflow(Run, workflow.DynamicRegisterOptions{})
}

// Run is the cohort workflow. What this worker cannot read it leaves to one that can: a panic fails the workflow's task,
// which Temporal repeats, and not the workflow.
func Run(ctx workflow.Context, args converter.EncodedValues) (any, error) {
	var cohort Cohort
	if err := args.Get(&cohort); err != nil {
		panic(fmt.Errorf("reading the cohort: %w", err))
	}
	if cohort.Engine < 1 || cohort.Engine > Engine {
		panic(fmt.Errorf("cohort of engine %d: this worker runs engines 1 to %d", cohort.Engine, Engine))
	}
	inbox, err := open(ctx)
	if err != nil {
		return nil, err
	}
	for {
		inbox.drain(&cohort)
		if len(cohort.Waiting) == 0 {
			break
		}
		if err := inbox.wait(ctx, &cohort); err != nil {
			return nil, err
		}
		if err := cohort.advance(ctx); err != nil {
			return nil, err
		}
		if err := inbox.answer(ctx, &cohort); err != nil {
			return nil, err
		}
		info := workflow.GetInfo(ctx)
		if len(cohort.Waiting) > 0 && (info.GetContinueAsNewSuggested() || info.GetCurrentHistoryLength() > cohort.limit()) {
			inbox.drain(&cohort)
			if err := inbox.finish(ctx, &cohort); err != nil {
				return nil, err
			}
			return nil, workflow.NewContinueAsNewError(ctx, info.WorkflowType.Name, cohort)
		}
	}
	if err := inbox.finish(ctx, &cohort); err != nil {
		return nil, err
	}
	if cohort.Engine == 1 {
		return nil, workflow.UpsertTypedSearchAttributes(ctx, FlowStatus.ValueSet("done"))
	}
	return nil, nil
}

func (c *Cohort) limit() int {
	if c.Limit > 0 {
		return c.Limit
	}
	return historyLimit
}

// next gives the group that is due first.
func (c *Cohort) next() Waiting {
	first := c.Waiting[0]
	for _, group := range c.Waiting {
		if group.Due.Before(first.Due) {
			first = group
		}
	}
	return first
}

// advance moves on the members that are due or nudged, together.
func (c *Cohort) advance(ctx workflow.Context) error {
	now := workflow.Now(ctx)
	batch := Batch{Flow: c.Flow, Hash: c.Hash}
	nudged := make(map[string]bool, len(c.Nudged))
	for _, run := range c.Nudged {
		nudged[run] = true
	}
	c.Nudged = nil
	var later []Waiting
	label := "something happened"
	for _, group := range c.Waiting {
		if !group.Due.After(now) {
			if len(batch.Runs) == 0 {
				label = group.Step
			}
			batch.Runs = append(batch.Runs, group.Runs...)
			continue
		}
		if len(nudged) == 0 {
			later = append(later, group)
			continue
		}
		var stay []string
		for _, run := range group.Runs {
			if nudged[run] {
				batch.Nudged = append(batch.Nudged, run)
			} else {
				stay = append(stay, run)
			}
		}
		if group.Runs = stay; len(stay) > 0 {
			later = append(later, group)
		}
	}
	batch.Runs = append(batch.Runs, batch.Nudged...)
	if len(batch.Runs) == 0 {
		return nil
	}
	result, err := callAdvance(ctx, batch, summary("", label, len(batch.Runs)))
	if err != nil {
		return err
	}
	c.Waiting = append(later, result.Waiting...)
	return nil
}

func callAdvance(ctx workflow.Context, batch Batch, label string) (Advanced, error) {
	var result Advanced
	if len(batch.Runs) <= localMembers {
		local := workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
			StartToCloseTimeout: 30 * time.Second,
			Summary:             label,
			RetryPolicy:         &temporal.RetryPolicy{MaximumAttempts: 1},
		})
		if err := workflow.ExecuteLocalActivity(local, Advance, batch).Get(ctx, &result); err == nil || temporal.IsCanceledError(err) {
			return result, err
		}
		// Advance does nothing twice, so what a local try left unfinished an ordinary activity takes up, with
		// a retry that lasts as long as Postgres or the mail server is away.
	}
	err := workflow.ExecuteActivity(remote(ctx, label), Advance, batch).Get(ctx, &result)
	return result, readable(err)
}

// readable gives the error of an activity. That its result cannot be read is none: see Run.
func readable(err error) error {
	var failed *temporal.ActivityError
	if err != nil && !errors.As(err, &failed) && !temporal.IsCanceledError(err) {
		panic(fmt.Errorf("reading what an activity gave: %w", err))
	}
	return err
}

func remote(ctx workflow.Context, label string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 30 * time.Minute,
		HeartbeatTimeout:    time.Minute,
		Summary:             label,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: time.Minute,
		},
	})
}

// summary is the line that the Temporal UI shows beside a timer or an activity.
func summary(wait, step string, people int) string {
	text := step
	switch {
	case wait != "":
		text = wait
	case step == "":
		text = "enter"
	}
	if people > 1 {
		text = fmt.Sprintf("%s (%d people)", text, people)
	}
	if len(text) > 200 { // Temporal refuses a summary of more than 400 bytes
		text = strings.ToValidUTF8(text[:200], "")
	}
	return text
}
