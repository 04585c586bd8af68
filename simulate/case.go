package simulate

import (
	"encoding/json"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/legato-flow/legato/activities"
	"github.com/legato-flow/legato/flow"
	"github.com/legato-flow/legato/flow/plan"
	"github.com/legato-flow/legato/store"
)

// maxCases bounds the tests of one file.
const maxCases = 200

// start is when a test begins that does not say so: a Monday morning.
var start = time.Date(2026, time.March, 2, 10, 0, 0, 0, time.UTC)

// File is a file of tests of one flow.
type File struct {
	Name     string
	Flow     string
	Cases    []Case
	account  store.Account
	caps     map[string]time.Duration
	quiet    map[string]activities.QuietHours
	webFeeds map[string]any
	catalog  []store.Item

	flowAt flow.Value
}

// Case is one test of a flow: a person, what happens, and what is expected of it.
type Case struct {
	Name string

	at       time.Time
	until    time.Time // zero: until nothing more happens
	given    *Person
	happens  []Happening
	catalog  []store.Item
	webFeeds map[string]any
	expect   expectation
	place    flow.Value
}

// ReadFile reads tests. Problems have file, line and column; with an error among them the file must not be used.
func ReadFile(name string, data []byte) (*File, flow.Problems) {
	d := flow.NewDocument(name, data)
	f := &File{Name: name}
	found := d.Root().Fields("a file of tests", flow.Field{Name: "flow", Required: true, Example: "abandoned-cart"},
		flow.Field{Name: "account"}, flow.Field{Name: "feeds"}, flow.Field{Name: "catalog"},
		flow.Field{Name: "tests", Required: true, Example: "[{name: …, given: …, events: …, expect: …}]"})
	if id := found["flow"]; id.Given() {
		f.Flow, f.flowAt = id.Text("flow", 64), id
	}
	if account := found["account"]; account.Given() {
		f.readAccount(account)
	}
	if feeds := found["feeds"]; feeds.Given() {
		f.webFeeds = readFeeds(feeds)
	}
	if catalog := found["catalog"]; catalog.Given() {
		f.catalog = ReadCatalog(catalog)
	}
	if tests := found["tests"]; tests.Given() {
		items := tests.Items("tests", maxCases)
		names := map[string]bool{}
		for _, item := range items {
			c := readCase(item)
			if c.Name != "" && names[c.Name] {
				item.Fail("", "a test is called %q already", c.Name)
			}
			names[c.Name] = true
			f.Cases = append(f.Cases, c)
		}
	}
	return f, d.Problems()
}

// readAccount reads the shop and its settings. Those that it does not name are the standard ones.
func (f *File) readAccount(v flow.Value) {
	a := &f.account
	found := v.Fields("account", flow.Field{Name: "name"}, flow.Field{Name: "timezone"}, flow.Field{Name: "currency"},
		flow.Field{Name: "locale"}, flow.Field{Name: "organization"}, flow.Field{Name: "caps"}, flow.Field{Name: "quiet_hours"},
		flow.Field{Name: "tracking"})
	for name, to := range map[string]*string{"name": &a.Name, "timezone": &a.Timezone, "currency": &a.Currency, "locale": &a.Locale} {
		if value := found[name]; value.Given() {
			*to = value.Text(name, 200)
		}
	}
	if zone := found["timezone"]; zone.Given() && a.Timezone != "" {
		if _, err := time.LoadLocation(a.Timezone); err != nil || a.Timezone == "Local" {
			zone.Fail("a name of the IANA data base such as Europe/Berlin", "unknown time zone %q", a.Timezone)
		}
	}
	if organization := found["organization"]; organization.Given() {
		organization.Entries("organization", 50)
		a.Organization, _ = json.Marshal(object(organization))
	}
	if tracking := found["tracking"]; tracking.Given() {
		a.Tracking = readTracking(tracking)
	}
	channels := []flow.Field{{Name: plan.ChannelEmail}, {Name: plan.ChannelSMS}, {Name: plan.ChannelPush}}
	if caps := found["caps"]; caps.Given() {
		f.caps = map[string]time.Duration{}
		for channel, length := range caps.Fields("caps", channels...) {
			f.caps[channel] = 0
			if length.Data() != "off" {
				f.caps[channel] = length.Duration("a cap")
			}
		}
	}
	if hours := found["quiet_hours"]; hours.Given() {
		f.quiet = map[string]activities.QuietHours{}
		for channel, v := range hours.Fields("quiet_hours", channels...) {
			from, till, ok := strings.Cut(v.Text("quiet hours", 11), "-")
			_, err := time.Parse(plan.Clock, from)
			_, err2 := time.Parse(plan.Clock, till)
			if !ok || err != nil || err2 != nil || from == till {
				v.Fail(`for example "21:00-08:00"`, "quiet hours must be two different times of day")
				continue
			}
			f.quiet[channel] = activities.QuietHours{From: from, Till: till}
		}
	}
}

