package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/jmoiron/sqlx/types"
	"github.com/legato-flow/legato/store"
	"github.com/oklog/ulid/v2"
)

// Bounds of the parts that a job is done in: what a worker holds in memory, and how long profiles stay locked.
const (
	partItems = 500
	partBytes = 1 << 20 // of JSON, unless a single item takes more
)

// jobLife is for how long one can ask for a job.
const jobLife = 30 * 24 * time.Hour

// JobItem is what a job is to do with one profile.
type JobItem struct {
	Position int             `json:"position"` // in the request
	Change   Change          `json:"change"`
	Payload  json.RawMessage `json:"payload,omitempty"` // as it was sent, to be shown beside an error
}

// JobFault is an item that cannot be done.
type JobFault struct {
	Position    int
	Code, Title string
	Detail      string
	Pointer     string // into the request
	Payload     json.RawMessage
}

// importPointer leads to a profile in the request of an import.
const importPointer = "/data/attributes/profiles/data/"

// ImportProfiles begins a job that creates or updates profiles and makes them members of the lists. It is done by a
// JobWorker. faults are those that cannot be: they count as failed from the beginning. An unknown list is ErrUnknownList.
func (g *Ingester) ImportProfiles(ctx context.Context, items []JobItem, faults []JobFault, lists []string) (store.Job, error) {
	j := g.newJob(store.JobImport, len(items)+len(faults))
	j.Failed, j.ListIDs = len(faults), slices.Compact(slices.Sorted(slices.Values(lists)))
	parts, err := inParts(items)
	if err != nil {
		return j, err
	}
	return j, g.store.Tx(ctx, func(tx *sqlx.Tx) error {
		for _, list := range j.ListIDs {
			if err := g.hold(ctx, tx, list); err != nil {
				return err
			}
		}
		if err := g.store.InsertJob(ctx, tx, &j, parts); err != nil {
			return err
		}
		return g.store.InsertJobErrors(ctx, tx, j.ID, g.faults(faults))
	})
}

// SuppressProfiles begins a job that suppresses the people with these addresses on the email channel, or lifts what
// somebody suppressed by hand (store.JobSuppress, store.JobUnsuppress).
func (g *Ingester) SuppressProfiles(ctx context.Context, kind string, emails []string) (store.Job, error) {
	items := make([]JobItem, len(emails))
	for i := range emails {
		items[i] = JobItem{Position: i, Change: Change{Attributes: map[string]*string{"email": &emails[i]}}}
	}
	j := g.newJob(kind, len(items))
	parts, err := inParts(items)
	if err != nil {
		return j, err
	}
	return j, g.store.Tx(ctx, func(tx *sqlx.Tx) error { return g.store.InsertJob(ctx, tx, &j, parts) })
}

// SuppressMembers is SuppressProfiles for everybody who is a member of the list now. An unknown list is ErrUnknownList.
func (g *Ingester) SuppressMembers(ctx context.Context, kind, list string) (store.Job, error) {
	j := g.newJob(kind, 0)
	j.ListIDs = []string{list}
	return j, g.store.Tx(ctx, func(tx *sqlx.Tx) error {
		if err := g.hold(ctx, tx, list); err != nil {
			return err
		}
		return g.store.InsertJobOfMembers(ctx, tx, &j, list, partItems)
	})
}

func (g *Ingester) newJob(kind string, total int) store.Job {
	now := g.now()
	return store.Job{ID: ulid.MustNewDefault(now).String(), Kind: kind, Total: total, CreatedAt: now, ExpiresAt: now.Add(jobLife)}
}

// inParts encodes items, so many that a worker does at once in each part.
func inParts(items []JobItem) ([]store.JobPart, error) {
	var parts []store.JobPart
	var part []byte
	n := 0
	for _, item := range items {
		encoded, err := json.Marshal(item)
		if err != nil {
			return nil, fmt.Errorf("encoding an item of a job: %w", err)
		}
		if n == 0 || n == partItems || len(part)+len(encoded) > partBytes {
			parts = append(parts, store.JobPart{Position: item.Position})
			part, n = []byte("["), 0
		} else {
			part = append(part, ',')
		}
		part = append(part, encoded...)
		n++
		parts[len(parts)-1].Items = append(part[:len(part):len(part)], ']')
	}
	return parts, nil
}

// faults makes rows of them.
func (g *Ingester) faults(all []JobFault) []store.JobError {
	rows := make([]store.JobError, len(all))
	for i, f := range all {
		rows[i] = store.JobError{ID: ulid.MustNewDefault(g.now()).String(), Position: f.Position, Code: f.Code, Title: f.Title, Detail: f.Detail, Pointer: f.Pointer}
		if len(f.Payload) > 0 {
			payload := types.JSONText(f.Payload)
			rows[i].Payload = &payload
		}
	}
	return rows
}

// faultOf says why a profile was refused.
func faultOf(item *JobItem, err error) JobFault {
	f := JobFault{Position: item.Position, Code: "invalid", Title: "Invalid input.", Detail: err.Error(), Pointer: fmt.Sprint(importPointer, item.Position), Payload: item.Payload}
	meta := f.Pointer + "/meta"
	var wrong *InvalidError
	var taken *DuplicateError
	switch {
	case errors.As(err, &wrong):
		f.Detail, f.Pointer = wrong.Field+" "+wrong.Message+".", wrong.Pointer(f.Pointer, meta)
	case errors.As(err, &taken):
		f.Code, f.Title, f.Pointer = "duplicate_profile", "Conflict.", taken.Pointer(f.Pointer, meta)
		f.Detail = fmt.Sprintf("This %s belongs to the profile %s.", taken.Field, taken.ProfileID)
	case errors.Is(err, ErrUnknownProfile):
		f.Code, f.Title, f.Detail, f.Pointer = "not_found", "Not found.", "A profile with this id does not exist.", f.Pointer+"/id"
	}
	return f
}
