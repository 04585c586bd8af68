package worker_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/legato-flow/legato/ingest"
	"github.com/legato-flow/legato/store"
)

// list creates a list and gives its id.
func (s *stage) list(name string) string {
	s.Helper()
	l, err := ingest.New(s.store, s.clock).CreateList(s.Context(), name, ingest.SingleOptIn)
	if err != nil {
		s.Fatal(err)
	}
	return l.ID
}

func (s *stage) inList(id, profile string) bool {
	s.Helper()
	members, err := s.store.MembersOf(s.Context(), id, []string{profile})
	if err != nil {
		s.Fatal(err)
	}
	return members[profile]
}

func TestAListStepStartsTheFlowsOfTheListOneStepDeeper(t *testing.T) {
	t.Parallel()
	s := newStage(t, "flow: welcome\nstatus: live\ntrigger: {list: Newsletter}\nsteps:\n  - update_profile: {set: {welcomed: true}}\n", nil)
	s.apply(`
flow: f
status: live
trigger: {metric: Joined}
steps:
  - list: {add: Newsletter}
  - if: in_list("Newsletter")
    then: [{update_profile: {set: {seen: true}}}]
  - list: {remove: Old}
  - list: {add: Nowhere}
`, nil)
	newsletter, old := s.list("Newsletter"), s.list("Old")
	id := s.profile("ada", nil)
	if err := ingest.New(s.store, s.clock).JoinList(t.Context(), old, []string{id}); err != nil {
		t.Fatal(err)
	}
	s.event(id, "Joined", nil)
	cohort := s.enter()[0]
	if _, err := s.store.DB.Exec("update run set depth = 3"); err != nil {
		t.Fatal(err)
	}
	s.play(cohort, nil)
	if !s.inList(newsletter, id) || s.inList(old, id) {
		t.Error("the memberships are not what the steps say")
	}
	if got := s.outcomes(id); !slices.Contains(got, "list-3 failed: List Not Found") || !slices.Contains(got, "update_profile-1 done") {
		t.Errorf("%q", got)
	}
	var depths []int
	if err := s.store.DB.Select(&depths, "select depth from outbox where flow_id = 'welcome'"); err != nil || !slices.Equal(depths, []int{4}) {
		t.Errorf("entries of depth %v, %v", depths, err)
	}
}

func TestTrackReportsAnEventThatLaterStepsAndFlowsSee(t *testing.T) {
	t.Parallel()
	s := newStage(t, "flow: vip\nstatus: live\ntrigger: {metric: Became VIP, filter: event.total > 10}\nsteps:\n  - update_profile: {set: {vip: true}}\n", nil)
	s.apply(`
flow: f
status: live
trigger: {metric: Ordered}
steps:
  - wait: 1m
  - track: {metric: Became VIP, properties: {tier: gold, total: {expr: event.total}, none: {expr: event.none}}, value: event.total * 2}
  - if: did("Became VIP", since_start)
    then: [{update_profile: {set: {seen: true}}}]
`, nil)
	id := s.profile("ada", nil)
	s.event(id, "Ordered", map[string]any{"total": 12.5})
	cohort := s.enter()[0]
	s.play(cohort, nil)
	s.play(cohort, nil)
	var row struct {
		Properties []byte  `db:"properties"`
		Value      float64 `db:"value"`
		Service    string  `db:"service"`
		UniqueID   string  `db:"unique_id"`
		Depth      int     `db:"depth"`
	}
	err := s.store.DB.Get(&row, `select e.properties, e.value, e.unique_id, e.depth, m.service from event e join metric m on m.id = e.metric_id where m.name = 'Became VIP'`)
	if err != nil {
		t.Fatal(err)
	}
	var properties map[string]any
	if err := json.Unmarshal(row.Properties, &properties); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]any{"tier": "gold", "total": 12.5}, properties); diff != "" {
		t.Error(diff)
	}
	if row.Value != 25 || row.Service != "legato" || row.Depth != 1 || !strings.HasPrefix(row.UniqueID, "run/") || s.events("Became VIP") != 1 {
		t.Errorf("%+v", row)
	}
	if got := s.outcomes(id); !slices.Contains(got, "update_profile-1 done") {
		t.Errorf("a later step did not see it: %q", got)
	}
	for _, c := range s.enter() {
		s.play(c, nil)
	}
	if got := s.outcomes(id); len(got) != 5 { // wait, track, if, and update_profile of both flows
		t.Errorf("%q", got)
	}
}

