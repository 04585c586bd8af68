package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/legato-flow/legato/flow/plan"
	"github.com/lib/pq"
)

// Flow is a flow as it stands: its current version and status.
type Flow struct {
	ID        string    `db:"id"`
	Name      string    `db:"name"`
	Status    string    `db:"status"` // draft | manual | live
	Hash      string    `db:"hash"`   // of the plan that people enter now
	Archived  bool      `db:"archived"`
	Paused    bool      `db:"paused"` // its runs stand still where they are
	CreatedAt time.Time `db:"created_at"`
	UpdatedAt time.Time `db:"updated_at"`
}

// Live says whether people may enter. In a manual flow they do, and its actions wait for approval.
func (f *Flow) Live() bool { return (f.Status == plan.Live || f.Status == plan.Manual) && !f.Archived }

// ApplyFlow makes p the version of its flow that people enter from now on. Those inside stay on theirs.
func (s *Store) ApplyFlow(ctx context.Context, tx *sqlx.Tx, p *plan.Plan, status string) error {
	return s.ApplyVersion(ctx, tx, p, p.Hash(), status)
}

// ApplyVersion is ApplyFlow for a plan that is stored by the hash already, or is to be.
func (s *Store) ApplyVersion(ctx context.Context, tx *sqlx.Tx, p *plan.Plan, hash, status string) error {
	if _, err := tx.ExecContext(ctx, query("plan_insert"), hash, p.Flow, p.Encode()); err != nil {
		return fmt.Errorf("storing the plan of flow %s: %w", p.Flow, err)
	}
	if _, err := tx.ExecContext(ctx, query("flow_upsert"), p.Flow, p.Name, status, hash); err != nil {
		return fmt.Errorf("storing flow %s: %w", p.Flow, err)
	}
	if _, err := tx.ExecContext(ctx, query("flow_trigger_delete"), p.Flow); err != nil {
		return fmt.Errorf("storing the trigger of flow %s: %w", p.Flow, err)
	}
	for i := range p.Triggers {
		if _, err := tx.ExecContext(ctx, query("flow_trigger_insert"), p.Flow, p.Triggers[i].Kind(), p.Triggers[i].Key()); err != nil {
			return fmt.Errorf("storing a trigger of flow %s: %w", p.Flow, err)
		}
	}
	if _, err := tx.ExecContext(ctx, query("flow_version_insert"), p.Flow, hash, status); err != nil {
		return fmt.Errorf("noting the version of flow %s: %w", p.Flow, err)
	}
	return nil
}

// Flow finds a flow by its id.
func (s *Store) Flow(ctx context.Context, id string) (*Flow, error) {
	var f Flow
	return found(&f, s.DB.GetContext(ctx, &f, query("flow_by_id"), id))
}

// Flows lists all flows by id.
func (s *Store) Flows(ctx context.Context) ([]Flow, error) {
	var flows []Flow
	err := s.DB.SelectContext(ctx, &flows, query("flows"))
	return flows, err
}

// Plan finds a plan by its hash.
func (s *Store) Plan(ctx context.Context, hash string) (*plan.Plan, error) {
	var body []byte
	if _, err := found(&body, s.DB.GetContext(ctx, &body, query("plan_by_hash"), hash)); err != nil {
		return nil, fmt.Errorf("plan %s: %w", hash, err)
	}
	return plan.Decode(body)
}

// ApplyTemplate stores a template's source.
func (s *Store) ApplyTemplate(ctx context.Context, tx *sqlx.Tx, id string, source []byte) error {
	if _, err := tx.ExecContext(ctx, query("template_upsert"), id, string(source)); err != nil {
		return fmt.Errorf("storing template %s: %w", id, err)
	}
	return nil
}

// Templates gives the sources of the templates that exist among ids.
func (s *Store) Templates(ctx context.Context, ids []string) (map[string]string, error) {
	var rows []struct{ ID, Source string }
	if err := s.DB.SelectContext(ctx, &rows, query("templates_by_id"), pq.Array(ids)); err != nil {
		return nil, fmt.Errorf("reading templates: %w", err)
	}
	sources := make(map[string]string, len(rows))
	for _, row := range rows {
		sources[row.ID] = row.Source
	}
	return sources, nil
}

// found turns the driver's "no rows" into ErrNotFound.
func found[T any](row *T, err error) (*T, error) {
	if errors.Is(err, sql.ErrNoRows) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return row, nil
}

// selectOne reads the row that sql finds for id, or returns ErrNotFound.
func selectOne[T any](ctx context.Context, s *Store, noun, id, sql string) (T, error) {
	var row T
	_, err := found(&row, s.DB.GetContext(ctx, &row, sql, id))
	if err != nil && !errors.Is(err, ErrNotFound) {
		err = fmt.Errorf("reading %s %s: %w", noun, id, err)
	}
	return row, err
}
