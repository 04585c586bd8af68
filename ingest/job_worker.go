package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/legato-flow/legato/store"
)

// JobWorker does jobs, a part in each transaction, which also says how far the job has got: a worker that dies leaves
// nothing out and does nothing twice. Several may run; they take different jobs.
type JobWorker struct {
	Ingester *Ingester
	Log      *slog.Logger
}

// Step does the next part of a job, and says whether there was one.
func (w *JobWorker) Step(ctx context.Context) (bool, error) {
	var part store.JobPart
	g, found := w.Ingester, false
	err := g.attempt(ctx, func(tx *sqlx.Tx) error {
		var err error
		if part, err = g.store.TakeJobPart(ctx, tx); errors.Is(err, store.ErrNotFound) {
			return nil
		} else if err != nil {
			return err
		}
		found = true
		return g.doPart(ctx, tx, part)
	})
	if err != nil && found && divisible(err) {
		w.Log.Error("doing a part of a job, to be tried in smaller ones", "job", part.JobID, "position", part.Position, "error", err)
		return true, g.dividePart(ctx, part)
	}
	return found, err
}

// Serve does jobs until ctx ends, and removes old ones.
func (w *JobWorker) Serve(ctx context.Context, url string) {
	expired := time.Time{}
	Listen(ctx, url, []string{store.JobChannel}, 10*time.Second, w.Log, func(ctx context.Context) (bool, error) {
		if time.Since(expired) > time.Minute {
			n, err := w.Ingester.store.ExpireJobs(ctx, w.Ingester.now())
			if err != nil {
				return false, err
			}
			if n == 0 {
				expired = time.Now()
			}
		}
		return w.Step(ctx)
	})
}

func (g *Ingester) doPart(ctx context.Context, tx *sqlx.Tx, part store.JobPart) error {
	var items []JobItem
	if err := json.Unmarshal(part.Items, &items); err != nil {
		return fmt.Errorf("reading a part of job %s: %w", part.JobID, err)
	}
	changes := make([]*Change, len(items))
	for i := range items {
		changes[i] = &items[i].Change
	}
	switch part.Kind {
	case store.JobImport:
		return g.importPart(ctx, tx, part, items, changes)
	case store.JobSuppress:
		return g.suppressPart(ctx, tx, part, changes)
	case store.JobUnsuppress:
		return g.unsuppressPart(ctx, tx, part, changes)
	default:
		return fmt.Errorf("job %s is of the kind %q, which this version does not know", part.JobID, part.Kind)
	}
}

func (g *Ingester) importPart(ctx context.Context, tx *sqlx.Tx, part store.JobPart, items []JobItem, changes []*Change) error {
	entries, refusals, err := g.resolve(ctx, tx, changes, upsert, true)
	if err != nil {
		return err
	}
	var profiles []string
	var faults []JobFault
	seen := map[string]bool{}
	for i, e := range entries {
		if refusals[i] != nil {
			faults = append(faults, faultOf(&items[i], refusals[i]))
		} else if !seen[e.after.ID] {
			seen[e.after.ID] = true
			profiles = append(profiles, e.after.ID)
		}
	}
	for _, list := range part.ListIDs {
		switch err := g.store.HoldList(ctx, tx, list); {
		case errors.Is(err, store.ErrNotFound): // deleted meanwhile
			continue
		case err != nil:
			return err
		}
		if _, err := g.store.JoinList(ctx, tx, list, profiles, g.now(), 0); err != nil {
			return err
		}
	}
	if err := g.store.InsertJobProfiles(ctx, tx, part.JobID, profiles); err != nil {
		return err
	}
	if err := g.store.InsertJobErrors(ctx, tx, part.JobID, g.faults(faults)); err != nil {
		return err
	}
	return g.store.AdvanceJob(ctx, tx, part, len(items)-len(faults), len(faults), 0, g.now())
}

// suppressPart suppresses people by hand. Those who are not known yet become profiles, so that they will not be mailed
// when they come.
func (g *Ingester) suppressPart(ctx context.Context, tx *sqlx.Tx, part store.JobPart, changes []*Change) error {
	entries, refusals, err := g.resolve(ctx, tx, changes, upsert, false)
	if err != nil {
		return err
	}
	var profiles []string
	for i, e := range entries {
		if refusals[i] == nil { // else it was deleted meanwhile
			profiles = append(profiles, e.after.ID)
		}
	}
	fresh, err := g.store.SuppressAll(ctx, tx, profiles, "email", "USER_SUPPRESSED", g.now())
	if err != nil {
		return err
	}
	return g.store.AdvanceJob(ctx, tx, part, len(fresh), 0, len(changes)-len(fresh), g.now())
}

// unsuppressPart lifts what was suppressed by hand. Bounces, complaints and what people asked for themselves stay.
func (g *Ingester) unsuppressPart(ctx context.Context, tx *sqlx.Tx, part store.JobPart, changes []*Change) error {
	var keys store.Keys
	for _, c := range changes {
		collect(&keys, c)
	}
	known, err := g.store.LockProfiles(ctx, tx, keys, false)
	if err != nil {
		return err
	}
	profiles := make([]string, len(known))
	for i := range known {
		profiles[i] = known[i].ID
	}
	lifted, err := g.store.Unsuppress(ctx, tx, profiles, "email", "USER_SUPPRESSED")
	if err != nil {
		return err
	}
	return g.store.AdvanceJob(ctx, tx, part, len(lifted), 0, len(changes)-len(lifted), g.now())
}

// dividePart makes two parts of one that Postgres refused, so that what is wrong with an item keeps only that one from
// being done. A part of one item has failed.
func (g *Ingester) dividePart(ctx context.Context, refused store.JobPart) error {
	return g.attempt(ctx, func(tx *sqlx.Tx) error {
		part, err := g.store.TakeJobPart(ctx, tx)
		if errors.Is(err, store.ErrNotFound) || err == nil && (part.JobID != refused.JobID || part.Position != refused.Position) {
			return nil // somebody else is at it
		}
		if err != nil {
			return err
		}
		var items []json.RawMessage
		if err := json.Unmarshal(part.Items, &items); err != nil {
			return fmt.Errorf("reading a part of job %s: %w", part.JobID, err)
		}
		if half := len(items) / 2; half > 0 {
			var first JobItem
			if err := json.Unmarshal(items[half], &first); err != nil {
				return fmt.Errorf("reading an item of job %s: %w", part.JobID, err)
			}
			return g.store.SplitJobPart(ctx, tx, part, encodeList(items[:half]), first.Position, encodeList(items[half:]))
		}
		var item JobItem
		_ = json.Unmarshal(part.Items[1:len(part.Items)-1], &item) // what cannot be read has no position and no payload
		fault := JobFault{Position: part.Position, Code: "error", Title: "A server error occurred.", Detail: "The item could not be written. The log names the cause.",
			Pointer: fmt.Sprint(importPointer, part.Position), Payload: item.Payload}
		if err := g.store.InsertJobErrors(ctx, tx, part.JobID, g.faults([]JobFault{fault})); err != nil {
			return err
		}
		return g.store.AdvanceJob(ctx, tx, part, 0, 1, 0, g.now())
	})
}