func TestTrackOfWhatIsNoNumberFails(t *testing.T) {
	t.Parallel()
	s := newStage(t, "flow: f\nstatus: live\ntrigger: {metric: Ordered}\nsteps:\n  - track: {metric: M, value: event.total}\n    id: track\n", nil)
	id := s.profile("ada", nil)
	s.event(id, "Ordered", map[string]any{"total": "much"})
	s.play(s.enter()[0], nil)
	if diff := cmp.Diff([]string{"track failed: Expression Error"}, s.outcomes(id)); diff != "" || s.events("M") != 0 {
		t.Error(diff)
	}
}

func TestUpdateProfileChangesListsAndDates(t *testing.T) {
	t.Parallel()
	s := newStage(t, `
flow: f
status: live
trigger: {metric: Joined}
steps:
  - update_profile:
      set: {first: {create: now}, kept: {create: other}, birthday: {date: "1990-05-10"}, tier: gold}
      increment: {visits: 2, spent: {expr: event.amount}, nothing: {expr: event.none}}
      append: {tags: new, single: two, fresh: one, there: a}
      remove: {gone: b, missing: x}
      unset: [old]
  - if: person.visits == 5 and "new" in person.tags and not ("b" in person.gone) and person.kept == "y" and person.first == "now"
    then: [{update_profile: {set: {seen_by_later_steps: true}}}]
`, nil)
	id := s.profile("ada", map[string]any{
		"visits": 3, "old": "x", "kept": "y", "spent": 0.1, "tags": []any{"a"}, "single": "one", "gone": []any{"a", "b", "b"}, "there": []any{"a"},
	})
	s.event(id, "Joined", map[string]any{"amount": 0.2})
	cohort := s.enter()[0]
	s.play(cohort, nil)
	s.play(cohort, nil)
	people, err := s.store.People(t.Context(), []string{id})
	if err != nil {
		t.Fatal(err)
	}
	for property, want := range map[string]any{
		"first": "now", "kept": "y", "tier": "gold", "visits": 5, "spent": 0.3, "tags": []any{"a", "new"}, "single": []any{"one", "two"}, "fresh": []any{"one"},
		"there": []any{"a"}, "gone": []any{"a"}, "missing": nil, "old": nil, "nothing": nil, "seen_by_later_steps": true, "birthday": "1990-05-10",
	} {
		if diff := cmp.Diff(want, people[id].Values[property]); diff != "" {
			t.Errorf("%s: %s", property, diff)
		}
	}
	var day int
	if err := s.store.DB.Get(&day, "select day from profile_date where profile_id = $1 and property = 'birthday'", id); err != nil || day != 10 {
		t.Errorf("the date is kept as day %d, %v", day, err)
	}
}

