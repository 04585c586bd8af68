package flow

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/legato-flow/legato/flow/plan"
)

// sound is a plan with nothing wrong.
func sound() *plan.Plan {
	return &plan.Plan{
		Format: plan.Format, Flow: "x", Name: "X", Reentry: plan.Reentry{Mode: plan.Always}, Entry: "a",
		Triggers: []plan.Trigger{{Metric: &plan.MetricTrigger{Metric: "A"}}},
		Steps: []plan.Step{
			{ID: "a", Kind: plan.KindEmail, Next: "b", Email: &plan.Email{Template: "hello"}},
			{ID: "b", Kind: plan.KindWait, Next: "c", Wait: &plan.Wait{Days: 1}},
			{ID: "c", Kind: plan.KindTrack, Track: &plan.Track{Metric: "B"}},
		},
	}
}

func TestPlansThatOthersMakeAreHeldToTheSameRules(t *testing.T) {
	t.Parallel()
	second := func(s plan.Step) func(p *plan.Plan) {
		return func(p *plan.Plan) {
			s.ID, s.Next = "b", "c"
			p.Steps[1] = s
		}
	}
	for name, test := range map[string]struct {
		change func(p *plan.Plan)
		want   string
	}{
		"nothing":         {func(*plan.Plan) {}, ""},
		"no triggers":     {func(p *plan.Plan) { p.Triggers = nil }, "triggers: the flow has no trigger, so nobody enters"},
		"two kinds":       {func(p *plan.Plan) { p.Triggers[0].List = &plan.ListTrigger{List: "L"} }, "triggers[0]: a trigger has one kind, not 2"},
		"trigger filter":  {func(p *plan.Plan) { p.Triggers[0].Metric.Filter = "event." }, "triggers[0].metric.filter: "},
		"person's filter": {func(p *plan.Plan) { p.Triggers[0].Metric.Filter = "person.a == true" }, "triggers[0].metric.filter: "},
		"flow id":         {func(p *plan.Plan) { p.Flow = "No Id" }, "flow: flow must be made of a-z"},
		"name":            {func(p *plan.Plan) { p.Name = "a\x00b" }, "name: name contains a line break"},
		"reentry":         {func(p *plan.Plan) { p.Reentry = plan.Reentry{Mode: plan.After} }, "reentry.after: after must be longer than nothing"},
		"cap":             {func(p *plan.Plan) { p.Cap = map[string]string{"fax": "off"} }, `cap: unknown channel "fax"`},
		"exit on":         {func(p *plan.Plan) { p.ExitOn = []plan.Watch{{}} }, "exit_on[0]: it needs a metric or a condition"},
		"date": {func(p *plan.Plan) {
			p.Triggers[0] = plan.Trigger{Date: &plan.DateTrigger{Property: "b", At: "9", Timezone: "person", Repeat: "yearly"}}
		}, "triggers[0].date.at: at must be a time of day"},
		"zone": {func(p *plan.Plan) {
			p.Triggers[0] = plan.Trigger{Date: &plan.DateTrigger{Property: "b", At: "09:00", Timezone: "Mars", Repeat: "yearly"}}
		}, "triggers[0].date.timezone: unknown time zone"},
		"segment":          {func(p *plan.Plan) { p.Triggers[0] = plan.Trigger{Segment: &plan.SegmentTrigger{Segment: "S"}} }, "triggers[0]: a flow with the trigger segment cannot go live yet"},
		"dangling link":    {func(p *plan.Plan) { p.Steps[0].Next = "z" }, `step a: next: there is no step with the id "z"`},
		"dangling entry":   {func(p *plan.Plan) { p.Entry = "z" }, `entry: there is no step with the id "z"`},
		"circle":           {func(p *plan.Plan) { p.Steps[2].Next = "b" }, "step b: the steps lead in a circle: b → c → b"},
		"circle to itself": {func(p *plan.Plan) { p.Steps[2].Next = "c" }, "step c: the steps lead in a circle: c → c"},
		"twice":            {func(p *plan.Plan) { p.Steps[2].ID = "b" }, `step b: id: step id "b" is there twice`},
		"unreachable":      {func(p *plan.Plan) { p.Steps[0].Next = "c" }, "step b: this step cannot be reached"},
		"order":            {func(p *plan.Plan) { p.Steps[1], p.Steps[2] = p.Steps[2], p.Steps[1] }, "step b: next: step c must come after this one"},
		"unknown kind":     {second(plan.Step{Kind: "fax"}), `step b: kind: unknown step kind "fax"`},
		"missing settings": {second(plan.Step{Kind: "email"}), "step b: email: the settings of the step are missing"},
		"other settings":   {second(plan.Step{Kind: "exit", Exit: &plan.Exit{}, Wait: &plan.Wait{}}), "step b: wait: a step of the kind exit has no settings of the kind wait"},
		"no template":      {second(plan.Step{Kind: "email", Email: &plan.Email{}}), "step b: email.template: the email has no template"},
		"no wait":          {second(plan.Step{Kind: "wait", Wait: &plan.Wait{}}), "step b: wait: the wait must be longer than nothing"},
		"negative wait":    {second(plan.Step{Kind: "wait", Wait: &plan.Wait{Duration: -1}}), "step b: wait: a wait must not be shorter"},
		"endless wait":     {second(plan.Step{Kind: "wait", Wait: &plan.Wait{Days: math.MaxInt}}), "step b: wait: the wait is longer"},
		"wait for date":    {second(plan.Step{Kind: "wait", Wait: &plan.Wait{Date: &plan.Offset{}, At: "09:00", Timezone: "person"}}), "step b: wait.date: there is no date"},
		"weekday":          {second(plan.Step{Kind: "wait", Wait: &plan.Wait{Weekdays: []string{"Monday"}, Timezone: "person"}}), `step b: wait.weekdays: unknown weekday "Monday"`},
		"timeout":          {second(plan.Step{Kind: "wait_for", WaitFor: &plan.WaitFor{For: []plan.Watch{{Metric: "B"}}}}), "step b: wait_for.timeout: timeout must be longer"},
		"if":               {second(plan.Step{Kind: "if", If: &plan.If{Branches: []plan.Branch{{When: "1 + 1"}}, Else: "c"}}), "step b: if.branches[0].when: when must be true or false"},
		"branch":           {second(plan.Step{Kind: "if", If: &plan.If{Branches: []plan.Branch{{Next: "y"}}, Else: "c"}}), `step b: if.branches[0].next: there is no step with the id "y"`},
		"weights":          {second(plan.Step{Kind: "split", Split: &plan.Split{Branches: []plan.Weighted{{Weight: 50, Next: "c"}, {Weight: 40}}}}), "step b: split.branches: the weights add up to 100 percent, not 90"},
		"no number":        {second(plan.Step{Kind: "split", Split: &plan.Split{Branches: []plan.Weighted{{Weight: math.NaN(), Next: "c"}, {Weight: 40}}}}), "step b: split.branches[0].weight: weight is in percent"},
		"url":              {second(plan.Step{Kind: "webhook", Webhook: &plan.Webhook{URL: "http://a.example"}}), "step b: webhook.url: url must begin with https://"},
		"header":           {second(plan.Step{Kind: "webhook", Webhook: &plan.Webhook{URL: "https://a.example", Headers: map[string]string{"Host": "b"}}}), "step b: webhook.headers.Host: the header Host cannot be set"},
		"address":          {second(plan.Step{Kind: "alert", Alert: &plan.Alert{To: []string{"x"}, Template: "a"}}), "step b: alert.to[0]: to must be an email address"},
		"property":         {second(plan.Step{Kind: "update_profile", UpdateProfile: &plan.UpdateProfile{Unset: []string{"email"}}}), "step b: update_profile.unset[0]: email is not a custom property"},
		"no such date":     {second(plan.Step{Kind: "update_profile", UpdateProfile: &plan.UpdateProfile{Set: []plan.Assignment{{Property: "d", Value: "2026-02-30", Date: true}}}}), "step b: update_profile.set[0].value: a date must be a day that exists"},
		"nested value":     {second(plan.Step{Kind: "update_profile", UpdateProfile: &plan.UpdateProfile{Set: []plan.Assignment{{Property: "d", Value: map[string]any{}}}}}), "step b: update_profile.set[0].value: a value must be text"},
		"itself":           {second(plan.Step{Kind: "track", Track: &plan.Track{Metric: "A"}}), `step b: the flow can start itself: it begins with the metric "A"`},
		"sms":              {second(plan.Step{Kind: "sms", SMS: &plan.SMS{Body: "a"}}), "step b: a step sms cannot go live yet"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := sound()
			test.change(p)
			before := string(mustEncode(p))
			findings := CheckPlan(p, plan.Live)
			var all []string
			for _, f := range findings {
				all = append(all, f.String())
			}
			got := strings.Join(all, "\n")
			if test.want == "" && got != "" || !strings.Contains("\n"+got, "\n"+test.want) {
				t.Errorf("found %q, want %q", got, test.want)
			}
			if diff := cmp.Diff(before, string(mustEncode(p))); diff != "" {
				t.Errorf("the plan was changed: %s", diff)
			}
		})
	}
}

