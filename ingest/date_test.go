package ingest_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jmoiron/sqlx"
	"github.com/legato-flow/legato/flow/plan"
	"github.com/legato-flow/legato/flow/program"
	"github.com/legato-flow/legato/ingest"
	"github.com/legato-flow/legato/internal/clock"
	"github.com/legato-flow/legato/internal/testkit"
	"github.com/legato-flow/legato/store"
)

// planning is a planner whose time is the test's.
type planning struct {
	*testing.T
	store   *store.Store
	planner *ingest.Planner
	now     time.Time
}

func newPlanning(t *testing.T, start string) *planning {
	t.Helper()
	p := &planning{T: t, store: testkit.Store(t), now: at(t, start)}
	p.planner = &ingest.Planner{
		Store: p.store, Clock: clock.Clock{Now: func() time.Time { return p.now }, Speed: 1},
		Programs: &program.Cache{Load: p.store.Plan}, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
	}
	return p
}

func at(t *testing.T, text string) time.Time {
	t.Helper()
	moment, err := time.Parse("2006-01-02 15:04", text)
	if err != nil {
		t.Fatal(err)
	}
	return moment
}

// flow makes a live flow that the date triggers: a message, and another after each wait.
func (p *planning) flow(trigger plan.DateTrigger, waits ...plan.Wait) {
	p.Helper()
	trigger.Property = "birthday"
	if trigger.Timezone == "" {
		trigger.Timezone = plan.PersonZone
	}
	body := &plan.Plan{Format: plan.Format, Flow: "f", Name: "f", Triggers: []plan.Trigger{{Date: &trigger}}, Reentry: plan.Reentry{Mode: plan.Always}, Entry: "mail-0"}
	for i := range len(waits) + 1 {
		mail := plan.Step{ID: fmt.Sprint("mail-", i), Kind: plan.KindEmail, Email: &plan.Email{Template: "t"}}
		if i < len(waits) {
			mail.Next = fmt.Sprint("wait-", i)
		}
		body.Steps = append(body.Steps, mail)
		if i < len(waits) {
			body.Steps = append(body.Steps, plan.Step{ID: mail.Next, Kind: plan.KindWait, Wait: &waits[i], Next: fmt.Sprint("mail-", i+1)})
		}
	}
	if err := p.store.Tx(p.Context(), func(tx *sqlx.Tx) error { return p.store.ApplyFlow(p.Context(), tx, body, plan.Live) }); err != nil {
		p.Fatal(err)
	}
}

func (p *planning) exec(statement string, arguments ...any) {
	p.Helper()
	if _, err := p.store.DB.Exec(statement, arguments...); err != nil {
		p.Fatalf("%s: %v", statement, err)
	}
}

// born writes somebody with a date, which changes at the test's time.
func (p *planning) born(id, date, zone string) {
	p.Helper()
	p.exec(`insert into profile (id, location) values ($1, jsonb_build_object('timezone', $2::text)) on conflict (id) do nothing`, id, zone)
	year, month, day, ok := plan.ParseDate(date)
	if !ok {
		p.Fatalf("%s is no date", date)
	}
	p.exec(`insert into profile_date (profile_id, property, year, month, day) values ($1, 'birthday', $2, $3, $4)
		on conflict (profile_id, property) do update set year = excluded.year, month = excluded.month, day = excluded.day`, id, year, int(month), day)
	p.exec("update date_change set changed_at = $1", p.now)
}

// plan lets the planner look at the time.
func (p *planning) plan(now string) {
	p.Helper()
	p.now = at(p.T, now)
	p.look()
}

func (p *planning) look() {
	p.Helper()
	if _, err := p.planner.Plan(p.Context()); err != nil {
		p.Fatal(err)
	}
}

