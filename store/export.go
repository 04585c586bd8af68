package store

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
)

// exportSteps are what is known of a profile ($1), in the order of the export: export_<table>, under the names in
// exportNames. There is one for every table with a profile_id; a test looks that none is forgotten.
var exportSteps = []string{
	"export_profile_alias", "export_list_member", "export_suppression", "export_consent", "export_list_suppression", "export_push_token", "export_event", "export_event_key",
	"export_purchase", "export_message", "export_send_timer", "export_run", "export_watch", "export_review", "export_refusal", "export_outbox",
	"export_date_change", "export_job_profile",
}

var exportNames = map[string]string{
	"export_profile_alias": "further_identifiers", "export_list_member": "lists", "export_suppression": "suppressions",
	"export_consent": "consent", "export_list_suppression": "list_suppressions", "export_job_profile": "imports",
	"export_push_token": "devices", "export_event": "events", "export_purchase": "purchases", "export_message": "messages",
	"export_send_timer": "send_timers", "export_run": "runs", "export_watch": "waiting_for", "export_review": "reviews",
	"export_refusal": "refused_entries", "export_outbox": "pending_entries", "export_date_change": "pending_dates", "export_event_key": "event_keys",
}

// ExportProfile writes everything that is known of a profile as one JSON object, a member for each noun, as of one
// moment. It is written as it is read, however much there is. extra are members to put before the others. An unknown
// id is ErrNotFound, and nothing is written.
func (s *Store) ExportProfile(ctx context.Context, w io.Writer, id string, at time.Time, extra map[string]string) error {
	tx, err := s.DB.BeginTxx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return fmt.Errorf("beginning a transaction: %w", err)
	}
	defer func() { _ = tx.Rollback() }()
	var profiles []Profile
	if err := tx.SelectContext(ctx, &profiles, query("profile_select")+"\nwhere id = $1", id); err != nil {
		return fmt.Errorf("reading profile %s: %w", id, err)
	}
	if len(profiles) == 0 {
		return ErrNotFound
	}
	out := bufio.NewWriter(w)
	head, err := json.MarshalIndent(profiles[0], "  ", "  ")
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "{\n  \"exported_at\": %q,\n", at.UTC().Format(time.RFC3339))
	for name, value := range extra {
		fmt.Fprintf(out, "  %q: %q,\n", name, value)
	}
	fmt.Fprintf(out, "  \"profile\": %s", head)
	for _, step := range exportSteps {
		fmt.Fprintf(out, ",\n  %q: [", exportNames[step])
		if err := exportRows(ctx, tx, out, step, id); err != nil {
			return fmt.Errorf("exporting %s of profile %s: %w", strings.ReplaceAll(exportNames[step], "_", " "), id, err)
		}
		fmt.Fprint(out, "]")
	}
	fmt.Fprint(out, "\n}\n")
	return out.Flush()
}

// exportRows writes each row, which is a JSON document, on a line.
func exportRows(ctx context.Context, tx *sqlx.Tx, out *bufio.Writer, step, id string) error {
	rows, err := tx.QueryContext(ctx, query(step), id)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	end := ""
	for first := true; rows.Next(); first = false {
		var row []byte
		if err := rows.Scan(&row); err != nil {
			return err
		}
		if !first {
			_ = out.WriteByte(',')
		}
		_, _ = out.WriteString("\n    ")
		if _, err := out.Write(row); err != nil {
			return err
		}
		end = "\n  "
	}
	_, _ = out.WriteString(end)
	return rows.Err()
}
