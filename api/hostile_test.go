package api_test

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/legato-flow/legato/api"
)

// These tests go through every route that there is, so that a new one is covered by being listed.

// hostileBodies are no bodies for any operation. Their answer is an error, never one of ours.
var hostileBodies = map[string]request{
	"nothing":              {body: ""},
	"no JSON":              {body: "<xml/>"},
	"cut off":              {body: `{"data":{"type":"x`},
	"more after it":        {body: `{"data":{}}{}`},
	"null":                 {body: `null`},
	"a number":             {body: `1`},
	"an array":             {body: `[{"data":{}}]`},
	"no data":              {body: `{}`},
	"null data":            {body: `{"data":null}`},
	"text as data":         {body: `{"data":"'; drop table profile; --"}`},
	"a name twice":         {body: `{"data":{},"data":{}}`},
	"NUL":                  {body: `{"data":{"type":"a\u0000b"}}`},
	"not UTF-8":            {body: "{\"data\":{\"type\":\"\xff\xfe\"}}"},
	"half a character":     {body: `{"data":{"type":"\ud800"}}`},
	"NaN":                  {body: `{"data":{"id":NaN}}`},
	"infinite":             {body: `{"data":{"id":-Infinity}}`},
	"a huge number":        {body: `{"data":{"id":1e999999999}}`},
	"many digits":          {body: `{"data":{"id":` + strings.Repeat("9", 1<<20) + `}}`},
	"deep arrays":          {body: strings.Repeat("[", 200_000)},
	"deep and well formed": {body: `{"data":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `}`},
	"deep objects":         {body: strings.Repeat(`{"data":`, 100_000)},
	"6 MB":                 {body: `{"data":"` + strings.Repeat("x", 6<<20) + `"}`},
	"a long name":          {body: `{"` + strings.Repeat("x", 1<<20) + `":1}`},
	"a bomb":               {body: zip(strings.Repeat(" ", 50<<20)), headers: map[string]string{"Content-Encoding": "gzip"}},
	"not gzip":             {body: `{"data":{}}`, headers: map[string]string{"Content-Encoding": "gzip"}},
	"an unknown encoding":  {body: `{"data":{}}`, headers: map[string]string{"Content-Encoding": "zstd"}},
	"a form":               {body: `data=1`, headers: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}},
	"no type":              {body: `{"data":{}}`, headers: map[string]string{"Content-Type": "-"}},
	"a broken type":        {body: `{"data":{}}`, headers: map[string]string{"Content-Type": "application/json; charset"}},
}

// hostileValues are put in place of every value of a body, as JSON.
var hostileValues = []string{
	`null`, `true`, `-0`, `1e308`, `1e400`, `123456789012345678901234567890.12345678901234567890`, `[]`, `{}`, `[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]`,
	`""`, `" "`, `"'; drop table event; --"`, `"\" or 1=1 --"`, `"$1; select pg_sleep(10)"`, `"{{ 7 | times: 7 }}{% for i in (1..1000000000) %}{% endfor %}"`,
	`"${jndi:ldap://x}"`, `"../../../../etc/passwd"`, `"a\r\nBcc: b@example.com"`, `"\u0000"`, `"a\u0000b"`, `"\u202e\ud83d\ude00"`, `"NaN"`, `"Infinity"`, `"1e400"`,
	`"2026-02-30T25:61:61Z"`, `"0000-00-00"`, `"+999999999999999"`, `"<script>alert(1)</script>"`, `"%s%n%00"`,
	`"` + strings.Repeat("é", 300) + `"`, `"` + strings.Repeat("x", 200<<10) + `"`,
	`[` + strings.Repeat(`"x",`, 20_000) + `"x"]`, `{"$ref":"#","__proto__":{"a":1},"constructor":null,"":0}`,
}

// perValue is how many of them each value of a body is replaced with. Which ones depends on its place.
const perValue = 6

var pathParameter = regexp.MustCompile(`\{[^}]*\}`)

func TestNoBodyIsTooHostileForAnyOperation(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	ids := s.fixtures(t)
	for _, pattern := range api.Patterns() {
		method, path, _ := strings.Cut(pattern, " ")
		if method == "GET" || !strings.HasPrefix(path, "/api/") && !strings.HasPrefix(path, "/client/") {
			continue
		}
		path = concrete(path, ids)
		if s.spec != nil && s.spec.sampleBody(method, path) == nil {
			continue // it takes no body
		}
		if s.spec == nil && method == "DELETE" {
			continue
		}
		for name, r := range hostileBodies {
			r.method, r.path = method, path
			if w := s.do(r); w.Code < 400 || w.Code >= 500 {
				t.Errorf("%s with %s: %d %.300s", pattern, name, w.Code, w.Body)
			}
		}
	}
	s.intact(t)
}

func TestNoValueIsTooHostileForAnyOperation(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	if s.spec == nil {
		t.Skip("the specification is not beside the repository")
	}
	ids := s.fixtures(t)
	for _, pattern := range api.Patterns() {
		method, path, _ := strings.Cut(pattern, " ")
		if method == "GET" || s.spec.template(path) == "" {
			continue
		}
		body := s.spec.sampleBody(method, path)
		if body == nil {
			continue
		}
		path = concrete(path, ids)
		whole := mustMarshal(t, body)
		if w := s.do(request{method: method, path: path, body: whole}); w.Code >= 500 {
			t.Errorf("%s with the specification's own example: %d %s", pattern, w.Code, w.Body)
		}
		for _, place := range places("", body) {
			for i := range perValue {
				value := hostileValues[(placeNumber(pattern+place)+i*len(hostileValues)/perValue)%len(hostileValues)]
				hostile := strings.Replace(mustMarshal(t, replace(body, place, marker)), `"`+marker+`"`, value, 1)
				s.survives(t, pattern, request{method: method, path: path, body: hostile}, fmt.Sprintf("%s = %.80s", place, value))
			}
			if object, ok := lookUp(body, place).(map[string]any); ok && !free(place) {
				more := maps.Clone(object)
				more["'; drop table event; --"] = 1
				hostile := mustMarshal(t, replace(body, place, more))
				if w := s.survives(t, pattern, request{method: method, path: path, body: hostile}, place+" with one member more"); w.Code < 300 {
					t.Errorf("%s takes an unknown member in %s: %d", pattern, place, w.Code)
				}
			}
		}
	}
	s.intact(t)
}

func TestNoPathOrQueryIsTooHostileForAnyOperation(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.fixtures(t)
	texts := []string{"'; drop table event; --", "\x00", "a\x00b", "\xff\xfe", "../../etc/passwd", strings.Repeat("x", 5000), "{{7*7}}", "😀", "%00", "null", "-1", "a b", "\r\nX: y"}
	for _, pattern := range api.Patterns() {
		method, path, _ := strings.Cut(pattern, " ")
		if !strings.HasPrefix(path, "/api/") && !strings.HasPrefix(path, "/client/") {
			continue
		}
		for _, text := range texts {
			if strings.Contains(path, "{") {
				target := pathParameter.ReplaceAllLiteralString(path, url.PathEscape(text))
				if w := s.do(request{method: method, path: target, body: "{}"}); w.Code < 400 || w.Code >= 500 {
					t.Errorf("%s of %q: %d %.300s", pattern, text, w.Code, w.Body)
				}
			}
			if method != "GET" {
				continue
			}
			for _, name := range []string{"filter", "sort", "include", "page[cursor]", "page[size]", "fields[event]", "fields[profile]", "additional-fields[profile]", text} {
				target := pathParameter.ReplaceAllLiteralString(path, "x") + "?" + url.Values{name: {text}}.Encode()
				if w := s.do(request{method: method, path: target}); w.Code < 400 || w.Code >= 500 {
					t.Errorf("%s?%s=%q: %d %.300s", pattern, name, text, w.Code, w.Body)
				}
			}
		}
	}
	s.intact(t)
}

// survives sends a request and wants an answer that is not an error of ours. One that says what is wrong says where.
func (s *server) survives(t *testing.T, pattern string, r request, what string) *httptest.ResponseRecorder {
	t.Helper()
	w := s.do(r)
	if w.Code >= 500 {
		t.Errorf("%s with %s: %d %.400s", pattern, what, w.Code, w.Body)
	}
	if w.Code != 400 {
		return w
	}
	var answer struct {
		Errors []struct {
			Code, Detail string
			Source       struct{ Pointer, Parameter *string }
		}
	}
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || len(answer.Errors) == 0 {
		t.Errorf("%s with %s: %v in %.400s", pattern, what, err, w.Body)
	}
	for _, e := range answer.Errors {
		if e.Detail == "" || len(e.Detail) > 4000 || e.Code != "malformed" && e.Source.Pointer == nil && e.Source.Parameter == nil {
			t.Errorf("%s with %s: no place, or no reason of good length, in %.400s", pattern, what, w.Body)
		}
		if e.Source.Pointer != nil && !jsontext.Pointer(*e.Source.Pointer).IsValid() {
			t.Errorf("%s with %s: the pointer %q", pattern, what, *e.Source.Pointer)
		}
	}
	return w
}

// fixtures makes something of each type, and gives an id for each collection.
func (s *server) fixtures(t *testing.T) map[string]string {
	t.Helper()
	s.expect(202, "POST", "/api/events", event("M", `{"email":"fixture@example.com"}`, ""))
	s.expect(201, "POST", "/api/lists", `{"data":{"type":"list","attributes":{"name":"L"}}}`)
	ids := map[string]string{}
	for _, pattern := range api.Patterns() {
		path, ok := strings.CutPrefix(pattern, "GET ")
		if !ok || !strings.HasPrefix(path, "/api/") || strings.Contains(path, "{") {
			continue
		}
		var doc struct{ Data []struct{ ID string } }
		if w := s.do(request{method: "GET", path: path}); w.Code == 200 && json.Unmarshal(w.Body.Bytes(), &doc) == nil && len(doc.Data) > 0 {
			ids[path] = doc.Data[0].ID
		}
	}
	if len(ids) < 4 {
		t.Fatalf("only %v", ids)
	}
	return ids
}

// concrete puts an id that there is into a path, if one is known.
func concrete(path string, ids map[string]string) string {
	before, _, found := strings.Cut(path, "/{")
	if !found {
		return path
	}
	id := ids[before]
	if id == "" {
		id = "none"
	}
	return pathParameter.ReplaceAllLiteralString(path, id)
}

// intact wants the database to be there, with what the fixtures have made.
func (s *server) intact(t *testing.T) {
	t.Helper()
	for _, table := range []string{"event", "profile", "list", "metric"} {
		if n := s.count("select count(*) from " + table); n == 0 {
			t.Errorf("%s is empty", table)
		}
	}
}

// marker stands where the hostile value comes.
const marker = "a value comes here"

func mustMarshal(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// places are the pointers of all values in a body, of arrays the first element.
func places(pointer string, v any) []string {
	all := []string{pointer}
	switch v := v.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			all = append(all, places(pointer+"/"+strings.NewReplacer("~", "~0", "/", "~1").Replace(name), v[name])...)
		}
	case []any:
		if len(v) > 0 {
			all = append(all, places(pointer+"/0", v[0])...)
		}
	}
	return all
}

func placeNumber(place string) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(place))
	return int(h.Sum32() % 1000)
}

// free says whether a place takes members of any name.
func free(place string) bool {
	return strings.Contains(place, "properties") || strings.Contains(place, "/definition") || strings.Contains(place, "custom_metadata")
}

func lookUp(v any, place string) any {
	for _, name := range strings.Split(place, "/")[1:] {
		switch inner := v.(type) {
		case map[string]any:
			v = inner[strings.NewReplacer("~1", "/", "~0", "~").Replace(name)]
		case []any:
			v = inner[0]
		}
	}
	return v
}

// replace gives a copy of a body with another value at a place.
func replace(v any, place string, with any) any {
	if place == "" {
		return with
	}
	name, rest, _ := strings.Cut(place[1:], "/")
	if rest != "" || strings.HasSuffix(place, "/") && strings.Count(place, "/") > 1 {
		rest = "/" + rest
	}
	switch v := v.(type) {
	case map[string]any:
		name = strings.NewReplacer("~1", "/", "~0", "~").Replace(name)
		changed := maps.Clone(v)
		changed[name] = replace(v[name], rest, with)
		return changed
	case []any:
		changed := slices.Clone(v)
		changed[0] = replace(v[0], rest, with)
		return changed
	}
	return with
}