func TestChangesWakeTheRunsThatWatch(t *testing.T) {
	t.Parallel()
	s := newStage(t, "flow: f\nstatus: live\ntrigger: {metric: Joined}\nsteps:\n  - wait: 1d\n  - update_profile: {set: {x: 1}}\n", nil)
	id := s.profile("ada", map[string]any{"email": address("ada")})
	s.event(id, "Joined", nil)
	run := s.enter()[0].runs[0].ID
	g, list := ingest.New(s.store, s.clock), s.list("L")
	watch := func(kind string) {
		t.Helper()
		if _, err := s.store.DB.Exec("insert into watch (run_id, profile_id, step, kind, key, since) values ($1, $2, 'w', $3, '', $4)", run, id, kind, start); err != nil {
			t.Fatal(err)
		}
	}
	nudges := func() (n int) {
		t.Helper()
		if err := s.store.DB.Get(&n, "with gone as (delete from nudge returning 1) select count(*) from gone"); err != nil {
			t.Fatal(err)
		}
		return n
	}
	change := func(value string) {
		t.Helper()
		if _, err := g.UpdateProfile(t.Context(), id, ingest.Change{Properties: map[string]json.RawMessage{"x": json.RawMessage(value)}}); err != nil {
			t.Fatal(err)
		}
	}
	change("1")
	if n := nudges(); n != 0 {
		t.Errorf("%d nudges of nobody", n)
	}
	watch("profile")
	change("2")
	if n := nudges(); n != 1 {
		t.Errorf("%d nudges when the profile changes", n)
	}
	change("2")
	if n := nudges(); n != 0 {
		t.Errorf("%d nudges when it stays as it is", n)
	}
	watch("list")
	for i, do := range []func() error{
		func() error { return g.JoinList(t.Context(), list, []string{id}) },
		func() error { return g.LeaveList(t.Context(), list, []string{id}) },
	} {
		if err := do(); err != nil || nudges() != 1 {
			t.Errorf("membership change %d: %v, or no nudge", i, err)
		}
		if err := g.LeaveList(t.Context(), "L", nil); err == nil {
			t.Error("a list that is not there")
		}
	}
	if err := g.LeaveList(t.Context(), list, []string{id}); err != nil || nudges() != 0 {
		t.Errorf("leaving a list one is not in: %v, or a nudge", err)
	}
}

func TestAnEmailIsSentAsTheStepSays(t *testing.T) {
	t.Parallel()
	s := newStage(t, `
flow: f
name: The flow
status: live
trigger: {metric: Ordered}
steps:
  - email:
      template: letter
      from: other@shop.example
      from_name: The Other
      reply_to: help@shop.example
      cc: copy@shop.example
      bcc: secret@shop.example
      subject: "Order {{ event.number }}"
      preview: Thank you
      transactional: true
    id: receipt
  - email: letter
    id: marketing
`, map[string]string{"letter": letterTemplate})
	ada, ben := s.profile("ada", map[string]any{"email": address("ada")}), s.profile("ben", map[string]any{"email": address("ben")})
	for id, reason := range map[string]string{ada: "UNSUBSCRIBE", ben: "HARD_BOUNCE"} {
		if _, err := s.store.DB.Exec("insert into suppression (profile_id, channel, reason) values ($1, 'email', $2)", id, reason); err != nil {
			t.Fatal(err)
		}
		s.event(id, "Ordered", map[string]any{"number": 7})
	}
	s.play(s.enter()[0], nil)
	if diff := cmp.Diff([]string{"marketing skipped: Person Suppressed", "receipt done"}, s.outcomes(ada)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"marketing skipped: Person Suppressed", "receipt skipped: Person Suppressed"}, s.outcomes(ben)); diff != "" {
		t.Error(diff)
	}
	if len(s.mail.sources) != 1 {
		t.Fatalf("%d mails", len(s.mail.sources))
	}
	mail := strings.ReplaceAll(s.mail.sources[0], "=\r\n", "") // lines that quoted-printable folds
	for _, want := range []string{
		`From: "The Other" <other@shop.example>`, "Reply-To: <help@shop.example>", "Subject: Order 7", "Cc: <copy@shop.example>", "Thank you",
	} {
		if !strings.Contains(mail, want) {
			t.Errorf("the mail lacks %s", want)
		}
	}
	for _, not := range []string{"secret@shop.example", "List-Unsubscribe", "unsubscribe/"} {
		if strings.Contains(mail, not) {
			t.Errorf("the mail has %s", not)
		}
	}
	if diff := cmp.Diff([]string{address("ada"), "copy@shop.example", "secret@shop.example"}, s.mail.recipients[0]); diff != "" {
		t.Error(diff)
	}
	var properties string
	if err := s.store.DB.Get(&properties, "select e.properties::text from event e join metric m on m.id = e.metric_id where m.name = 'Received Email' and m.service = 'legato' and e.profile_id = $1 and e.depth = 1", ada); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"Subject": "Order 7"`, `"Campaign Name": "The flow"`, `"$flow": "f"`, `"$message": "receipt"`, `"$event_id": "run/`} {
		if !strings.Contains(properties, want) {
			t.Errorf("%s lacks %s", properties, want)
		}
	}
}

