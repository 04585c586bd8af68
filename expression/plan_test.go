package expression

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/legato-flow/legato/internal/testkit"
)

func TestABatchReadsOnlyItsOwnEvents(t *testing.T) {
	if testing.Short() {
		t.Skip("writes 60,000 events")
	}
	t.Parallel()
	db := testkit.Store(t).DB
	for month := range 13 {
		db.MustExec("select ensure_event_partition($1)", noon.AddDate(0, -month, 0))
	}
	db.MustExec("insert into metric (id, name) select 'M' || i, 'Metric ' || i from generate_series(0, 9) i")
	db.MustExec(`insert into event (id, profile_id, metric_id, time, unique_id, value, properties)
		select gen_random_uuid(), 'p' || i % 5000, 'M' || i % 7, $1::timestamptz - (i * 520) * interval '1 second', i::text, i % 100, jsonb_build_object('Brand', 'B' || i % 11)
		from generate_series(1, 60000) i`, noon)
	db.MustExec("analyze")

	x, err := Compile(`did("Metric 1", since_start) or count(events("Metric 2", last("30d")), .Brand == "B3" and .value > 10) > 1
		or sum(events("Metric 3"), .value) > 500 or last_at("Metric 4") < now or all(events("Metric 5"), .Brand == event.Brand) or did("Unheard of")`, Person)
	if err != nil {
		t.Fatal(err)
	}
	subjects := make([]Subject, 200)
	for i := range subjects {
		subjects[i] = Subject{Profile: fmt.Sprintf("p%d", i*7), Start: noon.AddDate(0, 0, -3), Now: noon, Event: map[string]any{"Brand": "B1"}}
	}
	sql, args, _, err := statement(x.Queries(), subjects)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	if err := db.Select(&lines, "explain (analyze, buffers) "+sql, args...); err != nil {
		t.Fatal(err)
	}
	plan := strings.Join(lines, "\n")
	if strings.Contains(plan, "Seq Scan on event_") || strings.Contains(plan, "Sort") {
		t.Error("reads whole partitions, or sorts")
	}
	if strings.Contains(plan, "profile_id_time_id") || !strings.Contains(plan, "profile_id_metric_id_time") {
		t.Error("does not use the index event_history")
	}
	if !strings.Contains(plan, "never executed") {
		t.Error("looks into months that a window excludes")
	}
	began := time.Now()
	answers, err := Answer(t.Context(), db, x.Queries(), subjects)
	if err != nil || len(answers) != len(subjects) {
		t.Fatal(err)
	}
	t.Logf("%d people, %d questions: %s", len(subjects), len(x.Queries()), time.Since(began))
	if t.Failed() {
		t.Log(plan)
	}
}
