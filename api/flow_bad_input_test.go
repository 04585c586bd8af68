package api_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/legato-flow/legato/api"
	"github.com/legato-flow/legato/content"
	"github.com/legato-flow/legato/flow"
)

// withLiquid lets the API check Liquid as the program does.
func withLiquid(o *api.Options) {
	engine := content.New(content.Options{})
	o.Liquid = func(source string) (problems flow.Problems, variables []flow.Variable) {
		errs, mentions := engine.CheckText(source)
		for _, e := range errs {
			problems = append(problems, flow.Problem{Line: e.Line, Column: e.Column, Message: e.Message})
		}
		for _, m := range mentions {
			variables = append(variables, flow.Variable(m))
		}
		return problems, variables
	}
}

// delay is an action that waits, with what is different about it.
func delay(id, next, data string) string {
	link := "null"
	if next != "" {
		link = `"` + next + `"`
	}
	return fmt.Sprintf(`{"temporary_id":%q,"type":"time-delay","links":{"next":%s},"data":{"unit":"days","value":2,"secondary_value":0,"timezone":"profile",`+
		`"delay_until_time":null,"delay_until_weekdays":null%s}}`, id, link, data)
}

// bodyOf is a request for a new flow that begins with the action a.
func bodyOf(filter string, actions ...string) string {
	if filter == "" {
		filter = "null"
	}
	return `{"data":{"type":"flow","attributes":{"name":"x","definition":{"triggers":[{"type":"list","id":"LISTAA"}],"profile_filter":` + filter +
		`,"entry_action_id":"a","reentry_criteria":{"unit":"alltime","duration":1},"actions":[` + strings.Join(actions, ",") + `]}}}}`
}

// replaced is a delay with one of its values replaced.
func replaced(from, to string) string {
	return bodyOf("", strings.Replace(delay("a", "", ""), from, to, 1))
}

func message(subject, template string) string {
	return fmt.Sprintf(`{"temporary_id":"a","type":"send-email","links":{"next":null},"data":{"status":"draft","message":{"name":"A",`+
		`"from_email":"shop@example.org","from_label":"Shop","subject_line":%q,"preview_text":"","template_id":%q}}}`, subject, template)
}

func condition(dimension string) string {
	return `{"condition_groups":[{"conditions":[{"type":"profile-property","property":` + dimension + `,"filter":{"type":"string","operator":"equals","value":"x"}}]}]}`
}

