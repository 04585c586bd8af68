package ingest_test

import (
	"testing"
	"time"

	"github.com/legato-flow/legato/ingest"
	"github.com/legato-flow/legato/store"
)

func TestARunGoesOnForTheMergedPersonOnce(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		reentry string
		theirs  string // the status of destination's run in the flow; "" is none
		apart   time.Duration
		same    bool // of one entry
		status  string
	}{
		"they were never in":                       {`{"mode":"never"}`, "", 0, false, "active"},
		"they are in":                              {`{"mode":"never"}`, "active", time.Hour, false, "cancelled"},
		"they have been in":                        {`{"mode":"never"}`, "done", time.Hour, false, "cancelled"},
		"they may come again":                      {`{"mode":"always"}`, "active", time.Hour, false, "active"},
		"they may come again, but not for one day": {`{"mode":"always"}`, "active", 0, true, "cancelled"},
		"long ago":                                 {`{"mode":"after","after":3600000000000}`, "done", 2 * time.Hour, false, "active"},
		"lately":                                   {`{"mode":"after","after":3600000000000}`, "done", 30 * time.Minute, false, "cancelled"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g, s := newIngester(t)
			d, x := upsert(t, g, `{"email":"a@example.com"}`).ID, upsert(t, g, `{"email":"b@example.com"}`).ID
			flow(t, s, "f", "live", "metric", "M")
			run := func(id, profile, key, status string, entered time.Time) {
				t.Helper()
				_, err := s.DB.Exec(`insert into run (id, flow_id, hash, profile_id, entry_key, cohort_id, entered_at, status, step, due_at)
					values ($1, 'f', 'f', $2, $3, 'c', $4, $5, 'wait-1', now())`, id, profile, key, entered, status)
				if err != nil {
					t.Fatal(err)
				}
			}
			if _, err := s.DB.Exec("update plan set body = jsonb_build_object('reentry', $1::jsonb)", test.reentry); err != nil {
				t.Fatal(err)
			}
			if _, err := s.DB.Exec("insert into cohort (id, flow_id, hash, size) values ('c', 'f', 'f', 2)"); err != nil {
				t.Fatal(err)
			}
			key := "event/theirs"
			if test.same {
				key = "event/1"
			}
			if test.theirs != "" {
				run("theirs", d, key, test.theirs, now.Add(-test.apart))
			}
			run("moved", x, "event/1", "active", now)
			for _, q := range []string{
				"insert into watch (run_id, profile_id, step, kind, key, since) values ('moved', '" + x + "', 'w', 'event', 'M', now())",
				"insert into review (flow_id, run_id, entered_at, step, kind, profile_id) values ('f', 'moved', now(), 'email-1', 'email', '" + x + "')",
			} {
				if _, err := s.DB.Exec(q); err != nil {
					t.Fatal(err)
				}
			}
			if err := g.MergeProfiles(t.Context(), x, d); err != nil {
				t.Fatal(err)
			}
			runs, err := s.Runs(t.Context(), []string{"moved"})
			if err != nil || len(runs) != 1 {
				t.Fatal(runs, err)
			}
			reason := map[string]string{"cancelled": ingest.ReasonMerged}[test.status]
			if runs[0].ProfileID != d || runs[0].Status != test.status || runs[0].Reason != reason || runs[0].DueAt.Valid != (test.status == "active") {
				t.Errorf("%+v", runs[0])
			}
			watches := map[string]int{"active": 1}[test.status]
			if n := number(t, s, "select count(*) from watch where profile_id = $1", d); n != watches {
				t.Errorf("%d watches, want %d", n, watches)
			}
			if n := number(t, s, "select count(*) from review where profile_id = $1 and (decision = '') = $2", d, test.status == "active"); n != 1 {
				t.Errorf("what waits for review does not follow its run")
			}
			if n := number(t, s, "select count(*) from nudge where run_id = 'moved'"); n < 1 {
				t.Error("the cohort was not told")
			}
			// An advance that had read the run before the merge must not move it.
			was := runs[0]
			was.ProfileID = x
			tx := s.DB.MustBegin()
			defer func() { _ = tx.Rollback() }()
			moved, err := s.MoveRuns(t.Context(), tx, []store.Move{{Run: was, FromStep: was.Step, FromDue: was.DueAt}})
			if err != nil || len(moved) != 0 {
				t.Errorf("moved %v, %v", moved, err)
			}
		})
	}
}