func TestAnAlertGoesToTheShopWhateverThePersonWants(t *testing.T) {
	t.Parallel()
	s := newStage(t, `
flow: f
status: live
trigger: {metric: Ordered}
steps:
  - alert: {to: [one@shop.example, gone@shop.example, two@shop.example], subject: "{{ person.first_name }} ordered", body: "For {{ event.total }}."}
    id: plain
  - alert: {to: one@shop.example, template: letter}
    id: template
`, map[string]string{"letter": letterTemplate})
	s.mail.fail = func(stage, to string) error {
		if stage == "rcpt" && to == "gone@shop.example" {
			return permanent()
		}
		return nil
	}
	id := s.profile("ada", nil)
	if _, err := s.store.DB.Exec("insert into suppression (profile_id, channel, reason) values ($1, 'email', 'HARD_BOUNCE')", id); err != nil {
		t.Fatal(err)
	}
	s.event(id, "Ordered", map[string]any{"total": 5})
	cohort := s.enter()[0]
	s.play(cohort, nil)
	s.play(cohort, nil)
	if diff := cmp.Diff([]string{"plain done", "template done"}, s.outcomes(id)); diff != "" {
		t.Error(diff)
	}
	want := [][]string{{"one@shop.example", "two@shop.example"}, {"one@shop.example"}}
	if diff := cmp.Diff(want, s.mail.recipients); diff != "" {
		t.Fatal(diff)
	}
	if mail := s.mail.sources[0]; !strings.Contains(mail, "ada ordered") || !strings.Contains(mail, "For 5.") || !strings.Contains(mail, "two@shop.example") || strings.Contains(mail, "text/html") {
		t.Error(mail)
	}
	if mail := s.mail.sources[1]; !strings.Contains(mail, "Hello ada") || strings.Contains(mail, "nsubscribe") {
		t.Error(mail)
	}
	if n := s.events("Received Email"); n != 0 {
		t.Errorf("%d events say that the person got an email", n)
	}
}

func TestAnAnswerOfLaterAfterTheWholeMessageIsTriedAgain(t *testing.T) {
	t.Parallel()
	s := newStage(t, mailFlow, map[string]string{"letter": letterTemplate})
	s.advance.Caps = map[string]time.Duration{"email": 16 * time.Hour} // which counts what left, not what was put off
	var tries atomic.Int32
	s.mail.fail = func(stage, _ string) error {
		if stage == "data" && tries.Add(1) <= 2 {
			return temporary()
		}
		return nil
	}
	id := s.profile("ada", map[string]any{"email": address("ada")})
	s.event(id, "Added to Cart", nil)
	s.play(s.enter()[0], nil)
	if diff := cmp.Diff([]string{"wait-1 done", "email-letter done"}, s.outcomes(id)); diff != "" || s.mail.to(address("ada")) != 1 {
		t.Error(diff)
	}
}

