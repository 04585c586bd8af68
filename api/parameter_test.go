package api_test

import (
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/legato-flow/legato/api"
)

// notYet are parameters of the specification that are refused, by name and value, and why.
var notYet = map[string]string{
	"include=attributions": "events are not attributed to messages yet",
	"fields[attribution]":  "the same",
}

// parametersOf are the tags of the specification that are here with everything that their operations can be asked.
var parametersOf = []string{"Accounts", "Events", "Metrics", "Profiles", "Tracking Settings", "Webhooks"}

var allowedOperators = regexp.MustCompile("`([^`]+)`: ((?:`[a-z-]+`(?:, )?)+)")

// filterValues are one of each kind. A field takes at least one of them.
var filterValues = []string{`"x"`, `["x"]`, `2026-01-01T00:00:00Z`, `1767225600`, `true`, `"2026-01-01"`}

func TestEveryParameterOfTheSpecificationIsTaken(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	if s.spec == nil {
		t.Skip("the specification is not beside the repository")
	}
	s.expect(202, "POST", imports, importing(nil, person(`{"email":"a@example.com"}`)))
	ids := s.fixtures(t)
	for _, pattern := range api.Patterns() {
		method, path, _ := strings.Cut(pattern, " ")
		template := s.spec.template(path)
		tags, _ := at(s.spec.whole, "paths", template, "get")["tags"].([]any)
		if method != "GET" || len(tags) == 0 || !slices.Contains(parametersOf, tags[0].(string)) {
			continue
		}
		path = concrete(path, ids)
		taken := func(name, value string) bool {
			w := s.do(request{method: "GET", path: path + "?" + url.Values{name: {value}}.Encode()})
			return w.Code != 400
		}
		if taken("limit", "1") {
			t.Errorf("%s takes what is no parameter: its others prove nothing", pattern)
		}
		parameters, _ := at(s.spec.whole, "paths", template, "get")["parameters"].([]any)
		for _, p := range parameters {
			p := p.(map[string]any)
			name, _ := p["name"].(string)
			schema := at(p, "schema")
			var values []string
			for _, from := range []map[string]any{schema, at(schema, "items")} {
				all, _ := from["enum"].([]any)
				for _, v := range all {
					values = append(values, v.(string))
				}
			}
			switch {
			case p["in"] != "query", notYet[name] != "":
			case name == "filter":
				description, _ := p["description"].(string)
				for _, allowed := range allowedOperators.FindAllStringSubmatch(description, -1) {
					for operator := range strings.SplitSeq(strings.ReplaceAll(allowed[2], "`", ""), ", ") {
						tries := make([]string, len(filterValues))
						for i, v := range filterValues {
							tries[i] = operator + "(" + allowed[1] + "," + v + ")"
						}
						if operator == "has" {
							tries = []string{operator + "(" + allowed[1] + ")"}
						}
						if !slices.ContainsFunc(tries, func(f string) bool { return taken(name, f) }) {
							t.Errorf("%s takes no %s of %s", pattern, operator, allowed[1])
						}
					}
				}
			case name == "page[size]":
				most, _ := schema["maximum"].(float64)
				if !taken(name, "1") || !taken(name, fmt.Sprint(int(most))) || taken(name, fmt.Sprint(int(most)+1)) {
					t.Errorf("%s takes no pages of 1 to %v", pattern, most)
				}
			case len(values) > 0 && (name == "sort" || !taken(name, strings.Join(values, ","))):
				for _, v := range values {
					if notYet[name+"="+v] == "" && !taken(name, v) {
						t.Errorf("%s does not take %s=%s", pattern, name, v)
					}
				}
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(notYet)) {
		name, value, _ := strings.Cut(name, "=")
		if w := s.do(request{method: "GET", path: "/api/events?" + url.Values{name: {value}}.Encode()}); w.Code != 400 {
			t.Errorf("%s is answered with %d: it is no exception any more", name, w.Code)
		}
	}
}
