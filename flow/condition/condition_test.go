package condition_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/legato-flow/legato/expression"
	"github.com/legato-flow/legato/flow/condition"
)

// names are those of a shop: what is not known is missing.
type names struct{ metrics, lists map[string]string }

func (n names) Metric(id string) (string, bool)     { return find(n.metrics, id) }
func (n names) MetricID(name string) (string, bool) { return reverse(n.metrics, name) }
func (n names) List(id string) (string, bool)       { return find(n.lists, id) }
func (n names) ListID(name string) (string, bool)   { return reverse(n.lists, name) }

func find(m map[string]string, id string) (string, bool) { name, ok := m[id]; return name, ok }

func reverse(m map[string]string, name string) (string, bool) {
	for id, n := range m {
		if n == name {
			return id, true
		}
	}
	return "", false
}

var shop = names{
	metrics: map[string]string{"PLCORD": "Placed Order", "VIEWED": `Viewed "Product"`},
	lists:   map[string]string{"LISTAA": "Newsletter", "LISTBB": "LISTBB"},
}

func group(conditions ...string) string {
	return `{"condition_groups":[{"conditions":[` + strings.Join(conditions, ",") + `]}]}`
}

func profile(property, filter string) string {
	return `{"type":"profile-property","property":"` + property + `","filter":` + filter + `}`
}

func metric(rest string) string {
	return `{"type":"profile-metric","metric_id":"PLCORD",` + rest + `}`
}

const count0 = `"measurement":"count","measurement_filter":{"type":"numeric","operator":"equals","value":0},`