// entries gives what waits in the outbox, in the order in which it is due.
func (p *planning) entries() []string {
	p.Helper()
	var rows []store.Entry
	err := p.store.DB.Select(&rows, "select profile_id, entry_key, due_at, place_from from outbox order by due_at, profile_id, entry_key")
	if err != nil {
		p.Fatal(err)
	}
	var lines []string
	for _, e := range rows {
		line := e.ProfileID + " " + e.Key + " due " + e.DueAt.Time.UTC().Format("2006-01-02 15:04")
		if e.PlaceFrom.Valid {
			line += " from " + e.PlaceFrom.Time.UTC().Format("2006-01-02 15:04")
		}
		lines = append(lines, line)
	}
	return lines
}

func (p *planning) want(lines ...string) {
	p.Helper()
	if diff := cmp.Diff(lines, p.entries()); diff != "" {
		p.Error(diff)
	}
}

// However the planner's looks fall, with outages among them, everybody is planned for each of their moments once.
func TestEveryMomentIsPlannedOnce(t *testing.T) {
	t.Parallel()
	zones := []string{"", "Europe/Berlin", "America/New_York", "Asia/Tokyo", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Kiritimati",
		"Pacific/Pago_Pago", "America/St_Johns", "not/a zone"}
	dates := []string{"1990-03-08", "1991-03-07", "2026-03-29", "2026-03-30", "1992-02-29", "2026-03-31", "2026-01-31", "2030-04-30"}
	for name, trigger := range map[string]plan.DateTrigger{
		"yearly":                    {At: "09:00", Repeat: plan.Yearly},
		"yearly in the gap":         {At: "02:15", Repeat: plan.Yearly},
		"monthly":                   {At: "00:00", Repeat: plan.Monthly},
		"weekly":                    {At: "23:59", Repeat: plan.Weekly},
		"once":                      {At: "09:00", Repeat: plan.Once, Days: 1},
		"a month before":            {At: "09:00", Repeat: plan.Yearly, Months: -1},
		"a week before on weekdays": {At: "09:00", Repeat: plan.Yearly, Days: -7, Weekdays: []string{"monday", "thursday"}},
		"in a zone":                 {At: "09:00", Repeat: plan.Monthly, Timezone: "America/Sao_Paulo"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlanning(t, "2026-02-26 03:17")
			p.flow(trigger)
			trigger := trigger
			if trigger.Timezone == "" {
				trigger.Timezone = plan.PersonZone
			}
			for z, zone := range zones {
				for d, date := range dates {
					p.born(fmt.Sprintf("p%d-%d", z, d), date, zone)
				}
			}
			begin := p.now
			steps := []time.Duration{time.Minute, 59 * time.Minute, 60 * time.Minute, 7 * time.Hour, 61 * time.Minute, 50 * time.Hour, time.Second, 13 * time.Hour}
			for i := 0; p.now.Before(begin.AddDate(0, 2, 0)); i++ {
				p.look()
				p.now = p.now.Add(steps[i%len(steps)])
			}
			p.look()
			var want []string
			for z, zone := range zones {
				for d, date := range dates {
					year, month, day, _ := plan.ParseDate(date)
					where := clock.Zone(zone, "UTC")
					if trigger.Timezone != plan.PersonZone {
						where = clock.Zone(trigger.Timezone)
					}
					for _, f := range trigger.Firings(plan.Day{Year: year, Month: month, Day: day}, where, begin, p.now.Add(time.Hour)) {
						want = append(want, fmt.Sprintf("p%d-%d %s due %s", z, d, plan.DateKey(f.On), f.Moment.UTC().Format("2006-01-02 15:04")))
					}
				}
			}
			got := p.entries()
			slices.Sort(got)
			slices.Sort(want)
			if len(want) < 10 {
				t.Fatalf("only %d moments", len(want))
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAPlannerThatStoodStillCatchesUpThreeDays(t *testing.T) {
	t.Parallel()
	p := newPlanning(t, "2026-05-01 12:00")
	p.flow(plan.DateTrigger{At: "09:00", Repeat: plan.Yearly})
	p.born("late", "1990-05-10", "UTC")
	p.born("too-late", "1990-05-09", "UTC")
	p.look()
	p.plan("2026-05-12 12:00")
	p.want("late date/2026-05-10 due 2026-05-10 09:00")
}

func TestWhatComesWhileAFlowIsOffIsMissed(t *testing.T) {
	t.Parallel()
	p := newPlanning(t, "2026-05-09 12:00")
	p.flow(plan.DateTrigger{At: "09:00", Repeat: plan.Yearly})
	p.born("missed", "1990-05-10", "UTC")
	p.born("served", "1990-05-11", "UTC")
	p.look()
	p.exec("update flow set status = 'draft'")
	p.plan("2026-05-09 13:00")
	p.plan("2026-05-10 12:00")
	p.exec("update flow set status = 'live'")
	p.plan("2026-05-10 13:00")
	p.plan("2026-05-11 08:30")
	p.want("served date/2026-05-11 due 2026-05-11 09:00")
}

func TestAnotherVersionOfTheFlowIsLookedAtAgain(t *testing.T) {
	t.Parallel()
	p := newPlanning(t, "2026-05-10 08:00")
	p.flow(plan.DateTrigger{At: "15:00", Repeat: plan.Yearly})
	p.born("ada", "1990-05-10", "UTC")
	p.plan("2026-05-10 08:10")
	p.flow(plan.DateTrigger{At: "08:30", Repeat: plan.Yearly})
	p.plan("2026-05-10 08:11")
	p.want("ada date/2026-05-10 due 2026-05-10 08:30")
}

func TestADateThatIsWrittenCountsFromThenOn(t *testing.T) {
	t.Parallel()
	day := []plan.Wait{{Days: 1}}
	for _, test := range []struct {
		name    string
		trigger plan.DateTrigger
		waits   []plan.Wait
		date    string
		written string
		want    []string
	}{
		{"in the morning, for noon", plan.DateTrigger{At: "12:00", Repeat: plan.Yearly}, nil, "1990-05-10", "2026-05-10 11:50",
			[]string{"ada date/2026-05-10 due 2026-05-10 12:00"}},
		{"after noon, and nothing follows", plan.DateTrigger{At: "12:00", Repeat: plan.Yearly}, nil, "1990-05-10", "2026-05-10 13:00", nil},
		{"after noon, and something follows", plan.DateTrigger{At: "12:00", Repeat: plan.Yearly}, day, "1990-05-10", "2026-05-10 13:00",
			[]string{"ada date/2026-05-10 due 2026-05-10 13:00 from 2026-05-10 12:00"}},
		{"when all is over", plan.DateTrigger{At: "12:00", Repeat: plan.Yearly}, day, "1990-05-09", "2026-05-10 13:00", nil},
		{"a week before, between the first message and the date", plan.DateTrigger{At: "09:00", Repeat: plan.Yearly, Days: -7},
			[]plan.Wait{{Date: &plan.Offset{}, At: "09:00"}}, "1990-05-12", "2026-05-10 13:00",
			[]string{"ada date/2026-05-12 due 2026-05-10 13:00 from 2026-05-05 09:00"}},
		{"before all of it", plan.DateTrigger{At: "09:00", Repeat: plan.Yearly, Days: -7}, day, "1990-06-12", "2026-05-10 13:00", nil},
		{"weekly, in the middle of several", plan.DateTrigger{At: "12:00", Repeat: plan.Weekly}, []plan.Wait{{Days: 30}}, "2026-01-06", "2026-05-10 13:00",
			[]string{"ada date/2026-05-05 due 2026-05-10 13:00 from 2026-05-05 12:00"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := newPlanning(t, test.written)
			p.flow(test.trigger, test.waits...)
			p.look() // which is an hour further than the moment at hand
			p.born("ada", test.date, "UTC")
			p.look()
			p.look()
			p.want(test.want...)
		})
	}
}

// The worker stood still when the date was written and when its moment came.
func TestAMomentBetweenTheChangeAndTheLookIsNotMissed(t *testing.T) {
	t.Parallel()
	p := newPlanning(t, "2026-05-10 09:00")
	p.flow(plan.DateTrigger{At: "12:00", Repeat: plan.Yearly})
	p.look()
	p.now = at(t, "2026-05-10 11:00")
	p.born("ada", "1990-05-10", "UTC")
	p.plan("2026-05-10 14:00")
	p.want("ada date/2026-05-10 due 2026-05-10 12:00")
}

func TestADateThatMovesAwayAndComesBackIsPlannedAgain(t *testing.T) {
	t.Parallel()
	p := newPlanning(t, "2026-05-10 08:30")
	p.flow(plan.DateTrigger{At: "09:00", Repeat: plan.Yearly}, plan.Wait{Days: 10})
	p.look()
	p.born("ada", "1990-05-10", "UTC")
	p.look()
	p.want("ada date/2026-05-10 due 2026-05-10 09:00")

	enter := func() { // as the dispatcher does
		p.exec("insert into cohort (id, flow_id, hash, size) select 'c', 'f', hash, 1 from flow on conflict do nothing")
		p.exec(`insert into run (id, flow_id, hash, profile_id, entry_key, cohort_id, entered_at)
			select 'r' || o.id, 'f', f.hash, o.profile_id, o.entry_key, 'c', o.due_at from outbox o join flow f on f.id = o.flow_id`)
		p.exec("delete from outbox")
	}
	enter()
	p.born("ada", "1985-05-10", "UTC") // the same day, so that nothing changes
	p.look()
	p.want()

	p.born("ada", "1990-06-20", "UTC")
	p.look()
	p.want()
	if n := number(t, p.store, "select count(*) from nudge n join run r on r.id = n.run_id where r.profile_id = 'ada'"); n != 2 {
		t.Errorf("the run was nudged %d times", n)
	}
	p.exec("update run set status = 'exited', reason = $1", store.DateChanged)
	p.born("ada", "1990-05-10", "UTC")
	p.look()
	p.want("ada date/2026-05-10/2 due 2026-05-10 09:00")
	enter()

	p.exec("delete from profile_date")
	p.exec("update date_change set changed_at = $1", p.now)
	p.exec("update run set status = 'exited', reason = $1 where status = 'active'", store.DateRemoved)
	p.look()
	p.want()
	p.now = at(t, "2026-05-12 10:00")
	p.born("ada", "1990-05-10", "UTC")
	p.look()
	p.want("ada date/2026-05-10/3 due 2026-05-12 10:00 from 2026-05-10 09:00")
	enter()

	p.exec("update run set status = 'done' where status = 'active'")
	p.born("ada", "1990-05-11", "UTC")
	p.born("ada", "1990-05-10", "UTC")
	p.look()
	p.want() // who came to the end has had it
}

func TestOnlyChangesOfDatesThatAFlowUsesWait(t *testing.T) {
	t.Parallel()
	p := newPlanning(t, "2026-05-10 08:30")
	waiting := func(want int, when string) {
		t.Helper()
		if n := number(t, p.store, "select count(*) from date_change"); n != want {
			t.Errorf("%s: %d changes wait, want %d", when, n, want)
		}
		p.exec("delete from date_change")
	}
	p.born("ada", "1990-05-10", "UTC")
	waiting(0, "no flow uses it")
	p.flow(plan.DateTrigger{At: "09:00", Repeat: plan.Yearly})
	p.exec("insert into profile_date (profile_id, property, year, month, day) values ('ada', 'since', 2020, 1, 1)")
	waiting(0, "another property")
	p.born("ada", "1990-05-11", "UTC")
	waiting(1, "changed")
	p.exec("update profile set location = location || '{\"city\": \"Ulm\"}', updated_at = now()")
	waiting(0, "another city")
	p.exec("update profile set location = location || '{\"timezone\": \"Europe/Berlin\"}'")
	waiting(1, "another zone")
	if n := number(t, p.store, "select count(*) from profile_date where zone = 'Europe/Berlin'"); n != 2 {
		t.Errorf("%d dates have the zone", n)
	}
	p.exec("delete from profile")
	waiting(1, "gone")
}

func TestACrowdIsSpreadAndEntersOnce(t *testing.T) {
	t.Parallel()
	p := newPlanning(t, "2026-05-10 06:30") // nine in Berlin is seven
	p.planner.Spread = 10 * time.Minute
	p.planner.Horizon = 2 * time.Hour
	p.flow(plan.DateTrigger{At: "09:00", Repeat: plan.Yearly})
	p.exec(`insert into profile (id, location) select 'p' || i, '{"timezone": "UTC"}' from generate_series(1, 3000) i`)
	p.exec(`insert into profile (id, location) select 'q' || i, '{"timezone": "Europe/Berlin"}' from generate_series(1, 1000) i`)
	p.exec("insert into profile_date (profile_id, property, year, month, day) select id, 'birthday', 1990, 5, 10 from profile")
	p.exec("update date_change set changed_at = $1", p.now)
	p.look()
	type row struct {
		Least, Most time.Time
		N, Parts    int
	}
	crowd := func(prefix string) row {
		t.Helper()
		var r row
		err := p.store.DB.Get(&r, `select min(due_at) as least, max(due_at) as most, count(*) as n, count(distinct due_at) as parts
			from outbox where profile_id like $1 || '%'`, prefix)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	p.now = at(t, "2026-05-10 08:30")
	p.look()
	moment := at(t, "2026-05-10 09:00")
	r := crowd("p")
	if r.N != 3000 || r.Parts != 15 || !r.Least.Equal(moment) || !r.Most.Equal(moment.Add(14*40*time.Second)) {
		t.Errorf("%+v", r)
	}
	if r := crowd("q"); r.N != 1000 || r.Parts != 1 || !r.Least.Equal(at(t, "2026-05-10 07:00")) {
		t.Errorf("a thousand were not let in together: %+v", r)
	}
	var least int
	if err := p.store.DB.Get(&least, "select min(n) from (select count(*) as n from outbox where profile_id like 'p%' group by due_at) x"); err != nil || least < 120 {
		t.Errorf("the smallest part is of %d, %v", least, err)
	}
	if n := number(t, p.store, "select count(*) - count(distinct profile_id) from outbox"); n != 0 {
		t.Errorf("%d enter twice", n)
	}
	// The outbox is in the order of the parts, so that those who enter together are in a cohort.
	if n := number(t, p.store, "select count(*) from (select due_at < lag(due_at) over (order by id) as back from outbox where profile_id like 'p%') x where back"); n != 0 {
		t.Errorf("%d entries are out of order", n)
	}
}

func TestPlannersInSeveralProcessesPlanEverybody(t *testing.T) {
	t.Parallel()
	p := newPlanning(t, "2026-05-10 08:30")
	p.flow(plan.DateTrigger{At: "09:00", Repeat: plan.Yearly})
	p.exec(`insert into profile (id) select 'p' || i from generate_series(1, 500) i`)
	p.exec("insert into profile_date (profile_id, property, year, month, day) select id, 'birthday', 1990, 5, 10 from profile")
	p.exec("update date_change set changed_at = $1", p.now)
	errs := make(chan error, 4)
	for range 4 {
		go func() {
			_, err := p.planner.Plan(context.WithoutCancel(t.Context()))
			errs <- err
		}()
	}
	for range 4 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	p.look()
	// One may plan somebody from the queue whom another has just found: the dispatcher lets one key in once.
	if n := number(t, p.store, "select count(distinct profile_id || ' ' || entry_key) from outbox"); n != 500 {
		t.Errorf("%d entries for 500 people", n)
	}
}
