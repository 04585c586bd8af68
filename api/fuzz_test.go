package api

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

func FuzzEventBody(f *testing.F) {
	for _, seed := range []string{
		`{"data":{"type":"event","attributes":{"metric":{"data":{"type":"metric","attributes":{"name":"M"}}},"profile":{"data":{"type":"profile","attributes":{"email":"a@example.com","properties":{"$latitude":1,"b":[1]},"location":{"zip":"1"},"meta":{"patch_properties":{"append":{"a":[1,"x"]},"unset":["u"]}}}}},"properties":{"a":{"b":[1e3]}},"value":1.5,"time":"2026-11-08","unique_id":"1"}}}`,
		`{"data":{"type":"event","attributes":null}}`, `[]`, `{"data":"\u0000"}`, `{"a/b~c":{"":1}}`, "{", "nul", `{"data":{"attributes":{"profile":{"data":{"attributes":{"location":null,"properties":null}}}}}}`,
	} {
		f.Add([]byte(seed))
	}
	now := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, body []byte) {
		raw, err := parseJSON(body)
		if err != nil {
			checkProblem(t, err)
			return
		}
		if !json.Valid(body) {
			t.Fatalf("accepted, but encoding/json does not: %q", body)
		}
		in := &reader{}
		event := decodeEvent(in, raw, now)
		if err := in.err(); err != nil {
			checkProblem(t, err)
			return
		}
		if event.Metric == "" || !event.Profile.Identified() || !json.Valid(event.Properties) || !utf8.ValidString(event.Metric) {
			t.Fatalf("accepted without what it needs: %q gives %+v", body, event)
		}
		for name, value := range event.Profile.Properties {
			if !json.Valid(value) || strings.ContainsRune(name, 0) {
				t.Fatalf("property %q is %q", name, value)
			}
		}
		decodeProfile(&reader{}, raw, profileForm{id: true, meta: true})
		decodeMembers(&reader{}, raw)
		decodeList(&reader{}, raw)
	})
}

func FuzzBulkBodies(f *testing.F) {
	for _, seed := range []string{
		`{"data":{"type":"event-bulk-create-job","attributes":{"events-bulk-create":{"data":[{"type":"event-bulk-create","attributes":{"backfill":true,"profile":{"data":{"type":"profile","attributes":{"email":"a@example.com"}}},"events":{"data":[{"type":"event","attributes":{"metric":{"data":{"type":"metric","attributes":{"name":"M"}}},"properties":{"a":[1]},"unique_id":"1"}}]}}}]}}}}`,
		`{"data":{"type":"profile-bulk-import-job","attributes":{"profiles":{"data":[{"type":"profile","attributes":{"email":"a@example.com","properties":{"b":1}}},7,{}]}},"relationships":{"lists":{"data":[{"type":"list","id":"L"}]}}}}`,
		`{"data":{"type":"profile-subscription-bulk-create-job","attributes":{"historical_import":true,"custom_source":"x","profiles":{"data":[{"type":"profile","id":"1","attributes":{"email":"a@example.com","subscriptions":{"email":{"marketing":{"consent":"SUBSCRIBED","consented_at":"2020-01-01T00:00:00Z"}},"push":{"marketing":{"consent":"SUBSCRIBED"},"tokens":[{"token":"t","platform":"ios","vendor":"apns"}]}}}}]}},"relationships":{"list":{"data":{"type":"list","id":"L"}}}}}`,
		`{"data":{"type":"profile-suppression-bulk-create-job","attributes":{"profiles":{"data":[{"type":"profile","attributes":{"email":"a@example.com"}}]}},"relationships":{"segment":{"data":null}}}}`,
		`{"data":{"attributes":{"profiles":null,"events-bulk-create":{"data":[null]}},"relationships":[]}}`,
	} {
		f.Add([]byte(seed))
	}
	now := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, body []byte) {
		raw, err := parseJSON(body)
		if err != nil {
			return
		}
		in := &reader{}
		groups, places := decodeEvents(in, raw, now)
		if err := in.err(); err != nil {
			checkProblem(t, err)
		} else if len(groups) == 0 || len(groups) != len(places) {
			t.Fatalf("accepted with %d groups and %d places: %q", len(groups), len(places), body)
		}
		in = &reader{}
		items, faults, _ := decodeImport(in, raw)
		if err := in.err(); err != nil {
			checkProblem(t, err)
		} else if len(items)+len(faults) == 0 {
			t.Fatalf("accepted an import of nobody: %q", body)
		}
		for _, item := range items {
			if encoded, err := json.Marshal(item); err != nil || !item.Change.Identified() {
				t.Fatalf("accepted %s of %q, %v", encoded, body, err)
			}
		}
		in = &reader{}
		form := subscriptionForm{kind: "profile-subscription-bulk-create-job", consent: "SUBSCRIBED", most: maxSubscribed, now: now}
		people, _ := form.decode(in, raw)
		if err := in.err(); err != nil {
			checkProblem(t, err)
		} else if len(people) == 0 || len(people[0].Channels) == 0 || !people[0].Profile.Identified() {
			t.Fatalf("accepted without what it needs: %q gives %+v", body, people)
		}
		in = &reader{}
		emails, list := decodeSuppression(in, raw, "profile-suppression-bulk-create-job")
		if err := in.err(); err != nil {
			checkProblem(t, err)
		} else if len(emails) == 0 && list == "" {
			t.Fatalf("accepted for nobody: %q", body)
		}
	})
}