func TestConditionsAreExpressionsAndBack(t *testing.T) {
	t.Parallel()
	for source, conditions := range map[string]string{
		`person.email == "a\"b"`:                                    group(profile("email", `{"type":"string","operator":"equals","value":"a\"b"}`)),
		`person["Favorite Color"] not contains "red"`:               group(profile("properties['Favorite Color']", `{"type":"string","operator":"not-contains","value":"red"}`)),
		`person["it's"] not startsWith "x"`:                         group(profile(`properties['it\\'s']`, `{"type":"string","operator":"not-starts-with","value":"x"}`)),
		`person.location.city endsWith "x"`:                         group(profile("location['city']", `{"type":"string","operator":"ends-with","value":"x"}`)),
		`person.A not matches "^a"`:                                 group(profile("properties['A']", `{"type":"string","operator":"nregex","value":"^a"}`)),
		`person.A in ["a", "b"]`:                                    group(profile("properties['A']", `{"type":"string","operator":"in","value":["a","b"]}`)),
		`phone_country(person.phone_number) not in ["US"]`:          group(profile("phone_number", `{"type":"string","operator":"phone-country-code-not-in","value":["US"]}`)),
		`person.A >= -1.5`:                                          group(profile("properties['A']", `{"type":"numeric","operator":"greater-than-or-equal","value":-1.5}`)),
		`1 <= person.A <= 2`:                                        group(profile("properties['A']", `{"type":"numeric","operator":"between","start":1,"end":2}`)),
		`person.A == false`:                                         group(profile("properties['A']", `{"type":"boolean","operator":"equals","value":false}`)),
		`person.A < "2026-05-10T00:00:00Z"`:                         group(profile("properties['A']", `{"type":"date","operator":"before","date":"2026-05-10T00:00:00Z"}`)),
		`"2026-05-10" <= person.A <= "2026-06-10"`:                  group(profile("properties['A']", `{"type":"date","operator":"between-static","start":"2026-05-10","end":"2026-06-10"}`)),
		`now - "3d" < person.A <= now`:                              group(profile("properties['A']", `{"type":"date","operator":"in-the-last","quantity":3,"unit":"day"}`)),
		`person.A <= now - "3w"`:                                    group(profile("properties['A']", `{"type":"date","operator":"at-least","quantity":3,"unit":"week"}`)),
		`now <= person.A <= now + "5h"`:                             group(profile("properties['A']", `{"type":"date","operator":"in-the-next","quantity":5,"unit":"hour"}`)),
		`now - "20d" <= person.Expires < now - "10d"`:               group(profile("properties['Expires']", `{"type":"date","operator":"between","start":10,"end":20,"unit":"day"}`)),
		`anniversary_in(person.A, "0d")`:                            group(profile("properties['A']", `{"type":"date","operator":"anniversary"}`)),
		`anniversary_in(person.A, "7d")`:                            group(profile("properties['A']", `{"type":"date","operator":"anniversary-next","quantity":7,"unit":"day"}`)),
		`anniversary_ago(person.A, "1w")`:                           group(profile("properties['A']", `{"type":"date","operator":"anniversary-last","quantity":1,"unit":"week"}`)),
		`month(person.A) == month(now)`:                             group(profile("properties['A']", `{"type":"date","operator":"anniversary-month"}`)),
		`month(person.Born) == 5`:                                   group(profile("properties['Born']", `{"type":"date","operator":"calendar-month","value":5}`)),
		`"XL" in person.Sizes`:                                      group(profile("properties['Sizes']", `{"type":"list","operator":"contains","value":"XL"}`)),
		`7 not in person.Sizes`:                                     group(profile("properties['Sizes']", `{"type":"list","operator":"not-contains","value":7}`)),
		`has_any(person.S, ["a", "b"]) == true`:                     group(profile("properties['S']", `{"type":"list","operator":"contains-any","value":["a","b"]}`)),
		`has_all(person.S, ["a"]) == false`:                         group(profile("properties['S']", `{"type":"list","operator":"not-contains-all","value":["a"]}`)),
		`has_part(person.S, "a") == false`:                          group(profile("properties['S']", `{"type":"list","operator":"not-contains-substring","value":"a"}`)),
		`len(person.Tags) > 2`:                                      group(profile("properties['Tags']", `{"type":"list","operator":"length-greater-than","value":2}`)),
		`is_set(person.first_name)`:                                 group(profile("first_name", `{"type":"existence","operator":"is-set"}`)),
		`not is_set(person.first_name) or person.first_name == "x"`: group(profile("first_name", `{"type":"existence","operator":"not-set"}`), profile("first_name", `{"type":"string","operator":"equals","value":"x"}`)),

		`not did("Placed Order", since_start)`: group(metric(count0 + `"timeframe_filter":{"type":"date","operator":"flow-start"},"metric_filters":null`)),
		`not did("Placed Order")`:              group(metric(count0 + `"timeframe_filter":{"type":"date","operator":"alltime"},"metric_filters":null`)),
		`count(events("Placed Order", last("90d")), .SKU == "SKU-1" and len(.Items) >= 2) >= 2`: group(metric(`"measurement":"count","measurement_filter":{"type":"numeric","operator":"greater-than-or-equal","value":2},
			"timeframe_filter":{"type":"date","operator":"in-the-last","unit":"day","quantity":90},"metric_filters":[
			{"property":"SKU","filter":{"type":"string","operator":"equals","value":"SKU-1"}},{"property":"Items","filter":{"type":"list","operator":"length-greater-than-or-equal","value":2}}]`)),
		`sum(filter(events("Placed Order", between("20d", "10d")), #["odd key"] in ["a"] and 1 <= .value <= 2), .value) > 100.5`: group(metric(`"measurement":"sum","measurement_filter":{"type":"numeric","operator":"greater-than","value":100.5},
			"timeframe_filter":{"type":"date","operator":"between","unit":"day","start":10,"end":20},"metric_filters":[
			{"property":"odd key","filter":{"type":"string","operator":"in","value":["a"]}},{"property":"$value","filter":{"type":"numeric","operator":"between","start":1,"end":2}}]`)),
		`sum(events("Placed Order", before("2d")), .value) == 0`:   group(metric(`"measurement":"sum","measurement_filter":{"type":"numeric","operator":"equals","value":0},"timeframe_filter":{"type":"date","operator":"at-least","unit":"day","quantity":2},"metric_filters":null`)),
		`did("Placed Order", after("2026-01-01"))`:                 group(metric(`"measurement":"count","measurement_filter":{"type":"numeric","operator":"greater-than","value":0},"timeframe_filter":{"type":"date","operator":"after","date":"2026-01-01"},"metric_filters":null`)),
		`did("Placed Order", between("2026-01-01", "2026-02-01"))`: group(metric(`"measurement":"count","measurement_filter":{"type":"numeric","operator":"greater-than","value":0},"timeframe_filter":{"type":"date","operator":"between-static","start":"2026-01-01","end":"2026-02-01"},"metric_filters":null`)),

		`in_list("Newsletter", last("30d"))`:                            group(`{"type":"profile-group-membership","is_member":true,"group_ids":["LISTAA"],"timeframe_filter":{"type":"date","operator":"in-the-last","unit":"day","quantity":30}}`),
		`not (in_list("Newsletter") or in_list("LISTBB"))`:              group(`{"type":"profile-group-membership","is_member":false,"group_ids":["LISTAA","LISTBB"]}`),
		`not in_list("LISTBB")`:                                         group(`{"type":"profile-group-membership","is_member":false,"group_ids":["LISTBB"]}`),
		`can_receive("email")`:                                          group(`{"type":"profile-marketing-consent","consent":{"channel":"email","can_receive_marketing":true,"consent_status":{"subscription":"any","filters":null}}}`),
		`not can_receive("email")`:                                      group(`{"type":"profile-marketing-consent","consent":{"channel":"email","can_receive_marketing":false,"consent_status":{"subscription":"any","filters":null}}}`),
		`in_region(person.location.country, "european_union") == false`: group(`{"type":"profile-region","in_region":false,"region":"european_union"}`),
		`sample(50)`:                    group(`{"type":"profile-sample","percentage":50}`),
		`not sent("email", last("1d"))`: group(`{"type":"profile-not-sent-email","timeframe_filter":{"type":"date","operator":"in-the-last","unit":"day","quantity":1}}`),
		`not sent("push")`:              group(`{"type":"profile-not-sent-push","timeframe_filter":{"type":"date","operator":"alltime"}}`),
		`not entered_flow(last("3h"))`:  group(`{"type":"profile-not-in-flow","timeframe_filter":{"type":"date","operator":"in-the-last","unit":"hour","quantity":3}}`),
		`event.value > 20`:              group(`{"type":"metric-property","metric_id":"PLCORD","field":"$value","filter":{"type":"numeric","operator":"greater-than","value":20}}`),
		`event["a b"] == "x" and event.value == 1`: `{"condition_groups":[{"conditions":[{"type":"metric-property","metric_id":"PLCORD","field":"a b","filter":{"type":"string","operator":"equals","value":"x"}}]},
			{"conditions":[{"type":"metric-property","metric_id":"PLCORD","field":"$value","filter":{"type":"numeric","operator":"equals","value":1}}]}]}`,
		`person.a.b == 1 and (person.A > person.B or not (person.A in ["a"]))`: `{"condition_groups":[{"conditions":[{"type":"expression","expression":"person.a.b == 1"}]},
			{"conditions":[{"type":"expression","expression":"person.A > person.B"},{"type":"expression","expression":"not (person.A in [\"a\"])"}]}]}`,
		`(person.A > person.B and person.C > person.B) or (person.a.b ? true : false)`: group(`{"type":"expression","expression":"person.A > person.B and person.C > person.B"}`, `{"type":"expression","expression":"person.a.b ? true : false"}`),
	} {
		got, problems := condition.Compile(json.RawMessage(conditions), "", condition.Profile, shop)
		if len(problems) > 0 {
			t.Errorf("%s: %v", conditions, problems)
			continue
		}
		if got != source {
			t.Errorf("%s is\n%s, want\n%s", conditions, got, source)
			continue
		}
		if diff := cmp.Diff(generic(t, json.RawMessage(conditions)), generic(t, condition.Decompile(source, condition.Context{Names: shop, MetricID: "PLCORD"}))); diff != "" {
			t.Errorf("%s is shown otherwise: %s", source, diff)
		}
	}
}

