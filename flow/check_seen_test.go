package flow_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/legato-flow/legato/flow"
)

// shopData is what a shop has.
func shopData() flow.Seen {
	people := &flow.Properties{Sampled: 2000}
	people.Add("points", "string", 37)
	people.Add("vip", "boolean", 90)
	people.Add("score", "number", 90)
	people.Add("tags", "array", 9)
	people.Add("member", "string", 12)
	people.Add("birthday", "string", 700)
	people.Add("birthday", flow.DateValue, 100)
	people.Add("seen", "string", 12)
	people.Add("mixed", "string", 3)
	people.Add("mixed", "number", 1)
	cart := flow.Properties{Sampled: 500}
	cart.Add("ItemPrice", "number", 500)
	cart.Add("Categories", "array", 500)
	return flow.Seen{
		Metrics: []string{"Added to Cart", "Placed Order"}, Lists: []string{"L1", "Newsletter"}, Person: people,
		Events: map[string]flow.Properties{"Added to Cart": cart},
	}
}

func TestDefinitionsAreHeldAgainstTheData(t *testing.T) {
	t.Parallel()
	const none = ""
	for yaml, want := range map[string]string{
		`filter: person.points > 10`: `3:9: person.points is text in all 37 of the 2000 changes of profiles so far that have it, and > with a number is always false` +
			` | number(person.points) reads a number from text`,
		`filter: number(person.points) > 10`:                    none,
		`filter: person.mixed > 10`:                             none,
		`filter: person.vip and person.score >= 3`:              none,
		`filter: person.vip == "true"`:                          `3:9: person.vip is true or false in all 90 of the 2000 changes of profiles so far that have it, and == with text is always false`,
		`filter: person.member`:                                 `3:9: person.member is text in all 12 of the 2000 changes of profiles so far that have it, and is never true here | compare it with text, like person.member == "true"`,
		`filter: person.score == "3"`:                           `3:9: person.score is a number in all 90 of the 2000 changes of profiles so far that have it, and == with text is always false | a number is written without quotes`,
		`filter: lower(person.score) == "3"`:                    `3:15: person.score is a number in all 90 of the 2000 changes of profiles so far that have it, and lower needs text | string(person.score) is the number as text`,
		`filter: person.birthday < now - "30d"`:                 none,
		`filter: days_until(person.seen) < 3`:                   `3:20: person.seen is text in all 12 of the 2000 changes of profiles so far that have it, and days_until needs a date | a date is like 2026-05-10, or as the reference says`,
		`filter: person.seen < "2026-01-01"`:                    `3:9: person.seen is text in all 12 of the 2000 changes of profiles so far that have it, and never a date, so < is always false | a date is like 2026-05-10, or as the reference says`,
		`filter: date(person.score) < now`:                      none,
		`filter: person.tags contains "a"`:                      none,
		`filter: person.score contains "a"`:                     `3:9: person.score is a number in all 90 of the 2000 changes of profiles so far that have it, and contains needs text or a list | string(person.score) is the number as text`,
		`filter: person.brithday == "1990-05-10"`:               `3:9: none of the 2000 changes of profiles so far has a property "brithday" | did you mean birthday?`,
		`filter: person.emial == "a"`:                           `3:9: none of the 2000 changes of profiles so far has a property "emial" | did you mean email?`,
		`filter: person.email == "a"`:                           none,
		`filter: person.email > 3`:                              `3:9: person.email is text, and > with a number is always false`,
		`filter: person.created < now`:                          none,
		`filter: person.location.contry == "US"`:                `3:9: a location has no "contry" | did you mean country?`,
		`filter: person.set_here == 3`:                          none,
		`filter: event.ItemPrice > 3`:                           none,
		`filter: event.itemprice > 3`:                           `3:9: none of the 500 events of Added to Cart so far has a property "itemprice" | did you mean ItemPrice?`,
		`filter: event.value > 3 and event["$value"] > 3`:       none,
		`filter: "any(event.Categories, # == 'a')"`:             none,
		`filter: "any(event.ItemPrice, # == 'a')"`:              `3:14: event.ItemPrice is a number in all 500 of the 500 events of Added to Cart so far that have it, and any needs a list`,
		`filter: did("Placed order")`:                           `3:13: no event of the metric "Placed order" has been received so far | did you mean Placed Order?`,
		`filter: did("Recorded Here")`:                          none,
		`filter: did("Opened Email")`:                           none,
		`filter: sum(events("Added to Cart"), .Price) > 1`:      `3:38: none of the 500 events of Added to Cart so far has a property "Price"`,
		`filter: in_list("Newsleter")`:                          `3:17: there is no list "Newsleter" | did you mean Newsletter?`,
		`filter: in_list("L1") and in_list("Newsletter")`:       none,
		`exit_on: {metric: Placed Order, filter: event.x > 1}`:  none, // no such event was looked at
		`exit_on: {metric: Added to Cart, filter: event.x > 1}`: `3:42: none of the 500 events of Added to Cart so far has a property "x"`,
		`exit_on: {metric: Order Placed}`:                       `3:19: no event of the metric "Order Placed" has been received so far`,
		"filter: |\n  person.vip and\n    person.points < 3": `5:5: person.points is text in all 37 of the 2000 changes of profiles so far that have it, and < with a number is always false` +
			` | number(person.points) reads a number from text`,
	} {
		text := "flow: f\ntrigger: {metric: Added to Cart}\n" + yaml +
			"\nsteps:\n  - update_profile: {set: {set_here: true}}\n  - track: Recorded Here\n"
		d, problems := flow.Load(fstest.MapFS{"flows/f.yaml": {Data: []byte(text)}}, "x")
		if len(problems) > 0 {
			t.Errorf("%s: %v", yaml, problems)
			continue
		}
		var got []string
		for _, p := range flow.CheckData(d, shopData()) {
			if p.Severity != flow.IsWarning {
				t.Errorf("%s: data is never an error: %s", yaml, p)
			}
			lines := strings.Split(p.String(), "\n")
			line := strings.Replace(strings.TrimPrefix(lines[0], "x/flows/f.yaml:"), "warning: ", "", 1)
			if p.Hint != "" {
				line += " | " + p.Hint
			}
			got = append(got, line)
		}
		if diff := cmp.Diff(want, strings.Join(got, "\n")); diff != "" {
			t.Errorf("%s: %s", yaml, diff)
		}
	}
}