func readFeeds(v flow.Value) map[string]any {
	feeds := map[string]any{}
	for _, e := range v.Entries("feeds", 50) {
		e.Value.Entries("what a feed answers", 1000)
		feeds[e.Name] = e.Value.Data()
	}
	return feeds
}

func readCase(v flow.Value) Case {
	c := Case{at: start, given: &Person{}, place: v}
	found := v.Fields("a test", flow.Field{Name: "name", Required: true, Example: "who buys meanwhile gets nothing"},
		flow.Field{Name: "given"}, flow.Field{Name: "catalog"}, flow.Field{Name: "feeds"}, flow.Field{Name: "at"}, flow.Field{Name: "until"},
		flow.Field{Name: "events"}, flow.Field{Name: "expect", Required: true, Example: "{messages: []}"})
	if name := found["name"]; name.Given() {
		c.Name, c.place = name.Text("name", 200), name
	}
	if at := found["at"]; at.Given() {
		c.at = at.Moment("at", start)
	}
	if given := found["given"]; given.Given() {
		c.given = ReadPerson(given, c.at)
	}
	if len(c.given.Attributes) == 0 {
		c.given.Attributes = map[string]string{"external_id": "somebody"}
	}
	if catalog := found["catalog"]; catalog.Given() {
		c.catalog = ReadCatalog(catalog)
	}
	if feeds := found["feeds"]; feeds.Given() {
		c.webFeeds = readFeeds(feeds)
	}
	if events := found["events"]; events.Given() {
		c.happens = readHappenings(events, "events", c.at)
		for _, h := range c.happens {
			if h.At.Before(c.at) {
				h.place.Fail("what happened before belongs to events of given", "this happens before the test begins")
			}
			if h.At.Sub(c.at) > Longest {
				h.place.Fail("", "this happens more than %d days after the beginning", int(Longest.Hours()/24))
			}
		}
	}
	if until := found["until"]; until.Given() {
		c.until = until.Moment("until", c.at)
		if c.until.Before(c.at) || c.until.Sub(c.at) > Longest {
			until.Fail("", "until must be at most %d days after the beginning", int(Longest.Hours()/24))
		}
	}
	if expect := found["expect"]; expect.Given() {
		c.expect = readExpectation(expect, c.at)
	}
	return c
}

// TestName says whether a file's name is that of tests of a flow.
func TestName(file string) bool {
	return strings.HasSuffix(file, "_test.yaml") && !strings.HasPrefix(path.Base(file), ".")
}

// Failure is an expectation that was not met.
type Failure struct {
	Problem flow.Problem // where it is written, and what came instead
}

func (f Failure) String() string { return f.Problem.String() }

func failure(at flow.Value, format string, args ...any) Failure {
	return Failure{at.Problem(fmt.Sprintf(format, args...))}
}
