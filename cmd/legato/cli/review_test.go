package cli

import (
	"strings"
	"testing"

	"github.com/legato-flow/legato/internal/testkit"
	"github.com/legato-flow/legato/store"
)

func TestReviewsAreListedAndDecided(t *testing.T) {
	url := testkit.DatabaseURL(t)
	t.Setenv("DATABASE_URL", url)
	s, err := store.Open(t.Context(), url, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.DB.MustExec(`insert into plan (hash, flow_id, body) values ('h', 'welcome', '{}')`)
	s.DB.MustExec(`insert into cohort (id, flow_id, hash, size) values ('c', 'welcome', 'h', 3)`)
	for _, name := range []string{"ada", "ben", "cem"} {
		s.DB.MustExec(`insert into profile (id, email) values ($1, $1 || '@example.com')`, name)
		s.DB.MustExec(`insert into run (id, flow_id, hash, profile_id, entry_key, cohort_id, entered_at) values ('run-' || $1, 'welcome', 'h', $1, 'e', 'c', now())`, name)
		s.DB.MustExec(`insert into review (flow_id, run_id, entered_at, step, kind, profile_id) values ('welcome', 'run-' || $1, now(), 'email-hello', 'email', $1)`, name)
	}
	for _, test := range []struct {
		args []string
		want string // in what is printed, or in the error
	}{
		{[]string{"list", "--flow", "other"}, "ID  FLOW  STEP"},
		{[]string{"list", "--limit", "2"}, "… there are more"},
		{[]string{"list", "--limit", "0"}, "expected a number from 1 to 100000"},
		{[]string{"approve"}, "say which"},
		{[]string{"approve", "1", "--all"}, "say which"},
		{[]string{"approve", "one"}, "no id of a review"},
		{[]string{"approve", "1"}, "approved 1\n"},
		{[]string{"approve", "1", "2"}, "approved 1 of 2"},
		{[]string{"cancel", "--all", "--step", "email-other"}, "cancelled 0\n"},
		{[]string{"cancel", "--all", "--flow", "welcome", "--leave", "--by", "eve"}, "cancelled 1\n"},
	} {
		out, err := execute(t, reviewCommand(), test.args...)
		if err != nil {
			out += err.Error()
		}
		if !strings.Contains(out, test.want) {
			t.Errorf("%v: %q, want %q", test.args, out, test.want)
		}
	}
	var stored string
	if err := s.DB.Get(&stored, `select string_agg(v.profile_id || ' ' || v.decision || ' ' || (v.decided_by = 'eve') || ' ' || r.status, ', ' order by v.id)
		from review v join run r on r.id = v.run_id`); err != nil {
		t.Fatal(err)
	}
	if want := "ada approved false active, ben approved false active, cem cancelled true cancelled"; stored != want {
		t.Errorf("stored %s\nwant   %s", stored, want)
	}
}