func TestAFailedStepIsRepeatedOnceWhenAskedFor(t *testing.T) {
	t.Parallel()
	s := newStage(t, `
flow: f
status: live
trigger: {metric: Ordered}
steps:
  - {email: letter, id: letter, on_failure: exit}
  - update_profile: {set: {x: 1}}
`, map[string]string{"letter": letterTemplate})
	refuse := true
	s.mail.fail = func(stage, to string) error {
		switch {
		case stage == "accepted" && to == address("held"):
			return errAway
		case stage == "rcpt" && refuse && to != address("held"):
			return permanent()
		}
		return nil
	}
	names := []string{"ada", "ben", "held"}
	ids := map[string]string{}
	for _, name := range names {
		ids[name] = s.profile(name, map[string]any{"email": address(name)})
		s.event(ids[name], "Ordered", nil)
	}
	s.play(s.enter()[0], nil)
	failures, err := s.store.Failures(t.Context(), "f", 10)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, f := range failures {
		got[f.ProfileID] = fmt.Sprintf("%s %s %s %v", f.Step, f.Result, f.Reason, f.Error != "")
	}
	want := map[string]string{
		ids["ada"]: "letter failed Unable to Send Email true", ids["ben"]: "letter failed Unable to Send Email true", ids["held"]: "letter held Delivery Unknown true",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if none, err := s.store.Failures(t.Context(), "other", 10); err != nil || len(none) > 0 {
		t.Errorf("%v, %v", none, err)
	}
	refuse = false
	if _, err := s.store.DB.Exec("insert into suppression (profile_id, channel, reason) values ($1, 'email', 'UNSUBSCRIBE')", ids["ben"]); err != nil {
		t.Fatal(err)
	}
	for want := 2; want >= 0; want -= 2 { // the second time there is nothing to repeat
		if n, err := s.store.RetryFailures(t.Context(), "f", s.clock()); err != nil || n != want {
			t.Errorf("%d failures to repeat, want %d, %v", n, want, err)
		}
	}
	if pending, err := s.store.Failures(t.Context(), "", 10); err != nil || len(pending) != 3 || pending[0].Result == store.Failed {
		t.Errorf("%+v, %v", pending, err)
	}
	errs := make(chan error)
	for range 3 { // several workers
		go func() {
			_, err := s.advance.Retry(t.Context())
			errs <- err
		}()
	}
	for range 3 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	for name, want := range map[string]string{"ada": "letter done", "ben": "letter skipped: Person Suppressed", "held": "letter held: Delivery Unknown"} {
		if outcomes := s.outcomes(ids[name]); !slices.Contains(outcomes, want) {
			t.Errorf("%s: %q, want %s", name, outcomes, want)
		}
	}
	if a, h := s.mail.to(address("ada")), s.mail.to(address("held")); a != 1 || h != 1 {
		t.Errorf("%d messages to the one that failed, %d to the one that is held", a, h)
	}
	if run := s.run(ids["ada"]); run.Status != store.RunExited || len(s.outcomes(ids["ada"])) != 1 {
		t.Errorf("the run is %s with %q", run.Status, s.outcomes(ids["ada"]))
	}
	var left int
	if err := s.store.DB.Get(&left, "select count(*) from retry"); err != nil || left != 0 {
		t.Errorf("%d are left, %v", left, err)
	}
}

func TestARepeatedStepThatIsPutOffComesBack(t *testing.T) {
	t.Parallel()
	s := newStage(t, "flow: f\nstatus: live\ntrigger: {metric: Ordered}\nsteps:\n  - {email: letter, id: letter}\n", map[string]string{"letter": letterTemplate})
	answers := []error{permanent(), temporary(), nil}
	s.mail.fail = func(stage, _ string) error {
		if stage != "rcpt" {
			return nil
		}
		err := answers[0]
		answers = answers[1:]
		return err
	}
	id := s.profile("ada", map[string]any{"email": address("ada")})
	s.event(id, "Ordered", nil)
	s.play(s.enter()[0], nil)
	if n, err := s.store.RetryFailures(t.Context(), "", s.clock()); err != nil || n != 1 {
		t.Fatalf("%d, %v", n, err)
	}
	for i, want := range []int{1, 0, 1, 0} { // taken, not due, taken, nothing left
		if i == 2 {
			s.setClock(start.Add(time.Minute))
		}
		if n, err := s.advance.Retry(t.Context()); err != nil || n != want {
			t.Errorf("round %d took %d, %v", i, n, err)
		}
	}
	if diff := cmp.Diff([]string{"letter done"}, s.outcomes(id)); diff != "" || s.mail.to(address("ada")) != 1 {
		t.Error(diff)
	}
}