// checkProblem wants answers that are small, whole text, with pointers that are pointers.
func checkProblem(t *testing.T, err error) {
	t.Helper()
	var all problems
	switch err := err.(type) {
	case *problem:
		all = problems{err}
	case problems:
		all = err
	default:
		t.Fatalf("%T", err)
	}
	if len(all) == 0 || len(all) > maxProblems {
		t.Fatalf("%d problems", len(all))
	}
	for _, p := range all {
		if p.Status < 400 || p.Status >= 500 || p.Detail == "" || len(p.Detail) > 4000 {
			t.Fatalf("%+v", p)
		}
		if p.Source != nil && p.Source.Pointer != "" && !jsontext.Pointer(p.Source.Pointer).IsValid() {
			t.Fatalf("pointer %q", p.Source.Pointer)
		}
		if strings.ContainsRune(p.Detail, 0) {
			t.Fatalf("detail %q", p.Detail)
		}
	}
}

func FuzzMetricBodies(f *testing.F) {
	for _, seed := range []string{
		`{"data":{"type":"metric-aggregate","attributes":{"metric_id":"A","measurements":["count","unique"],"interval":"hour","by":["URL","$flow"],"timezone":"Asia/Kolkata","sort":"-URL","page_size":3,"page_cursor":"eyJ9","filter":["greater-or-equal(datetime,2026-03-08)","less-than(datetime,2026-03-09T00:00:00Z),equals(Bot Click,true)"]}}}`,
		`{"data":{"type":"custom-metric","id":"x","attributes":{"name":"C","definition":{"aggregation_method":"value","metric_groups":[{"metric_id":"A","value_property":null,"metric_filters":[{"property":"p","filter":{"type":"string","operator":"in","value":["a"]}},{"property":"p","filter":{"type":"list","operator":"contains","value":7}}]}]}}}}`,
		`{"data":{"type":"mapped-metric","id":"x","relationships":{"metric":{"data":{"type":"metric","id":"A"}},"custom-metric":{"data":null}}}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		raw, err := parseJSON(body)
		if err != nil {
			return
		}
		in := &reader{}
		asked := decodeAggregate(in, raw)
		if err := in.err(); err != nil {
			checkProblem(t, err)
		} else if n := len(asked.starts); n == 0 || n != len(asked.query.Since) || n != len(asked.query.Until) || asked.query.Size < 1 || len(asked.measurements) == 0 {
			t.Fatalf("%q gives %+v", body, asked)
		} else if asked.cursor != "" {
			if place, err := asked.place(asked.cursor); err == nil && len(place.Dims) != len(asked.query.By) {
				t.Fatalf("%q gives %+v", body, place)
			}
		}
		for _, id := range []string{"", "x"} {
			in = &reader{}
			form := decodeCustomMetric(in, raw, id)
			if err := in.err(); err != nil {
				checkProblem(t, err)
			} else if form.definition != nil && !json.Valid(form.definition.json()) || id == "" && (form.name == nil || form.definition == nil) {
				t.Fatalf("%q gives %+v", body, form)
			}
		}
		in = &reader{}
		mapped := decodeMapping(in, raw, "x")
		if err := in.err(); err != nil {
			checkProblem(t, err)
		} else if mapped.metric.id != nil && mapped.custom.id != nil {
			t.Fatalf("%q maps both", body)
		}
	})
}

func FuzzFilter(f *testing.F) {
	for _, seed := range []string{
		`equals(email,"a@example.com")`, `any(id,["a",'b']),and(has(profile),less-than(created,2026-01-01T00:00:00+00:00))`, `equals(a,"\"")`, `or(has(a))`, `equals(`, `and(and(and(and(and(and(has(a)))))))`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		terms, err := parseFilter(s)
		if err != nil {
			if len(err.Error()) > 4000 {
				t.Fatalf("a long error: %v", err)
			}
			return
		}
		if len(terms) == 0 || len(terms) > maxComparisons {
			t.Fatalf("%q gives %d terms", s, len(terms))
		}
		for _, c := range terms {
			if !operators[c.operator] || c.field == "" || len(c.values) > maxFilterValues {
				t.Fatalf("%q gives %+v", s, c)
			}
			for _, f := range []filterField{{kind: filterText}, {kind: filterTime}, {kind: filterSeconds}, {kind: filterEmail}} {
				_, _ = f.value(c)
			}
		}
	})
}

func TestFiltersAreRead(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`equals(email,"a,b)")`:                    `equals email "a,b)"`,
		` equals( email , 'it\'s' ) `:             `equals email "it's"`,
		`any(id,["a", "b"]),has(x)`:               `any id ["a" "b"]; has x`,
		`and(has(a),and(has(b.c),has(d-e)))`:      `has a; has b.c; has d-e`,
		`less-than(created,2026-01-01T00:00:00Z)`: `less-than created 2026-01-01T00:00:00Z`,
		`equals(a,true)`:                          `equals a true`,
		`any(a,[])`:                               `any a []`,
		``:                                        `expected an operator such as equals, but the filter ends`,
		`equals`:                                  `expected an opening parenthesis, but the filter ends`,
		`equals(`:                                 `expected a field's name, but the filter ends`,
		`equals(a)`:                               `expected a comma and a value at character 9, found ")"`,
		`equals(a,)`:                              `expected a value at character 10, found ")"`,
		`equals(a,"x)`:                            `expected a closing quote, but the filter ends`,
		`equals(a,"x")x`:                          `expected a comma or the end at character 14, found "x"`,
		`like(a,"x")`:                             `expected an operator such as equals at character 1, found "like(a,\"x\")"`,
		`any(a,["x")`:                             `expected a comma or a closing bracket at character 11, found ")"`,
		`not(has(a))`:                             `not(…) is not supported here, only terms that all have to hold`,
		strings.Repeat("has(a),", 20) + "has(a)":  `may have at most 20 terms`,
		`any(a,[` + strings.Repeat("1,", 100) + `1])`:                 `may list at most 100 values`,
		strings.Repeat("and(", 7) + "has(a)" + strings.Repeat(")", 7): `and(…) may be nested 5 levels deep`,
		strings.Repeat("x", 9000):                                     `must be at most 8192 bytes long`,
	} {
		terms, err := parseFilter(in)
		got := ""
		if err != nil {
			got = err.Error()
		} else {
			var all []string
			for _, c := range terms {
				all = append(all, showComparison(c))
			}
			got = strings.Join(all, "; ")
		}
		if got != want {
			t.Errorf("%s\n got %s\nwant %s", shorten(in), got, want)
		}
	}
}

func showComparison(c comparison) string {
	s := c.operator + " " + c.field
	var values []string
	for _, v := range c.values {
		if v.quoted {
			values = append(values, `"`+v.text+`"`)
		} else {
			values = append(values, v.text)
		}
	}
	switch {
	case c.list:
		s += " [" + strings.Join(values, " ") + "]"
	case len(values) > 0:
		s += " " + values[0]
	}
	return s
}
