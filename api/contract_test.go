package api_test

import (
	"encoding/json"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/legato-flow/legato/internal/testkit"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// spec is the public API's specification, beside the repository if it is there at all. With it, every answer in
// this package's tests is held against the schema of its operation, with no members allowed that it lacks.
type spec struct {
	paths map[string]map[string]operation
	whole any // as it is written

	mu       sync.Mutex
	compiler *jsonschema.Compiler
}

type operation struct {
	Responses map[string]struct {
		Ref     string `json:"$ref"`
		Content map[string]struct {
			Schema any
		}
	}
}

var theSpec = sync.OnceValues(func() (*spec, error) {
	root, err := testkit.Root()
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(filepath.Join(root, "..", "shared", "klaviyo-openapi", "stable.json"))
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	s := &spec{compiler: jsonschema.NewCompiler()}
	var head struct {
		Paths map[string]map[string]operation
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return nil, err
	}
	var whole any
	if err := json.Unmarshal(data, &whole); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(data, &s.whole); err != nil {
		return nil, err
	}
	s.paths = head.Paths
	extend(whole.(map[string]any)["components"].(map[string]any)["schemas"].(map[string]any))
	whole = modern(whole)
	// Errors of JSON:API have a status, and meta names a duplicate: the specification forgets them.
	for _, kind := range []string{"ClientError", "ServerError"} {
		loosen(whole.(map[string]any)["components"].(map[string]any)["responses"].(map[string]any)[kind].(map[string]any))
	}
	// Aggregates take a cursor, which has to come from somewhere: the specification forgets that link as well.
	at(whole, "components", "schemas", "PostMetricAggregateResponse", "properties")["links"] = map[string]any{"$ref": "#/components/schemas/CollectionLinks"}
	return s, s.compiler.AddResource("file:///spec.json", whole)
})

func loadSpec(t testing.TB) *spec {
	s, err := theSpec()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// modern turns OpenAPI 3.0 schemas into JSON Schema: nullable becomes a choice. Objects whose members are listed
// take no others.
func modern(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = modern(v[i])
		}
	case map[string]any:
		for name := range v {
			if name == "example" || name == "default" {
				delete(v, name)
				continue
			}
			v[name] = modern(v[name])
		}
		// An integer is a number as well, and "today" a string: of plain types more than one may fit.
		if all, ok := v["oneOf"].([]any); ok && !slices.ContainsFunc(all, func(x any) bool { return x.(map[string]any)["type"] == nil || x.(map[string]any)["type"] == "object" }) {
			v["anyOf"] = all
			delete(v, "oneOf")
		}
		if _, listed := v["properties"].(map[string]any); listed && v["type"] == "object" {
			v["additionalProperties"] = false
		}
		if v["nullable"] == true {
			delete(v, "nullable")
			return map[string]any{"anyOf": []any{v, map[string]any{"type": "null"}}}
		}
	}
	return v
}

// extend adds attributes that are given only if asked for, which the specification puts beside a schema in an
// allOf, to the schema itself.
func extend(schemas map[string]any) {
	var visit func(v any)
	visit = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, x := range v {
				visit(x)
			}
		case map[string]any:
			if all, ok := v["allOf"].([]any); ok && len(all) == 2 {
				more := at(all[0], "properties", "attributes", "properties")
				ref, _ := all[1].(map[string]any)["$ref"].(string)
				attributes := at(schemas[ref[strings.LastIndex(ref, "/")+1:]], "properties", "attributes", "properties")
				for name, schema := range more {
					attributes[name] = schema
				}
			}
			for _, x := range v {
				visit(x)
			}
		}
	}
	visit(schemas)
}

func at(v any, path ...string) map[string]any {
	for _, name := range path {
		m, _ := v.(map[string]any)
		v = m[name]
	}
	m, _ := v.(map[string]any)
	return m
}

// loosen lets the objects in a part of the specification have other members.
func loosen(part map[string]any) {
	delete(part, "additionalProperties")
	for _, inner := range part {
		if inner, ok := inner.(map[string]any); ok {
			loosen(inner)
		}
	}
}

