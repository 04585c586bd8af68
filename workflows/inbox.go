package workflows

import (
	"fmt"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// Nudge is the signal that tells a cohort to look at members before they are due. Its argument is their run ids;
// those that are no members, or no longer, are passed over.
const Nudge = "nudge"

// Migrate is the update that moves members to another version of their flow, and the activity that does it.
const Migrate = "migrate"

// Migration asks that members move to another version.
type Migration struct {
	From  string            `json:"from"`           // the plan's hash: members on another one are left alone
	To    string            `json:"to"`             // likewise
	Steps map[string]string `json:"steps"`          // where somebody who waits at a step goes on; a step that is missing cannot be left
	Runs  []string          `json:"runs,omitempty"` // set by the cohort: its members
}

// Migrated is what became of a Migration.
type Migrated struct {
	Moved int `json:"moved"`
	Kept  int `json:"kept"` // members for whose step there is no place in the new version
}

// inbox is what reaches a cohort from outside while it waits.
type inbox struct {
	nudges   workflow.ReceiveChannel
	arrivals workflow.Channel // wakes the cohort when a request arrives
	requests []*request
}

type request struct {
	migration Migration
	done      bool
	result    Migrated
	err       error
}

// open makes the cohort reachable.
func open(ctx workflow.Context) (*inbox, error) {
	b := &inbox{nudges: workflow.GetSignalChannel(ctx, Nudge), arrivals: workflow.NewBufferedChannel(ctx, 1)}
	err := workflow.SetUpdateHandlerWithOptions(ctx, Migrate, func(ctx workflow.Context, m Migration) (Migrated, error) {
		r := &request{migration: m}
		b.requests = append(b.requests, r)
		b.arrivals.SendAsync(true)
		if err := workflow.Await(ctx, func() bool { return r.done }); err != nil {
			return Migrated{}, err
		}
		return r.result, r.err
	}, workflow.UpdateHandlerOptions{
		Validator: func(m Migration) error {
			if m.From == "" || m.To == "" || m.From == m.To {
				return temporal.NewNonRetryableApplicationError("a migration needs two different plans", "Input", nil)
			}
			return nil
		},
	})
	if err != nil {
		return nil, fmt.Errorf("setting the update handler: %w", err)
	}
	return b, nil
}

// drain takes in the nudges that have arrived.
func (b *inbox) drain(c *Cohort) {
	for {
		var runs []string
		if !b.nudges.ReceiveAsync(&runs) {
			return
		}
		c.Nudged = append(c.Nudged, runs...)
	}
}

// wait returns when a member is due, or when something has arrived that somebody has to look at.
func (b *inbox) wait(ctx workflow.Context, c *Cohort) error {
	for len(c.Nudged) == 0 && len(b.requests) == 0 {
		first := c.next()
		wait := first.Due.Sub(workflow.Now(ctx))
		if wait <= 0 {
			return nil
		}
		timed, cancel := workflow.WithCancel(ctx)
		timer := workflow.NewTimerWithOptions(timed, wait, workflow.TimerOptions{Summary: summary(first.Wait, first.Step, len(first.Runs))})
		var failed error
		workflow.NewSelector(ctx).
			AddFuture(timer, func(f workflow.Future) { failed = f.Get(ctx, nil) }).
			AddReceive(b.nudges, func(nudges workflow.ReceiveChannel, _ bool) {
				var runs []string
				nudges.Receive(ctx, &runs)
				c.Nudged = append(c.Nudged, runs...)
			}).
			AddReceive(b.arrivals, func(arrivals workflow.ReceiveChannel, _ bool) { arrivals.Receive(ctx, nil) }).
			Select(ctx)
		cancel()
		if failed != nil {
			return failed
		}
		b.drain(c)
	}
	return nil
}

// answer deals with the requests that have arrived.
func (b *inbox) answer(ctx workflow.Context, c *Cohort) error {
	for len(b.requests) > 0 {
		r := b.requests[0]
		b.requests = b.requests[1:]
		for _, group := range c.Waiting {
			r.migration.Runs = append(r.migration.Runs, group.Runs...)
		}
		if len(r.migration.Runs) > 0 {
			r.err = readable(workflow.ExecuteActivity(remote(ctx, "migrate"), Migrate, r.migration).Get(ctx, &r.result))
			if r.err == nil && r.result.Moved > 0 {
				c.Hash = r.migration.To
				if err := workflow.UpsertTypedSearchAttributes(ctx, FlowVersion.ValueSet(c.Hash)); err != nil {
					return err
				}
				c.Nudged = append(c.Nudged, r.migration.Runs...) // the new version may let them go at once
			}
		}
		r.done = true
	}
	return nil
}

// finish answers what is still open, so that nobody waits for a workflow that has ended.
func (b *inbox) finish(ctx workflow.Context, c *Cohort) error {
	if err := b.answer(ctx, c); err != nil {
		return err
	}
	return workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) })
}
