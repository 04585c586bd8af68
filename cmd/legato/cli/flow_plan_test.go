package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/legato-flow/legato/internal/testkit"
	"github.com/legato-flow/legato/store"
)

// definitionsOf writes flows into a folder of definitions.
func definitionsOf(t *testing.T, flows map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "flows"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, source := range flows {
		if err := os.WriteFile(filepath.Join(dir, "flows", name+".yaml"), []byte(source), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// legato runs the command line and gives what it prints.
func legato(t *testing.T, args ...string) (string, error) {
	t.Helper()
	command := rootCommand()
	var out bytes.Buffer
	command.SetOut(&out)
	command.SetErr(&out)
	command.SetArgs(args)
	err := command.ExecuteContext(t.Context())
	return out.String(), err
}

const (
	visitFirst = `
flow: visit
status: live
trigger: {metric: Visited}
steps:
  - {wait: 1d, id: pause}
  - {update_profile: {set: {a: 1}}, id: note}
  - {update_profile: {set: {b: 1}}, id: gone}
`
	visitSecond = `
flow: visit
status: live
trigger: {metric: Visited}
filter: person.vip == true
steps:
  - {wait: 2d, id: pause}
  - {update_profile: {set: {a: 1}}, id: note}
  - {update_profile: {set: {c: 1}}, id: fresh}
`
)

func TestAPlanSaysWhatChangesAndWhoIsInside(t *testing.T) {
	url := testkit.DatabaseURL(t)
	t.Setenv("DATABASE_URL", url)
	first, second := definitionsOf(t, map[string]string{"visit": visitFirst}), definitionsOf(t, map[string]string{"visit": visitSecond})
	plan := func(args ...string) string {
		t.Helper()
		out, err := legato(t, append([]string{"flow", "plan"}, args...)...)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	if out := plan(first); !strings.HasPrefix(out, "+ flow visit (live), version ") {
		t.Error(out)
	}
	if _, err := legato(t, "flow", "apply", first); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("nothing to change\n", plan(first)); diff != "" {
		t.Error(diff)
	}
	s, err := store.Open(t.Context(), url, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.DB.MustExec("insert into cohort (id, flow_id, hash, size, started_at) select 'c', id, hash, 3, now() from flow")
	for i, step := range []string{"note", "note", "gone"} {
		s.DB.MustExec(`insert into run (id, flow_id, hash, profile_id, entry_key, cohort_id, entered_at, step, due_at)
			select $1, id, hash, $1, 'k', 'c', now(), $2, now() + interval '1 day' from flow`, "r"+string(rune('0'+i)), step)
	}
	out := plan(second)
	for _, want := range []string{
		"~ flow visit, version ", "    ~ filter\n", "    - step gone (update_profile)\n", "    + step fresh (update_profile)\n", "    ~ step pause: wait\n",
		"2 inside at note of version ", "; --migrate keeps their place\n", "1 inside at gone of version ", "the new version has no step gone (--map visit/gone=step gives them a place)",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
	if out := plan(second, "--map", "visit/gone=fresh"); !strings.Contains(out, "--migrate moves them to fresh") {
		t.Error(out)
	}
	for _, bad := range []string{"gone=fresh", "visit/gone", "other/gone=fresh"} {
		if _, err := legato(t, "flow", "plan", second, "--map", bad); err == nil || !strings.Contains(err.Error(), "--map") {
			t.Errorf("--map %s: %v", bad, err)
		}
	}
}

func TestFlowsAreControlledFromTheCommandLine(t *testing.T) {
	url := testkit.DatabaseURL(t)
	t.Setenv("DATABASE_URL", url)
	for _, source := range []string{visitFirst, visitSecond} {
		if _, err := legato(t, "flow", "apply", definitionsOf(t, map[string]string{"visit": source})); err != nil {
			t.Fatal(err)
		}
	}
	s, err := store.Open(t.Context(), url, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.DB.MustExec("insert into cohort (id, flow_id, hash, size, started_at) select 'c', id, hash, 3, now() from flow")
	for _, run := range []string{"r0", "r1", "r2"} {
		s.DB.MustExec(`insert into run (id, flow_id, hash, profile_id, entry_key, cohort_id, entered_at, step, due_at)
			select $1, id, hash, $1, 'k', 'c', now(), 'note', now() + interval '1 day' from flow`, run)
	}
	for _, test := range []struct {
		args []string
		want string // in what it prints or says is wrong
	}{
		{[]string{"flow", "versions", "visit"}, "live\n"},
		{[]string{"flow", "versions", "nothing"}, "there is no flow nothing"},
		{[]string{"flow", "rollback", "visit"}, "is at version "},
		{[]string{"flow", "rollback", "visit", "ffffzz"}, "has no other version ffffzz"},
		{[]string{"flow", "rollback", "nothing"}, "there is no flow nothing"},
		{[]string{"flow", "pause", "visit"}, "paused visit"},
		{[]string{"flow", "resume", "visit"}, "resumed visit"},
		{[]string{"flow", "pause", "nothing"}, "there is no flow nothing"},
		{[]string{"run", "list", "--flow", "visit", "--step", "note"}, "r2"},
		{[]string{"run", "list"}, "which runs?"},
		{[]string{"run", "cancel", "--step", "note"}, "--step needs --flow"},
		{[]string{"run", "cancel", "r0"}, "cancelled 1 runs"},
		{[]string{"run", "cancel", "r0"}, "no run r0 is inside a flow"},
		{[]string{"run", "move-on", "r1"}, "moved on 1 runs"},
		{[]string{"run", "cancel", "--flow", "visit", "--step", "note"}, "cancelled 2 runs"},
		{[]string{"flow", "backfill", "nothing"}, "there is no flow nothing"},
		{[]string{"flow", "backfill", "visit", "--status"}, "was never backfilled"},
		{[]string{"flow", "backfill", "visit", "--per-second", "0"}, "expected 1 to 1000 people per second"},
		{[]string{"flow", "backfill", "visit", "--from-start"}, "only a list flow can be entered from the start"},
		{[]string{"flow", "backfill", "visit", "--detach"}, "running: 0 of 0"},
		{[]string{"flow", "backfill", "visit", "--cancel"}, "who was let in stays in"},
		{[]string{"flow", "archive", "visit"}, "archived visit, 0 people left it"},
		{[]string{"flow", "backfill", "visit"}, "is not live"},
	} {
		out, err := legato(t, test.args...)
		if err != nil {
			out += err.Error()
		}
		if !strings.Contains(out, test.want) {
			t.Errorf("%v: %s, want %q", test.args, out, test.want)
		}
	}
}
