package store_test

import (
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/legato-flow/legato/internal/testkit"
)

func TestARunThatWasNoEntryDoesNotCountForReentry(t *testing.T) {
	t.Parallel()
	s := testkit.Store(t)
	s.DB.MustExec("insert into plan (hash, flow_id, body) values ('h', 'f', '{}')")
	s.DB.MustExec("insert into cohort (id, flow_id, hash, size) values ('c', 'f', 'h', 1)")
	for profile, reason := range map[string]string{"ada": "", "ben": "Date Changed", "cem": "Fails Flow Filters at Entry", "dea": "Exit On: Placed Order"} {
		s.DB.MustExec(`insert into run (id, flow_id, hash, profile_id, entry_key, cohort_id, entered_at, status, reason)
			values ($1, 'f', 'h', $1, 'date/2026-05-10', 'c', now(), 'exited', $2)`, profile, reason)
	}
	err := s.Tx(t.Context(), func(tx *sqlx.Tx) error {
		last, err := s.LastEntries(t.Context(), tx, "f", []string{"ada", "ben", "cem", "dea"})
		if err != nil {
			return err
		}
		for profile, want := range map[string]bool{"ada": true, "ben": false, "cem": false, "dea": true} {
			if _, got := last[profile]; got != want {
				t.Errorf("%s has entered: %v, want %v", profile, got, want)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
