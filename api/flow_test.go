package api_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"

	"github.com/legato-flow/legato/flow"
	"github.com/legato-flow/legato/flow/plan"
)

// flowServer has the metrics, lists and templates that the definitions of flow/definition refer to.
func flowServer(t *testing.T) *server {
	s := newServer(t)
	for _, sql := range []string{
		`insert into metric (id, name) values ('ADDCRT', 'Added to Cart'), ('PLCORD', 'Placed Order'), ('SUBBIS', 'Subscribed to Back in Stock')`,
		`insert into list (id, name) values ('LISTAA', 'Newsletter'), ('LISTBB', 'Twice'), ('LISTCC', 'Twice')`,
		`insert into template (id, source) values ('TPL001', 'One'), ('TPL002', 'Two'), ('TPL003', 'Three')`,
	} {
		if _, err := s.store.DB.Exec(sql); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func flowBody(t *testing.T, name, file string) string {
	t.Helper()
	data, err := os.ReadFile("../flow/definition/testdata/" + file + ".json")
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf(`{"data":{"type":"flow","attributes":{"name":%q,"definition":%s}}}`, name, data)
}

func (s *server) createFlow(t *testing.T, name, file string) string {
	t.Helper()
	return s.expect(201, "POST", "/api/flows/", flowBody(t, name, file))["data"].(map[string]any)["id"].(string)
}

func TestFlowsAreCreatedReadChangedAndDeleted(t *testing.T) {
	t.Parallel()
	s := flowServer(t)
	ids := map[string]string{}
	for _, file := range []string{"abandoned-cart", "birthday", "back-in-stock", "welcome", "price-drop", "low-inventory"} {
		ids[file] = s.createFlow(t, "The flow "+file, file)
	}
	cart, welcome := ids["abandoned-cart"], ids["welcome"]
	get := func(path string, has ...string) exchange {
		return exchange{request: request{method: "GET", path: path}, status: 200, has: has}
	}
	bad := func(status int, path string, has ...string) exchange {
		return exchange{request: request{method: "GET", path: path}, status: status, has: has}
	}
	s.run(t, map[string]exchange{
		"one":                   get("/api/flows/"+cart, `"status":"draft"`, `"trigger_type":"Metric"`, `"archived":false`, `"id":"`+cart+`~mail1"`),
		"its definition":        get("/api/flows/"+cart+"?additional-fields[flow]=definition", `"entry_action_id":"`+cart+`~wait4h"`, `"metric_id":"PLCORD"`, `"type":"profile-not-sent-email"`),
		"back in stock":         get("/api/flows/"+ids["back-in-stock"]+"?additional-fields[flow]=definition", `"type":"back-in-stock-delay"`, `"id":"SUBBIS"`),
		"parts of it":           {request: request{method: "GET", path: "/api/flows/" + cart + "?additional-fields[flow]=definition&fields[flow]=definition,status"}, status: 200, has: []string{`"triggers"`, `"status"`}, lacks: []string{`"name":"The flow`}},
		"with actions":          get("/api/flows/"+welcome+"?include=flow-actions", `"type":"flow-action"`, `"type":"multi-branch-split"`),
		"all with definition":   bad(400, "/api/flows?additional-fields[flow]=definition"),
		"by name":               {request: request{method: "GET", path: `/api/flows?filter=contains(name,"birth")`}, status: 200, has: []string{"birthday"}, lacks: []string{"The flow welcome"}},
		"by beginning":          {request: request{method: "GET", path: `/api/flows?filter=starts-with(name,"birth")`}, status: 200, lacks: []string{"birthday"}},
		"by end":                get(`/api/flows?filter=ends-with(name,"welcome")`, "The flow welcome"),
		"by what triggers":      {request: request{method: "GET", path: `/api/flows?filter=equals(trigger_type,"Date%20Based")`}, status: 200, has: []string{"birthday"}, lacks: []string{"The flow welcome"}},
		"by archived":           {request: request{method: "GET", path: `/api/flows?filter=equals(archived,true)`}, status: 200, lacks: []string{"The flow"}},
		"by archived as text":   bad(400, `/api/flows?filter=equals(archived,1)`, "true or false"),
		"by time":               {request: request{method: "GET", path: `/api/flows?filter=less-than(created,2020-01-01T00:00:00Z)`}, status: 200, lacks: []string{"The flow"}},
		"many pages":            bad(400, "/api/flows?page[size]=51"),
		"tags are not there":    bad(400, "/api/flows?include=tags", "flow-actions"),
		"none":                  bad(404, "/api/flows/none"),
		"by metric":             {request: request{method: "GET", path: "/api/metrics/ADDCRT/flow-triggers"}, status: 200, has: []string{"abandoned-cart"}, lacks: []string{"birthday"}},
		"ids by metric":         get("/api/metrics/ADDCRT/relationships/flow-triggers", `{"type":"flow","id":"`+cart+`"}`),
		"by list":               get("/api/lists/LISTAA/flow-triggers?fields[flow]=name", "The flow welcome"),
		"ids by list":           {request: request{method: "GET", path: "/api/lists/LISTBB/relationships/flow-triggers"}, status: 200, has: []string{`"data":[]`}},
		"by no metric":          bad(404, "/api/metrics/none/flow-triggers"),
		"by no list":            bad(404, "/api/lists/none/flow-triggers"),
		"status of another":     {request: request{method: "PATCH", path: "/api/flows/" + cart, body: `{"data":{"type":"flow","id":"other","attributes":{"status":"live"}}}`}, status: 400, has: []string{`"/data/id"`}},
		"unknown status":        {request: request{method: "PATCH", path: "/api/flows/" + cart, body: `{"data":{"type":"flow","id":"` + cart + `","attributes":{"status":"on"}}}`}, status: 400, has: []string{`"/data/attributes/status"`}},
		"cannot go live":        {request: request{method: "PATCH", path: "/api/flows/" + ids["price-drop"], body: `{"data":{"type":"flow","id":"` + ids["price-drop"] + `","attributes":{"status":"live"}}}`}, status: 400, has: []string{`"/data/attributes/status"`, "cannot go live yet"}},
		"a flow without a name": {request: request{method: "POST", path: "/api/flows", body: strings.Replace(flowBody(t, "x", "welcome"), `"name":"x",`, "", 1)}, status: 400, has: []string{`"/data/attributes/name"`}},
		"no definition":         {request: request{method: "POST", path: "/api/flows", body: `{"data":{"type":"flow","attributes":{"name":"x"}}}`}, status: 400, has: []string{`"/data/attributes/definition"`}},
		"a bad definition":      {request: request{method: "POST", path: "/api/flows", body: strings.Replace(flowBody(t, "x", "welcome"), `"TPL001"`, `"TPL009"`, 1)}, status: 400, has: []string{`"/data/attributes/definition/actions/1/data/message/template_id"`, "TPL009"}},
	})
	s.walk(t, "/api/flows?sort=name&page[size]=2", 6, func() { s.createFlow(t, "Z", "welcome") }, true)

	s.expect(200, "PATCH", "/api/flows/"+cart, `{"data":{"type":"flow","id":"`+cart+`","attributes":{"status":"live"}}}`)
	shown := s.expect(200, "GET", "/api/flows/"+cart+"?additional-fields[flow]=definition", "")
	if text := fmt.Sprint(shown); strings.Contains(text, "status:draft") || !strings.Contains(text, "status:live") {
		t.Errorf("some action is not live: %s", text)
	}
	run := s.inside(t, cart)
	s.expect(204, "DELETE", "/api/flows/"+cart, "")
	s.expect(404, "GET", "/api/flows/"+cart, "")
	s.expect(404, "DELETE", "/api/flows/"+cart, "")
	s.expect(404, "PATCH", "/api/flows/"+cart, `{"data":{"type":"flow","id":"`+cart+`","attributes":{"status":"live"}}}`)
	s.expect(404, "GET", "/api/flow-actions/"+cart+"~mail1", "")
	if n := s.count("select count(*) from run where id = $1 and status = 'cancelled' and reason = 'Flow Deleted' and finished_at is not null", run); n != 1 {
		t.Error("somebody is still inside a flow that is deleted")
	}
	if n := s.count("select count(*) from nudge where run_id = $1", run); n != 1 {
		t.Error("nobody tells the cohort")
	}
	if n := s.count("select count(*) from flow_trigger where flow_id = $1", cart); n != 0 {
		t.Error("a deleted flow is still triggered")
	}
}

// inside puts a person into a flow.
func (s *server) inside(t *testing.T, flow string) string {
	t.Helper()
	for _, sql := range []string{
		`insert into cohort (id, flow_id, hash, size) select 'c-' || id, id, hash, 1 from flow where id = $1`,
		`insert into run (id, flow_id, hash, profile_id, entry_key, cohort_id, entered_at, due_at) select 'r-' || id, id, hash, 'p', 'e', 'c-' || id, now(), now() from flow where id = $1`,
	} {
		if _, err := s.store.DB.Exec(sql, flow); err != nil {
			t.Fatal(err)
		}
	}
	return "r-" + flow
}

func TestActionsAndMessagesOfAFlowAreReadAndChanged(t *testing.T) {
	t.Parallel()
	s := flowServer(t)
	id := s.createFlow(t, "Welcome", "welcome")
	cart := s.createFlow(t, "Cart", "abandoned-cart")
	action := func(step string) string { return "/api/flow-actions/" + id + "~" + step }
	message := "/api/flow-messages/" + id + "~m1"
	run := s.inside(t, id)
	get := func(path string, has ...string) exchange {
		return exchange{request: request{method: "GET", path: path}, status: 200, has: has}
	}
	patch := func(step, definition string, status int, has ...string) exchange {
		body := `{"data":{"type":"flow-action","id":"` + id + "~" + step + `","attributes":{"definition":` + definition + `}}}`
		return exchange{request: request{method: "PATCH", path: action(step), body: body}, status: status, has: has}
	}
	s.run(t, map[string]exchange{
		"of a flow":          get("/api/flows/"+id+"/flow-actions", `"type":"send-internal-alert"`, id+"~lu"),
		"ids":                get("/api/flows/"+id+"/relationships/flow-actions", `{"type":"flow-action","id":"`+id+`~lu"}`),
		"by type":            {request: request{method: "GET", path: "/api/flows/" + id + `/flow-actions?filter=equals(action_type,"send-email")`}, status: 200, has: []string{id + "~m1", id + "~m2"}, lacks: []string{`"id":"` + id + `~lu","attributes"`}},
		"by some types":      {request: request{method: "GET", path: "/api/flows/" + id + `/flow-actions?filter=any(action_type,["list-update","time-delay"])`}, status: 200, has: []string{id + "~lu"}, lacks: []string{`"type":"flow-action","id":"` + id + `~m1"`}},
		"by status":          {request: request{method: "GET", path: "/api/flows/" + id + `/flow-actions?filter=equals(status,"live")`}, status: 200, has: []string{`"data":[]`}},
		"by time":            {request: request{method: "GET", path: "/api/flows/" + id + `/flow-actions?filter=greater-than(created,2100-01-01T00:00:00Z)`}, status: 200, has: []string{`"data":[]`}},
		"of no flow":         {request: request{method: "GET", path: "/api/flows/none/flow-actions"}, status: 404},
		"one":                get(action("mb"), `"type":"multi-branch-split"`, `"in_region":true`, `"flow-messages":{"data":[]`),
		"with all around":    get(action("m1")+"?include=flow,flow-messages", `"type":"flow-message"`, `"type":"flow"`),
		"no such action":     {request: request{method: "GET", path: action("none")}, status: 404},
		"no id of an action": {request: request{method: "GET", path: "/api/flow-actions/none"}, status: 404},
		"its flow":           get(action("m1")+"/flow", `"name":"Welcome"`),
		"its flow's id":      get(action("m1")+"/relationships/flow", `{"type":"flow","id":"`+id+`"}`),
		"its messages":       get(action("m1")+"/flow-messages", `"channel":"email"`, `"subject_line":"Hello A"`),
		"messages by name":   {request: request{method: "GET", path: action("m1") + `/flow-messages?filter=equals(name,"None")`}, status: 200, has: []string{`"data":[]`}},
		"ids of messages":    get(action("m1")+"/relationships/flow-messages", `{"type":"flow-message","id":"`+id+`~m1"}`),
		"no messages":        get(action("d")+"/flow-messages", `"data":[]`),
		"a message":          get(message+"?include=flow-action,template", `"template_id":"TPL001"`, `"html":"One"`, `"type":"flow-action"`),
		"its action":         get(message+"/flow-action", `"type":"send-email"`),
		"its action's id":    get(message+"/relationships/flow-action", `{"type":"flow-action","id":"`+id+`~m1"}`),
		"its template":       get(message+"/template", `"html":"One"`, `"editor_type":"CODE"`),
		"its template's id":  get(message+"/relationships/template", `{"type":"template","id":"TPL001"}`),
		"no template":        {request: request{method: "GET", path: "/api/flow-messages/" + cart + "~hook/template"}, status: 404},
		"no template's id":   get("/api/flow-messages/"+cart+"~hook/relationships/template", `"data":null`),
		"no message":         {request: request{method: "GET", path: "/api/flow-messages/" + id + "~d"}, status: 404},

		"to nowhere":            patch("d", `{"type":"time-delay","links":{"next":"none"},"data":{"value":1}}`, 400, `"/data/attributes/definition/links/next"`),
		"in a circle":           patch("d", `{"type":"time-delay","links":{"next":"`+id+`~m1"},"data":{"value":1}}`, 400, "circle"),
		"leaving others behind": patch("d", `{"type":"time-delay","links":{"next":null},"data":{"value":1}}`, 400, "No other action leads to this one"),
		"of nothing":            patch("d", `{"type":"time-delay","links":{"next":"`+id+`~mb"},"data":{"value":0}}`, 400, `"/data/attributes/definition/data/value"`),
		"what is not there":     patch("none", `{"type":"time-delay","data":{"value":1}}`, 404),
		"orphans":               {request: request{method: "DELETE", path: action("ab")}, status: 409, has: []string{"No other action leads to this one"}},
	})
	before := s.count("select count(*) from plan where flow_id = $1", id)
	s.run(t, map[string]exchange{
		"a longer delay": patch("d", `{"id":"`+id+`~d","type":"time-delay","links":{"next":"`+id+`~mb"},"data":{"unit":"days","value":5}}`, 200, `"value":5`),
	})
	s.expect(204, "DELETE", action("al"), "")
	s.expect(404, "GET", action("al"), "")
	if n := s.count("select count(*) from plan where flow_id = $1", id); n != before+2 {
		t.Errorf("%d versions, there were %d", n, before)
	}
	if n := s.count("select count(*) from run r join flow f on f.id = r.flow_id where r.id = $1 and r.status = 'active' and r.hash <> f.hash", run); n != 1 {
		t.Error("who is inside does not stay on the version they entered")
	}
	s.leaf(t, "/api/flows/"+cart+"/flow-actions?sort=-id&page[size]=2", 7)
}

// leaf goes through the pages of a collection that nobody changes, to the end and back.
func (s *server) leaf(t *testing.T, path string, rows int) {
	t.Helper()
	doc := s.expect(200, "GET", path, "")
	for _, link := range []string{"next", "prev"} {
		seen := map[string]bool{}
		for pages := 0; ; pages++ {
			for _, x := range doc["data"].([]any) {
				seen[x.(map[string]any)["id"].(string)] = true
			}
			to, ok := doc["links"].(map[string]any)[link].(string)
			if !ok || pages > rows {
				break
			}
			doc = s.expect(200, "GET", strings.TrimPrefix(to, "http://legato.test"), "")
		}
		if len(seen) != rows {
			t.Errorf("%s by %s: %d rows, want %d", path, link, len(seen), rows)
		}
	}
}

func TestFlowsWrittenInYAMLAreVisible(t *testing.T) {
	t.Parallel()
	s := flowServer(t)
	f, problems := flow.Parse("f.yaml", []byte(`flow: from-yaml
name: From YAML
status: live
trigger: {list: LISTBB}
filter: in_list("LISTCC") and person.points > 10
steps:
  - wait: 1d
  - email: TPL001
`))
	if f == nil {
		t.Fatal(problems)
	}
	apply := func() {
		if err := s.store.Tx(t.Context(), func(tx *sqlx.Tx) error { return s.store.ApplyFlow(t.Context(), tx, f.Plan, f.Status) }); err != nil {
			t.Fatal(err)
		}
	}
	apply()
	path := "/api/flows/from-yaml"
	s.run(t, map[string]exchange{
		"it":          {request: request{method: "GET", path: path + "?additional-fields[flow]=definition"}, status: 200, has: []string{`"name":"From YAML"`, `"trigger_type":"Added to List"`, `"from-yaml~wait-1"`, `"group_ids":["LISTCC"]`, `"id":"LISTBB"`}},
		"by its list": {request: request{method: "GET", path: "/api/lists/LISTBB/flow-triggers"}, status: 200, has: []string{"from-yaml"}},
	})
	s.expect(204, "DELETE", path, "")
	s.expect(404, "GET", path, "")
	apply()
	s.expect(200, "GET", path, "")
	if err := s.store.Tx(t.Context(), func(tx *sqlx.Tx) error { _, err := s.store.ArchiveFlow(t.Context(), tx, "from-yaml"); return err }); err != nil {
		t.Fatal(err)
	}
	s.expect(409, "PATCH", path, `{"data":{"type":"flow","id":"from-yaml","attributes":{"status":"draft"}}}`)
}

func TestAFlowOfTheAPIIsTheSameInPostgres(t *testing.T) {
	t.Parallel()
	s := flowServer(t)
	id := s.createFlow(t, "Cart", "abandoned-cart")
	f, err := s.store.Flow(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.store.Plan(t.Context(), f.Hash)
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("../flow/definition/testdata/abandoned-cart.plan.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden plan.Plan
	if err := json.Unmarshal(want, &golden); err != nil {
		t.Fatal(err)
	}
	golden.Flow, golden.Name = id, "Cart"
	if golden.Hash() != p.Hash() || f.Hash != p.Hash() {
		t.Errorf("%s\n%s", golden.Encode(), p.Encode())
	}
}

func TestTheGuidesFlowIsAccepted(t *testing.T) {
	t.Parallel()
	s := flowServer(t)
	page, err := os.ReadFile("../docs/guide/flows-through-the-api.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "```json\n")
	body, _, found := strings.Cut(rest, "```")
	if !found {
		t.Fatal("the guide has no JSON")
	}
	id := s.expect(201, "POST", "/api/flows", body)["data"].(map[string]any)["id"].(string)
	s.expect(200, "PATCH", "/api/flows/"+id, `{"data":{"type":"flow","id":"`+id+`","attributes":{"status":"live"}}}`)
}