// TestBadFlowsAreRefusedWithThePlaceAndInTime sends what breaks interpreters. Each of them is answered with 400 and a pointer.
func TestBadFlowsAreRefusedWithThePlaceAndInTime(t *testing.T) {
	t.Parallel()
	s := newServer(t, withLiquid)
	for _, sql := range []string{
		`insert into list (id, name) values ('LISTAA', 'Newsletter')`, `insert into template (id, source) values ('TPL001', 'One')`,
	} {
		if _, err := s.store.DB.Exec(sql); err != nil {
			t.Fatal(err)
		}
	}
	const at = "/data/attributes/definition"
	var many []string
	for i := range 10_000 {
		many = append(many, fmt.Sprintf(`{"temporary_id":"s%d"}`, i))
	}
	deep := strings.Repeat(`{"a":`, 20_000) + "1" + strings.Repeat("}", 20_000)
	groups := strings.Repeat(`{"conditions":[{"type":"profile-sample","percentage":50}]},`, 3_000)
	for name, test := range map[string]struct{ body, pointer string }{
		"a circle":                     {bodyOf("", delay("a", "b", ""), delay("b", "a", "")), at + "/actions"},
		"a link to itself":             {bodyOf("", delay("a", "a", "")), at + "/actions/0"},
		"a link to nothing":            {bodyOf("", delay("a", "z", "")), at + "/actions/0/links/next"},
		"an entry that is not there":   {strings.Replace(bodyOf("", delay("a", "", "")), `"entry_action_id":"a"`, `"entry_action_id":"z"`, 1), at + "/entry_action_id"},
		"an action that nothing leads": {bodyOf("", delay("a", "", ""), delay("b", "", "")), at + "/actions/1"},
		"an id twice":                  {bodyOf("", delay("a", "", ""), delay("a", "", "")), at + "/actions/1"},
		"ten thousand steps":           {bodyOf("", many...), at + "/actions"},
		"deep nesting":                 {bodyOf(deep, delay("a", "", "")), ""},
		"a huge filter":                {bodyOf(`{"condition_groups":[`+strings.TrimSuffix(groups, ",")+`]}`, delay("a", "", "")), at + "/profile_filter"},
		"a huge name":                  {bodyOf(condition(`"properties['`+strings.Repeat("x", 60_000)+`']"`), delay("a", "", "")), at + "/profile_filter"},
		"an unknown zone":              {replaced(`"timezone":"profile","delay_until_time":null`, `"timezone":"Mars/Olympus","delay_until_time":"10:00:00"`), at + "/actions/0/data/timezone"},
		"a time that does not exist":   {replaced(`"delay_until_time":null`, `"delay_until_time":"25:61"`), at + "/actions/0/data/delay_until_time"},
		"a wait of nothing":            {replaced(`"value":2`, `"value":0`), at + "/actions/0"},
		"a negative wait":              {replaced(`"value":2`, `"value":-2`), at + "/actions/0/data/value"},
		"a wait of ages":               {replaced(`"value":2`, `"value":1000000000`), at + "/actions/0/data/value"},
		"a number beyond numbers":      {replaced(`"value":2`, `"value":1e999`), at + "/actions/0/data/value"},
		"a date that does not exist": {bodyOf("", `{"temporary_id":"a","type":"update-profile","links":{"next":null},"data":{"status":"draft","profile_operations":[`+
			`{"operator":"update","property_type":"date","property_key":"d","property_value":"2026-02-30"}]}}`), at + "/actions/0/data/profile_operations/0/property_value"},
		"a share beyond 100":         {bodyOf(`{"condition_groups":[{"conditions":[{"type":"profile-sample","percentage":150}]}]}`, delay("a", "", "")), at + "/profile_filter"},
		"a template that is gone":    {bodyOf("", message("Hi", "TPL009")), at + "/actions/0/data/message/template_id"},
		"Liquid that does not parse": {bodyOf("", message("Hi {% if %}", "TPL001")), at + "/actions/0"},
		"an unknown filter":          {bodyOf("", message("{{ person.first_name | shout }}", "TPL001")), at + "/actions/0"},
		"a kind that is none":        {bodyOf("", `{"temporary_id":"a","type":"teleport","links":{"next":null},"data":{}}`), at + "/actions/0"},
		"half of a body":             {bodyOf("", delay("a", "", ""))[:200], ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			begun := time.Now()
			answer := s.do(request{method: "POST", path: "/api/flows", body: test.body})
			if took := time.Since(begun); took > 5*time.Second {
				t.Errorf("it took %s", took)
			}
			if answer.Code != 400 {
				t.Fatalf("%d: %.300s", answer.Code, answer.Body)
			}
			var got struct {
				Errors []struct {
					Detail string
					Source struct{ Pointer string }
				}
			}
			if err := json.Unmarshal(answer.Body.Bytes(), &got); err != nil || len(got.Errors) == 0 || len(got.Errors) > 100 {
				t.Fatalf("%v: %.300s", err, answer.Body)
			}
			for _, e := range got.Errors {
				if !strings.HasPrefix(e.Source.Pointer, test.pointer) || e.Detail == "" || len(e.Detail) > 2_000 {
					t.Errorf("at %q: %.200s", e.Source.Pointer, e.Detail)
				}
			}
		})
	}
	t.Cleanup(func() {
		if n := s.count("select count(*) from flow"); n != 0 {
			t.Errorf("%d flows were made", n)
		}
	})
}