func generic(t testing.TB, v any) any {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out any
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestBadConditionsAreNamedByTheirPlace(t *testing.T) {
	t.Parallel()
	const first = "/f/condition_groups/0/conditions/0"
	for conditions, want := range map[string]string{
		`7`:  "/f: Expected an object.",
		`{}`: "/f/condition_groups: condition_groups is required.",
		`{"condition_groups":[{"conditions":[]}]}`:                                                                      "/f/condition_groups/0/conditions: A group needs at least one condition.",
		`{"condition_groups":[null]}`:                                                                                   "/f/condition_groups/0: Expected an object, found null.",
		`{"condition_groups":[],"x":1}`:                                                                                 `/f/x: There is no member "x" here`,
		group(`{"type":"profile-x"}`):                                                                                   first + `/type: There is no condition of the type "profile-x".`,
		group(`{"type":"profile-predictive-analytics","dimension":"churn_probability"}`):                                first + "/type: profile-predictive-analytics is not available here: nothing is predicted yet.",
		group(`{"type":"profile-permissions"}`):                                                                         first + "/type: profile-permissions is not available here: there is no WhatsApp channel.",
		group(profile("nickname", `{"type":"existence","operator":"is-set"}`)):                                          first + `/property: There is no attribute "nickname"; a custom property is written properties['name'].`,
		group(profile("properties['email']", `{"type":"existence","operator":"is-set"}`)):                               first + "/property: A custom property cannot be named like the attribute email; write email for the attribute.",
		group(profile("email", `{"type":"string","operator":"is","value":"x"}`)):                                        first + `/filter/operator: There is no operator "is" for strings.`,
		group(profile("email", `{"type":"string","operator":"equals","value":null}`)):                                   first + "/filter/value: value is required.",
		group(profile("email", `{"type":"string","operator":"regex","value":"["}`)):                                     "/f: This cannot be asked: the pattern is not a regular expression",
		group(profile("email", `{"type":"string","operator":"equals","value":"x","case":1}`)):                           first + `/filter/case: There is no member "case" here; known are operator, type, value.`,
		group(profile("email", `{"type":"date","operator":"before","date":"10-05-2026"}`)):                              first + `/filter/date: date must be a date such as 2026-05-10T09:00:00Z, not "10-05-2026".`,
		group(profile("email", `{"type":"date","operator":"between","start":9,"end":3,"unit":"day"}`)):                  first + "/filter/end: end must be more than start: both say how long ago.",
		group(profile("email", `{"type":"date","operator":"in-the-last","quantity":0,"unit":"day"}`)):                   first + "/filter/quantity: quantity must be from 1 to 1000000.",
		group(profile("email", `{"type":"date","operator":"in-the-last","quantity":1,"unit":"month"}`)):                 first + `/filter/unit: unit must be one of hour, day, week, not "month".`,
		group(profile("email", `{"type":"date","operator":"anniversary-next","quantity":1,"unit":"hour"}`)):             first + "/filter/unit: An anniversary is counted in days or weeks.",
		group(metric(count0 + `"timeframe_filter":{"type":"date","operator":"in-the-next","quantity":1,"unit":"day"}`)): first + `/timeframe_filter/operator: operator must be one of flow-start, alltime, before, after, between-static, in-the-last, at-least, between, not "in-the-next".`,
		group(metric(count0 + `"timeframe_filter":{"type":"date","operator":"alltime"},"metric_filters":[{"property":"x","filter":{"type":"date","operator":"anniversary"}}]`)): first + "/metric_filters/0/filter/type: Dates in the properties of past events cannot be compared; put the date on the profile.",
		group(strings.Replace(metric(count0+`"timeframe_filter":{"type":"date","operator":"alltime"}`), "PLCORD", "NONE", 1)):                                                   first + `/metric_id: There is no metric with the id "NONE".`,
		group(`{"type":"profile-group-membership","is_member":true,"group_ids":["SEGBBB"]}`):                                                                                    first + `/group_ids/0: There is no list with the id "SEGBBB"; segments are not available yet.`,
		group(`{"type":"profile-marketing-consent","consent":{"channel":"sms","can_receive_marketing":true,"consent_status":{"subscription":"subscribed"}}}`):                   first + "/consent/consent_status/subscription: Who has subscribed is not stored yet",
		group(`{"type":"profile-sample","percentage":101}`):                                                                                                                     first + "/percentage: percentage must be from 0 to 100.",
		group(`{"type":"expression","expression":"person.x =="}`):                                                                                                               first + "/expression: This is not an expression",
		group(`{"type":"expression","expression":"person.x // y"}`):                                                                                                             first + "/expression: An expression must not have comments here.",
		group(`{"type":"expression","expression":"1 + 1"}`):                                                                                                                     "/f: This is no condition: it gives neither true nor false.",
		group(`{"type":"expression","expression":"nobody(1) == 2"}`):                                                                                                            "/f: This cannot be asked: unknown function nobody",
		group(strings.Repeat(`{"type":"profile-sample","percentage":1},`, 100) + `{"type":"profile-sample","percentage":1}`):                                                    "/f/condition_groups/0: A filter has at most 100 conditions.",
	} {
		_, problems := condition.Compile(json.RawMessage(conditions), "/f", condition.Profile, shop)
		if len(problems) == 0 || !strings.HasPrefix(problems.Error(), want) {
			t.Errorf("%s:\n%v, want\n%s", conditions, problems, want)
		}
	}
	_, problems := condition.Compile(json.RawMessage(group(`{"type":"profile-sample","percentage":1}`)), "", condition.Trigger, shop)
	if problems.Error() != "/condition_groups/0/conditions/0/type: profile-sample cannot stand in a trigger filter, which sees the event only." {
		t.Error(problems)
	}
	_, problems = condition.Compile(json.RawMessage(group(`{"type":"profile-not-in-flow","timeframe_filter":{"type":"date","operator":"alltime"}}`)), "", condition.Step, shop)
	if len(problems) != 1 {
		t.Error("profile-not-in-flow stands in a step", problems)
	}
}

func FuzzDecompileKeepsTheExpression(f *testing.F) {
	for _, seed := range []string{`person.a == 1 and (person.b not in ["x"] or did("Placed Order"))`, `(a) and (b)`, `not a or b ?? c`, `let x = 1; x == 1 and person.a == 1`,
		`1 < person.a < 3 and person.b == "(" or person.c == ")"`, `person["é"] == "é" and person.x`, "person.a == `x\" and` or person.b", `count(events("Placed Order"), .a == 1 or .b == 2) > 1`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, source string) {
		if x, err := expression.Compile(source, expression.Person); err != nil || !x.Condition() {
			return
		}
		in := condition.Context{Names: shop}
		shown := condition.Decompile(source, in)
		data, err := json.Marshal(shown)
		if err != nil {
			t.Fatal(err)
		}
		again, problems := condition.Compile(data, "", condition.Profile, shop)
		if len(problems) > 0 {
			if strings.Contains(problems.Error(), "comments") || strings.Contains(problems.Error(), "at most") || strings.Contains(problems.Error(), "bytes long") {
				return
			}
			t.Fatalf("%s\n%s\n%v", source, data, problems)
		}
		twice, err := json.Marshal(condition.Decompile(again, in))
		if err != nil || string(twice) != string(data) {
			t.Fatalf("%s\n%s\nis then %s\n%s\n%v", source, data, again, twice, err)
		}
	})
}