func (s *spec) check(t testing.TB, method, path string, w *httptest.ResponseRecorder) {
	t.Helper()
	if s == nil || !strings.HasPrefix(path, "/api/") && !strings.HasPrefix(path, "/client/") {
		return
	}
	pointer := s.schema(method, strings.TrimSuffix(path, "/"), w.Code)
	if pointer == "" || w.Code == 0 {
		return
	}
	if got := w.Header().Get("Content-Type"); got != "application/vnd.api+json" {
		t.Errorf("%s %s: Content-Type %q", method, path, got)
	}
	s.mu.Lock()
	schema, err := s.compiler.Compile("file:///spec.json#" + pointer)
	s.mu.Unlock()
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(w.Body.String()))
	if err != nil {
		t.Errorf("%s %s: %v", method, path, err)
		return
	}
	if err := schema.Validate(doc); err != nil {
		t.Errorf("%s %s answers %d against the specification: %v\n%s", method, path, w.Code, err, w.Body)
	}
}

// schema is the pointer to the schema of an answer, or nothing if the specification does not know the operation
// or gives the answer no body.
func (s *spec) schema(method, path string, status int) string {
	template := s.template(path)
	op, ok := s.paths[template][strings.ToLower(method)]
	if !ok {
		return ""
	}
	class := map[int]string{4: "4XX", 5: "5XX"}[status/100]
	if class != "" {
		name := map[string]string{"4XX": "ClientError", "5XX": "ServerError"}[class]
		return "/components/responses/" + name + "/content/application~1vnd.api+json/schema"
	}
	code := strings.TrimSpace(string(rune('0'+status/100)) + string(rune('0'+status/10%10)) + string(rune('0'+status%10)))
	response, ok := op.Responses[code]
	if !ok {
		return "/missing/" + code // fails to compile: the specification has no such answer
	}
	if len(response.Content) == 0 {
		return ""
	}
	return "/paths/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(template) + "/" + strings.ToLower(method) +
		"/responses/" + code + "/content/application~1vnd.api+json/schema"
}

// template finds the path in the specification that this one is of.
func (s *spec) template(path string) string {
	if _, ok := s.paths[path]; ok {
		return path
	}
	parts := strings.Split(path, "/")
	for i := range parts {
		for name := range s.paths {
			want := strings.Split(name, "/")
			if len(want) != len(parts) || !strings.HasPrefix(want[i], "{") {
				continue
			}
			try := append([]string{}, parts...)
			try[i] = want[i]
			if strings.Join(try, "/") == name {
				return name
			}
		}
	}
	return ""
}

func TestTheSpecificationIsHeldAgainst(t *testing.T) {
	t.Parallel()
	s := loadSpec(t)
	if s == nil {
		t.Skip("the specification is not beside the repository")
	}
	for path, want := range map[string]string{"/api/events": "/api/events", "/api/events/x": "/api/events/{id}", "/api/lists/x/relationships/profiles": "/api/lists/{id}/relationships/profiles"} {
		if got := s.template(path); got != want {
			t.Errorf("%s is taken for %q", path, got)
		}
	}
	for body, good := range map[string]bool{
		`{"data":{"type":"metric","id":"a","attributes":{"name":null},"links":{"self":"http://x"}}}`:         true,
		`{"data":{"type":"metric","id":"a","attributes":{"name":1},"links":{"self":"http://x"}}}`:            false,
		`{"data":{"type":"metric","id":"a","attributes":{"name":"x","more":1},"links":{"self":"http://x"}}}`: false,
		`{"data":{"type":"metric","id":"a","attributes":{"name":"x"}}}`:                                      false,
	} {
		s.mu.Lock()
		schema, err := s.compiler.Compile("file:///spec.json#" + s.schema("GET", "/api/metrics/a", 200))
		s.mu.Unlock()
		if err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(doc); (err == nil) != good {
			t.Errorf("%s: %v", body, err)
		}
	}
}