func TestWithoutDataThereIsNothingToSay(t *testing.T) {
	t.Parallel()
	text := `
flow: f
trigger: {list: None}
filter: person.x > 1 and did("Nothing") and in_list("Nobody")
steps:
  - list: {add: None}
  - update_profile: {set: {a: 1}}
`
	d, problems := flow.Load(fstest.MapFS{"flows/f.yaml": {Data: []byte(text)}}, "x")
	if problems.Err() != nil {
		t.Fatal(problems)
	}
	if got := flow.CheckData(d, flow.Seen{}); len(got) > 0 {
		t.Error(got)
	}
	if got := flow.CheckData(d, shopData()); len(got) != 5 {
		t.Errorf("trigger, property, metric, list and step: %d\n%v", len(got), got)
	}
}

func TestADateTriggerNeedsAPropertyThatIsADate(t *testing.T) {
	t.Parallel()
	for property, want := range map[string]string{
		"birthday": "", "score": "never a date", "seen": "never a date", "brthday": "did you mean birthday?",
	} {
		text := "flow: f\ntrigger: {date: person." + property + ", at: '09:00'}\nsteps:\n  - track: A\n"
		d, problems := flow.Load(fstest.MapFS{"flows/f.yaml": {Data: []byte(text)}}, "x")
		if problems.Err() != nil {
			t.Fatal(problems)
		}
		got := flow.CheckData(d, shopData()).Error()
		if (want == "") != (got == "") || !strings.Contains(got, want) {
			t.Errorf("%s: %s", property, got)
		}
	}
}