// mustEncode writes plans for comparing them, also those with numbers that JSON does not have.
func mustEncode(p *plan.Plan) []byte { return fmt.Appendf(nil, "%+v", *p) }

func TestPlansThatAreFarTooLargeAreRefusedAtOnce(t *testing.T) {
	t.Parallel()
	p := sound()
	p.Steps = nil
	for i := range 10_000 {
		p.Steps = append(p.Steps, plan.Step{ID: fmt.Sprint(i), Kind: plan.KindExit, Exit: &plan.Exit{}, Next: fmt.Sprint(i + 1)})
	}
	start := time.Now()
	findings := CheckPlan(p, plan.Live)
	if len(findings) != 1 || findings[0].String() != "steps: a flow has at most 200 steps, not 10000" {
		t.Errorf("found %v", findings)
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
}

func TestDraftsMayBeUnfinished(t *testing.T) {
	t.Parallel()
	p := sound()
	p.Triggers, p.Steps[0].Email.Template = nil, ""
	p.Steps[1] = plan.Step{ID: "b", Kind: plan.KindSMS, Next: "c", SMS: &plan.SMS{Body: "Hello"}}
	findings := CheckPlan(p, plan.Draft)
	for _, f := range findings {
		if f.Severity == IsError {
			t.Error(f)
		}
	}
	if len(findings) != 3 {
		t.Errorf("found %v", findings)
	}
}
