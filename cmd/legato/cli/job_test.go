package cli

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/legato-flow/legato/ingest"
	"github.com/legato-flow/legato/internal/testkit"
	"github.com/legato-flow/legato/store"
)

// importOf begins an import of n people.
func importOf(t *testing.T, g *ingest.Ingester, n int, lists ...string) store.Job {
	t.Helper()
	items := make([]ingest.JobItem, n)
	for i := range items {
		email := fmt.Sprintf("p%d@example.com", i)
		items[i] = ingest.JobItem{Position: i, Change: ingest.Change{Attributes: map[string]*string{"email": &email}}}
	}
	j, err := g.ImportProfiles(t.Context(), items, nil, lists)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func TestJobsAreListedAndCancelled(t *testing.T) {
	url := testkit.DatabaseURL(t)
	t.Setenv("DATABASE_URL", url)
	s, err := store.Open(t.Context(), url, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	at := time.Date(2026, time.November, 24, 10, 0, 0, 0, time.UTC)
	j := importOf(t, ingest.New(s, func() time.Time { return at }), 3)
	out, err := execute(t, jobCommand(), "list")
	if want := j.ID + "  profile-import  queued  3   0     0        0       2026-11-24T10:00Z  -      -"; err != nil || !strings.Contains(out, want) {
		t.Errorf("%v\n%s", err, out)
	}
	if out, err := execute(t, jobCommand(), "cancel", j.ID); err != nil || out != "job "+j.ID+" is cancelled\n" {
		t.Error(err, out)
	}
	for _, id := range []string{j.ID, "nothing"} {
		if out, err := execute(t, jobCommand(), "cancel", id); err == nil {
			t.Errorf("cancelling %s: %s", id, out)
		}
	}
}

// TestAWorkerThatIsKilledLeavesNothingOfAnImportOut kills workers in the middle of a job.
func TestAWorkerThatIsKilledLeavesNothingOfAnImportOut(t *testing.T) {
	t.Parallel()
	k := newKillable(t, "LEGATO_WORKER_LISTEN", "LEGATO_TASK_QUEUE=job-test")
	s := k.store
	g := ingest.New(s, time.Now)
	list, err := g.CreateList(t.Context(), "Imported", ingest.SingleOptIn)
	if err != nil {
		t.Fatal(err)
	}
	const people = 10_000
	j := importOf(t, g, people, list.ID)
	completed := func() int {
		now, err := s.Job(t.Context(), store.JobImport, j.ID)
		if err != nil {
			t.Fatal(err)
		}
		return now.Completed
	}
	kills := 0
	for end := time.Now().Add(2 * time.Minute); completed() < people && time.Now().Before(end); {
		process := k.start(t, "worker")
		goal := people
		if kills < 3 {
			goal = completed() + 500 // after the next part, while it does the one after that
		}
		for completed() < goal && time.Now().Before(end) {
			time.Sleep(time.Millisecond)
		}
		if completed() < people {
			kills++
		}
		_ = process.Process.Kill()
		_ = process.Wait()
	}
	if kills == 0 {
		t.Error("no worker was killed in the middle")
	}
	j, err = s.Job(t.Context(), store.JobImport, j.ID)
	if err != nil || j.Status != "complete" || j.Completed != people || j.Failed != 0 {
		t.Errorf("%+v, %v", j, err)
	}
	for _, table := range []string{"profile", "list_member", "job_profile"} {
		var n int
		if err := s.DB.Get(&n, "select count(*) from "+table); err != nil || n != people {
			t.Errorf("%d rows of %s, %v", n, table, err)
		}
	}
}
