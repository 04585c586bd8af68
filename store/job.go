package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/jmoiron/sqlx/types"
	"github.com/lib/pq"
)

// JobChannel is what Postgres notifies when a job is made.
const JobChannel = "legato_jobs"

// Kinds of jobs.
const (
	JobImport     = "profile-import"
	JobSuppress   = "suppress"
	JobUnsuppress = "unsuppress"
)

// Job is work on many profiles that goes on after the request that asked for it.
type Job struct {
	ID          string         `db:"id"` // a ULID
	Kind        string         `db:"kind"`
	Status      string         `db:"status"` // queued | processing | complete | cancelled
	ListIDs     pq.StringArray `db:"list_ids"`
	Total       int            `db:"total"`
	Completed   int            `db:"completed"`
	Failed      int            `db:"failed"`
	Skipped     int            `db:"skipped"`
	CreatedAt   time.Time      `db:"created_at"`
	StartedAt   *time.Time     `db:"started_at"`
	CompletedAt *time.Time     `db:"completed_at"`
	ExpiresAt   time.Time      `db:"expires_at"`
}

// Position is the job's place in an order of Jobs.
func (j *Job) Position(string) Position { return momentPosition(j.CreatedAt, j.ID) }

// JobPart is some of a job's items, which are done in one transaction.
type JobPart struct {
	JobID    string         `db:"job_id"`
	Kind     string         `db:"kind"`
	ListIDs  pq.StringArray `db:"list_ids"`
	Position int            `db:"position"`
	Items    types.JSONText `db:"items"`
}

// JobError is why an item of a job was not done.
type JobError struct {
	ID       string          `db:"id" json:"id"` // a ULID
	JobID    string          `db:"job_id" json:"-"`
	Position int             `db:"position" json:"position"`
	Code     string          `db:"code" json:"code"`
	Title    string          `db:"title" json:"title"`
	Detail   string          `db:"detail" json:"detail"`
	Pointer  string          `db:"pointer" json:"pointer"`
	Payload  *types.JSONText `db:"payload" json:"payload"`
}

var jobListing = listing{
	query: "job_select",
	id:    column{expression: "id"},
	fields: map[string]column{
		"kind":       {expression: "kind"},
		"status":     {expression: "status"},
		"list_id":    {expression: "exists (select from unnest(list_ids) l where l %s)"},
		"segment_id": {expression: "false and id %s"}, // of no segment
	},
	sorts: map[string]column{"created": {expression: "created_at", kind: moment}, "created_at": {expression: "created_at", kind: moment}},
}

var jobErrorListing = listing{
	query:  "job_error_select",
	id:     column{expression: "id"},
	fields: map[string]column{"job_id": {expression: "job_id"}},
	sorts:  map[string]column{"id": {expression: "id"}},
}

// Jobs reads a page of one kind. Fields and sorts are those of the public API's jobs.
func (s *Store) Jobs(ctx context.Context, kind string, p Page) (rows []Job, more bool, err error) {
	p.Where = append([]Condition{{Field: "kind", Operator: "equals", Value: kind}}, p.Where...)
	return selectPage[Job](ctx, s, jobListing, p)
}

// AllJobs reads the newest.
func (s *Store) AllJobs(ctx context.Context, limit int) ([]Job, error) {
	rows, _, err := selectPage[Job](ctx, s, jobListing, Page{Sort: "created", Descending: true, Size: limit})
	return rows, err
}

// Job reads one of this kind, or returns ErrNotFound.
func (s *Store) Job(ctx context.Context, kind, id string) (Job, error) {
	j, err := selectOne[Job](ctx, s, "job", id, query("job_select")+"\nwhere id = $1")
	if err == nil && j.Kind != kind {
		return Job{}, ErrNotFound
	}
	return j, err
}

// JobErrors reads a page of what could not be done of a job.
func (s *Store) JobErrors(ctx context.Context, job string, p Page) (rows []JobError, more bool, err error) {
	p.Where = append([]Condition{{Field: "job_id", Operator: "equals", Value: job}}, p.Where...)
	return selectPage[JobError](ctx, s, jobErrorListing, p)
}

// InsertJob creates a job with its parts. One without parts is complete.
func (s *Store) InsertJob(ctx context.Context, tx *sqlx.Tx, j *Job, parts []JobPart) error {
	if j.Status = "queued"; len(parts) == 0 {
		j.Status, j.StartedAt, j.CompletedAt = "complete", &j.CreatedAt, &j.CreatedAt
	}
	if j.ListIDs == nil {
		j.ListIDs = pq.StringArray{}
	}
	if _, err := tx.ExecContext(ctx, query("job_insert"), j.ID, j.Kind, j.ListIDs, j.Total, j.Failed, j.CreatedAt, j.ExpiresAt, j.Status); err != nil {
		return fmt.Errorf("inserting a job: %w", err)
	}
	positions, items := make([]int64, len(parts)), make([]string, len(parts))
	for i, p := range parts {
		positions[i], items[i] = int64(p.Position), string(p.Items)
	}
	if _, err := tx.ExecContext(ctx, query("job_part_insert"), j.ID, pq.Array(positions), pq.Array(items)); err != nil {
		return fmt.Errorf("inserting parts of job %s: %w", j.ID, err)
	}
	return nil
}

