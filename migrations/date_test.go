package migrations_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/legato-flow/legato/internal/testkit"
	"github.com/pressly/goose/v3"
)

func TestEntriesByADateAreNamedAfterTheDateThatRecurs(t *testing.T) {
	t.Parallel()
	s := testkit.Store(t)
	provider, err := goose.NewProvider(goose.DialectPostgres, s.DB.DB, os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.DownTo(t.Context(), 3); err != nil {
		t.Fatal(err)
	}
	exec := func(statement string, arguments ...any) {
		t.Helper()
		if _, err := s.DB.Exec(statement, arguments...); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	exec(`insert into profile (id, location) values ('ada', '{"timezone": "Asia/Tokyo"}'), ('ben', '{}')`)
	exec("insert into profile_date (profile_id, property, year, month, day) values ('ada', 'birthday', 1990, 3, 31), ('ben', 'birthday', 1992, 2, 29)")
	for _, f := range []struct{ id, body string }{
		{"week", `{"trigger": {"date": {"property": "birthday", "days": -7}}}`},
		{"month", `{"triggers": [{"metric": {"metric": "x"}}, {"date": {"property": "birthday", "months": -1}}]}`},
		{"day", `{"trigger": {"date": {"property": "birthday"}}}`},
		{"metric", `{"trigger": {"metric": {"metric": "x"}}}`},
	} {
		exec("insert into plan (hash, flow_id, body) values ($1, $1, $2)", f.id, f.body)
		exec("insert into flow (id, name, status, hash) values ($1, $1, 'live', $1)", f.id)
		exec("insert into cohort (id, flow_id, hash, size) values ($1, $1, $1, 1)", f.id)
	}
	n := 0
	for _, e := range [][3]string{
		{"week", "ada", "date/2026-03-24"}, {"week", "ada", "date/2026-03-31"}, // a week apart, as weekly does it
		{"month", "ada", "date/2026-02-28"}, {"month", "ben", "date/2028-01-29"}, {"day", "ben", "date/2027-02-28"},
		{"metric", "ada", "event/1"},
	} {
		n++
		exec(`insert into run (id, flow_id, hash, profile_id, entry_key, cohort_id, entered_at) values ($1, $2, $2, $3, $4, $2, now())`,
			fmt.Sprint(n), e[0], e[1], e[2])
		exec(`insert into refusal (flow_id, profile_id, entry_key, reason, at) values ($1, $2, $3, 'reentry', now())`, e[0], e[1], e[2])
		exec(`insert into outbox (flow_id, profile_id, entry_key) values ($1, $2, $3)`, e[0], e[1], e[2])
	}
	if _, err := provider.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := []string{"day ben date/2027-02-28", "metric ada event/1", "month ada date/2026-03-31", "month ben date/2028-02-29",
		"week ada date/2026-03-31", "week ada date/2026-04-07"}
	for _, table := range []string{"run", "refusal", "outbox"} {
		var got []string
		if err := s.DB.Select(&got, "select flow_id || ' ' || profile_id || ' ' || entry_key from "+table+" order by 1"); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", table, diff)
		}
	}
	var zones []string
	if err := s.DB.Select(&zones, "select profile_id || zone || anniversary || ' ' || weekday from profile_date order by 1"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"adaAsia/Tokyo331 6", "ben229 6"}, zones); diff != "" {
		t.Error(diff)
	}
}
