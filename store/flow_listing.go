package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// ListedFlow is a flow with the public API's word for what triggers it.
type ListedFlow struct {
	Flow
	TriggerType string `db:"trigger_type"`
}

// Position is the flow's place in an order of ListFlows.
func (f *ListedFlow) Position(sort string) Position {
	switch sort {
	case "created":
		return momentPosition(f.CreatedAt, f.ID)
	case "updated":
		return momentPosition(f.UpdatedAt, f.ID)
	case "name":
		return position(&f.Name, f.ID)
	case "status":
		return position(&f.Status, f.ID)
	case "trigger_type":
		return position(&f.TriggerType, f.ID)
	default:
		return position(&f.ID, f.ID)
	}
}

var flowListing = func() listing {
	l := listing{query: "flow_listing", id: column{expression: "id"}, fields: map[string]column{"archived": {expression: "archived"}}, sorts: map[string]column{}}
	for name, c := range map[string]column{
		"id": {expression: "id"}, "name": {expression: "name"}, "status": {expression: "status"}, "trigger_type": {expression: "trigger_type"},
		"created": {expression: "created_at", kind: moment}, "updated": {expression: "updated_at", kind: moment},
	} {
		l.fields[name], l.sorts[name] = c, c
	}
	return l
}()

// ListFlows reads a page of the flows that are not deleted. Fields and sorts are those of the public API's flows.
func (s *Store) ListFlows(ctx context.Context, p Page) (rows []ListedFlow, more bool, err error) {
	return selectPage[ListedFlow](ctx, s, flowListing, p)
}

// ListedFlow reads one that is not deleted, or returns ErrNotFound.
func (s *Store) ListedFlow(ctx context.Context, id string) (ListedFlow, error) {
	return selectOne[ListedFlow](ctx, s, "flow", id, query("flow_listing")+"\nwhere id = $1")
}

// FlowsTriggered lists the flows with a trigger of a kind by one of the keys, by id.
func (s *Store) FlowsTriggered(ctx context.Context, kind string, keys ...string) ([]ListedFlow, error) {
	var rows []ListedFlow
	err := s.DB.SelectContext(ctx, &rows, query("flow_listing")+"\nwhere id in ("+query("flows_triggered")+")\norder by id", kind, pq.Array(keys))
	if err != nil {
		return nil, fmt.Errorf("reading the flows that %v triggers: %w", keys, err)
	}
	return rows, nil
}

// FlowTriggers gives the ids of the flows that each of the keys of a kind triggers, in order.
func (s *Store) FlowTriggers(ctx context.Context, kind string, keys []string) (map[string][]string, error) {
	var rows []struct {
		Key  string `db:"key"`
		Flow string `db:"flow_id"`
	}
	if err := s.DB.SelectContext(ctx, &rows, query("flow_triggers"), kind, pq.Array(keys)); err != nil {
		return nil, fmt.Errorf("reading the flows that %d keys trigger: %w", len(keys), err)
	}
	all := map[string][]string{}
	for _, r := range rows {
		all[r.Key] = append(all[r.Key], r.Flow)
	}
	return all, nil
}

// HoldFlow keeps others from changing the flow until the transaction ends. It returns ErrNotFound if there is none.
func (s *Store) HoldFlow(ctx context.Context, tx *sqlx.Tx, id string) error {
	_, err := found(&id, tx.GetContext(ctx, &id, query("flow_hold"), id))
	if err != nil && !errors.Is(err, ErrNotFound) {
		err = fmt.Errorf("holding flow %s: %w", id, err)
	}
	return err
}

// FlowTaken says whether an id has been used, be it by a flow that is deleted.
func (s *Store) FlowTaken(ctx context.Context, tx *sqlx.Tx, id string) (taken bool, err error) {
	err = tx.GetContext(ctx, &taken, query("flow_taken"), id)
	return taken, err
}

// DeleteFlow takes a flow away: nobody enters it any more and the runs inside are cancelled. What became of runs
// can still be read.
func (s *Store) DeleteFlow(ctx context.Context, tx *sqlx.Tx, id string) error {
	if err := changed(tx.ExecContext(ctx, query("flow_delete"), id)); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, query("flow_trigger_delete"), id); err != nil {
		return fmt.Errorf("deleting the triggers of flow %s: %w", id, err)
	}
	_, err := s.emptyFlow(ctx, tx, id, "Flow Deleted")
	return err
}

// Name is the id and name of something that definitions refer to.
type Name struct {
	ID   string `db:"id"`
	Name string `db:"name"`
}

// MetricNames lists the metrics, the oldest first.
func (s *Store) MetricNames(ctx context.Context) ([]Name, error) { return s.names(ctx, "metric_names") }

// ListNames lists the lists, the oldest first.
func (s *Store) ListNames(ctx context.Context) ([]Name, error) { return s.names(ctx, "list_names") }

func (s *Store) names(ctx context.Context, name string) ([]Name, error) {
	var rows []Name
	if err := s.DB.SelectContext(ctx, &rows, query(name)); err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	return rows, nil
}

// TemplateIDs lists the templates.
func (s *Store) TemplateIDs(ctx context.Context) ([]string, error) {
	var ids []string
	if err := s.DB.SelectContext(ctx, &ids, query("template_ids")); err != nil {
		return nil, fmt.Errorf("reading templates: %w", err)
	}
	return ids, nil
}

// Template is content that flows send.
type Template struct {
	ID        string    `db:"id"`
	Source    string    `db:"source"`
	UpdatedAt time.Time `db:"updated_at"`
}

// Template reads one, or returns ErrNotFound.
func (s *Store) Template(ctx context.Context, id string) (Template, error) {
	return selectOne[Template](ctx, s, "template", id, query("template_by_id"))
}