// InsertJobOfMembers creates a job on everybody who is a member of the list now, in parts of so many.
func (s *Store) InsertJobOfMembers(ctx context.Context, tx *sqlx.Tx, j *Job, list string, size int) error {
	if err := s.InsertJob(ctx, tx, j, nil); err != nil {
		return err
	}
	if err := tx.GetContext(ctx, &j.Total, query("job_members"), j.ID, list, size); err != nil {
		return fmt.Errorf("inserting the members of list %s into job %s: %w", list, j.ID, err)
	}
	if j.Total > 0 {
		j.Status, j.StartedAt, j.CompletedAt = "queued", nil, nil
	}
	if _, err := tx.ExecContext(ctx, query("job_total"), j.ID, j.Total, j.Status); err != nil {
		return fmt.Errorf("writing the size of job %s: %w", j.ID, err)
	}
	return nil
}

// TakeJobPart locks the next part of the oldest open job that nobody else works on, and its job, until the transaction
// ends. It returns ErrNotFound when there is none.
func (s *Store) TakeJobPart(ctx context.Context, tx *sqlx.Tx) (JobPart, error) {
	var p JobPart
	err := tx.GetContext(ctx, &p, query("job_take"))
	if errors.Is(err, sql.ErrNoRows) {
		return p, ErrNotFound
	}
	if err != nil {
		return p, fmt.Errorf("taking a part of a job: %w", err)
	}
	return p, nil
}

// AdvanceJob takes a part away, of which so many items were done, failed and were as asked for before.
func (s *Store) AdvanceJob(ctx context.Context, tx *sqlx.Tx, p JobPart, completed, failed, skipped int, now time.Time) error {
	if _, err := tx.ExecContext(ctx, query("job_advance"), p.JobID, p.Position, completed, failed, skipped, now); err != nil {
		return fmt.Errorf("advancing job %s: %w", p.JobID, err)
	}
	return nil
}

// SplitJobPart makes two parts of one: items, and rest from position on.
func (s *Store) SplitJobPart(ctx context.Context, tx *sqlx.Tx, p JobPart, items json.RawMessage, position int, rest json.RawMessage) error {
	if _, err := tx.ExecContext(ctx, query("job_split"), p.JobID, p.Position, position, string(items), string(rest)); err != nil {
		return fmt.Errorf("splitting a part of job %s: %w", p.JobID, err)
	}
	return nil
}

// InsertJobErrors records what could not be done.
func (s *Store) InsertJobErrors(ctx context.Context, tx *sqlx.Tx, job string, all []JobError) error {
	if len(all) == 0 {
		return nil
	}
	if _, err := tx.ExecContext(ctx, query("job_error_insert"), job, document(all)); err != nil {
		return fmt.Errorf("recording errors of job %s: %w", job, err)
	}
	return nil
}

// InsertJobProfiles records whom a job created or updated.
func (s *Store) InsertJobProfiles(ctx context.Context, tx *sqlx.Tx, job string, profiles []string) error {
	if _, err := tx.ExecContext(ctx, query("job_profile_insert"), job, pq.Array(profiles)); err != nil {
		return fmt.Errorf("recording profiles of job %s: %w", job, err)
	}
	return nil
}

// CancelJob ends a job that is not complete, and says whether it was. What has been done of it stays.
func (s *Store) CancelJob(ctx context.Context, id string, now time.Time) (bool, error) {
	cancelled := false
	err := s.Tx(ctx, func(tx *sqlx.Tx) error {
		if err := tx.GetContext(ctx, &id, query("job_lock"), id); errors.Is(err, sql.ErrNoRows) {
			return ErrNotFound
		} else if err != nil {
			return err
		}
		result, err := tx.ExecContext(ctx, query("job_cancel"), id, now)
		if err != nil {
			return err
		}
		n, err := result.RowsAffected()
		cancelled = n > 0
		return err
	})
	if err != nil && !errors.Is(err, ErrNotFound) {
		err = fmt.Errorf("cancelling job %s: %w", id, err)
	}
	return cancelled, err
}

// ExpireJobs removes some of the jobs whose time is over, and says how many.
func (s *Store) ExpireJobs(ctx context.Context, now time.Time) (int, error) {
	result, err := s.DB.ExecContext(ctx, query("job_expire"), now)
	if err != nil {
		return 0, fmt.Errorf("removing old jobs: %w", err)
	}
	n, err := result.RowsAffected()
	return int(n), err
}
