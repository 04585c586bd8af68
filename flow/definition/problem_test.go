package definition_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/legato-flow/legato/flow"
	"github.com/legato-flow/legato/flow/definition"
)

// flowOf is a definition of actions; the first is entered.
func flowOf(trigger string, actions ...string) string {
	return `{"triggers":[` + trigger + `],"entry_action_id":"a","actions":[` + strings.Join(actions, ",") + `]}`
}

const (
	byList   = `{"type":"list","id":"LISTAA"}`
	byMetric = `{"type":"metric","id":"ADDCRT"}`
)

func mail(id, next string) string {
	return `{"temporary_id":"` + id + `","type":"send-email","links":{"next":` + next + `},"data":{"message":{"template_id":"TPL1"}}}`
}

func one(kind, data string) string {
	return flowOf(byList, `{"temporary_id":"a","type":"`+kind+`","links":{"next":"m"},"data":`+data+`}`, mail("m", "null"))
}

func message(kind, members string) string { return one(kind, `{"message":{`+members+`}}`) }

func TestWhatIsWrongIsNamedByItsPlace(t *testing.T) {
	t.Parallel()
	many := make([]string, 201)
	for i := range many {
		many[i] = mail(fmt.Sprint("m", i), "null")
	}
	for source, want := range map[string]string{
		`[]`:                              ": Expected an object.",
		`{}`:                              "/triggers: triggers is required.",
		flowOf(byList):                    "/actions: A flow needs at least one action.",
		flowOf("", mail("a", "null")):     "/triggers: A flow has 1 to 10 triggers, not 0.",
		flowOf(byList, many...):           "/actions: A flow has at most 200 actions, not 201.",
		flowOf(byList, mail("b", "null")): `/entry_action_id: There is no action with the id "a".`,
		flowOf(byList, mail("a", `"b"`)):  `/actions/0/links/next: There is no action with the id "b".`,
		flowOf(byList, mail("a", `"b"`), mail("b", `"a"`)):                             "/actions/0: The links lead in a circle: a → b",
		flowOf(byList, mail("a", "null"), mail("a", "null")):                           `/actions/1/temporary_id: There is another action with the id "a".`,
		flowOf(byList, mail("a", "null"), mail("b", "null")):                           "/actions/1: No other action leads to this one.",
		flowOf(byList, `{"id":"a","type":"send-email"}`):                               "/actions/0/id: A new action has a temporary_id, not an id.",
		flowOf(byList, `{"type":"send-email"}`):                                        "/actions/0/temporary_id: temporary_id is required.",
		flowOf(`{"type":"segment","id":"S"}`, mail("a", "null")):                       "/triggers/0/type: segment is not available here: there are no segments yet.",
		flowOf(`{"type":"list","id":"NONE"}`, mail("a", "null")):                       `/triggers/0/id: There is no list with the id "NONE".`,
		flowOf(`{"type":"metric","id":null}`, mail("a", "null")):                       "/triggers/0/id: id is required.",
		flowOf(`{"type":"metric","id":"ADDCRT","x":1}`, mail("a", "null")):             `/triggers/0/x: There is no member "x" here; known are id, trigger_filter, type.`,
		flowOf(`{"type":"date","date_field_type":"custom-object"}`, mail("a", "null")): "/triggers/0/date_field_type: custom-object is not available here",
		flowOf(`{"type":"date","date_field_type":"profile-property","date_profile_property":"email","timedelta_value_before_date":500,"trigger_time":"9:00","timezone":"Mars"}`, mail("a", "null")): `/triggers/0/trigger_time: trigger_time must be a time of day in whole minutes, such as 09:00:00, not "9:00".; /triggers/0/timezone`,
		strings.Replace(flowOf(byList, mail("a", "null")), `"actions"`, `"reentry_criteria":{"unit":"alltime","duration":2},"actions"`, 1):                                                          "/reentry_criteria/duration: With alltime, duration is 0 for always or 1 for never.",

		one("send-whatsapp", "{}"):       "/actions/0/type: send-whatsapp is not available here: there is no WhatsApp channel.",
		one("code", "{}"):                "/actions/0/type: code is not available here",
		one("action-output-split", "{}"): "/actions/0/type: action-output-split is not available here",
		one("step", "{}"):                "/actions/0/type: step is not available here",
		one("wait", "{}"):                `/actions/0/type: There is no action of the type "wait".`,
		one("send-email", "null"):        "/actions/0/data: data is required.",
		one("internal-service", `{"service_configuration":{"service_method_type":"schedule-report","report_id":"x"}}`):                                  "/actions/0/data/service_configuration/service_method_type: schedule-report is not available here, only track-event.",
		one("time-delay", `{"unit":"hours","value":1,"delay_until_time":"10:00:00"}`):                                                                   "/actions/0/data/delay_until_time: delay_until_time goes with the unit days only.",
		one("time-delay", `{"unit":"minutes","value":1,"delay_until_weekdays":["monday"]}`):                                                             "/actions/0/data/delay_until_weekdays: delay_until_weekdays goes with the unit days only.",
		one("time-delay", `{"unit":"days","value":0}`):                                                                                                  "/actions/0/data/value: A delay of 0 waits for nothing.",
		one("time-delay", `{"unit":"days","value":-1}`):                                                                                                 "/actions/0/data/value: value must be from 0",
		one("time-delay", `{"unit":"hours","value":100000}`):                                                                                            "/actions/0/data/value: A delay takes at most 400 days.",
		one("time-delay", `{"unit":"days","value":1,"delay_until_weekdays":["noday"]}`):                                                                 `/actions/0/data/delay_until_weekdays: "noday" is no weekday`,
		one("target-date", `{"target_time":"09:00:00"}`):                                                                                                "/actions/0/data: There is no date to wait for",
		one("back-in-stock-delay", "null"):                                                                                                              `/actions/0: A back-in-stock-delay needs a trigger of the metric "Subscribed to Back in Stock".`,
		message("send-email", `"template_id":"NONE"`):                                                                                                   `/actions/0/data/message/template_id: There is no template with the id "NONE".`,
		message("send-email", `"template_id":"TPL1","from_email":"Shop <a@b.c>"`):                                                                       "/actions/0/data/message/from_email: from_email must be an email address",
		message("send-email", `"template_id":"TPL1","additional_filters":{"condition_groups":[{"conditions":[{"type":"x"}]}]}`):                         "/actions/0/data/message/additional_filters/condition_groups/0/conditions/0/type: There is no condition",
		message("send-sms", `"body":""`):                                                                                                                "/actions/0/data/message/body: body must not be empty.",
		message("send-sms", `"body":"x","message_hierarchy":[{}]`):                                                                                      "/actions/0/data/message/message_hierarchy: message_hierarchy is not available here",
		message("send-mobile-push", `"body":"x","action_buttons":[{}]`):                                                                                 "/actions/0/data/message/action_buttons: action_buttons is not available here",
		message("send-webhook", `"url":"http://crm.example.org"`):                                                                                       "/actions/0/data/message/url: url must begin with https://",
		message("send-internal-alert", `"to_emails":["x"],"template_id":"TPL1"`):                                                                        "/actions/0/data/message/to_emails/0: This must be an email address",
		one("update-profile", `{"profile_operations":[{"operator":"delete","property_key":"email"}]}`):                                                  "/actions/0/data/profile_operations/0/property_key: email is not a custom property",
		one("update-profile", `{"profile_operations":[{"operator":"delete","property_key":"a"},{"operator":"delete","property_key":"a"}]}`):             "/actions/0/data/profile_operations/1/property_key: a is changed already",
		one("update-profile", `{"profile_operations":[{"operator":"update","property_type":"date","property_key":"a","property_value":"2026-02-30"}]}`): "/actions/0/data/profile_operations/0/property_value: property_value must be today or a day that exists",
		flowOf(byList, `{"temporary_id":"a","type":"conditional-split","links":{"next_if_true":"m","next_if_false":null},"data":{"profile_filter":{"condition_groups":[{"conditions":[{"type":"profile-sample","percentage":100}]}]}}}`, mail("m", "null")): "/actions/0/data/profile_filter/condition_groups/0/conditions/0/percentage: percentage must be between 0 and 100",
		flowOf(byMetric, `{"temporary_id":"a","type":"list-update","data":{"name":"x","list_id":"NONE","on_execution":true}}`):                                                                                                                              `/actions/0/data/list_id: There is no list with the id "NONE".`,
	} {
		_, problems := definition.Read(json.RawMessage(source), "", fresh)
		if want == "" {
			if len(problems) > 0 {
				t.Errorf("%s: %v", source, problems)
			}
			continue
		}
		if len(problems) == 0 || !strings.HasPrefix(problems.Error(), want) {
			t.Errorf("%s:\n%v, want\n%s", source, problems, want)
		}
	}
}

func TestAllocationsAddUp(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/experiments.json")
	if err != nil {
		t.Fatal(err)
	}
	for from, to := range map[string][2]string{
		`"a": 70`:                      {`"a": 60`, "The allocations must add up to 100, not 90."},
		`"b": 30`:                      {`"b": 0`, "/actions/0/data/current_experiment/allocations/b: An allocation is in percent"},
		`"unique-placed-orders"`:       {`"submission"`, "winner_metric must be one of unique-clicks, unique-opens, unique-placed-orders"},
		`"winner_metric": "open-rate"`: {`"winner_metric": "unique-opens"`, "winner_metric must be one of click-rate, open-rate"},
	} {
		changed := strings.Replace(string(data), from, to[0], 1)
		if changed == string(data) {
			t.Fatalf("%s is not there", from)
		}
		if _, problems := definition.Read(json.RawMessage(changed), "", fresh); !strings.Contains(problems.Error(), to[1]) {
			t.Errorf("%s: %v", to[0], problems)
		}
	}
}

func TestWhatOnlyYAMLCanSayIsShownAsAStep(t *testing.T) {
	t.Parallel()
	f, problems := flow.Parse("f.yaml", []byte(`flow: f1
trigger: {metric: Added to Cart}
exit_on: {metric: Placed Order}
steps:
  - wait_for: {metric: Placed Order, timeout: 1d}
    then: [exit]
  - split:
      - {weight: 20, name: A, then: []}
      - {weight: 30, name: B, then: []}
      - {weight: 50, name: C, then: [{email: hello}]}
  - update_profile: {increment: {carts: 1}}
`))
	if f == nil {
		t.Fatal(problems)
	}
	shown := string(encode(t, definition.Write(f.Plan, shop)))
	if n := strings.Count(shown, `"type": "step"`); n != 4 {
		t.Errorf("%d actions of type step in\n%s", n, shown)
	}
	step := f.Plan.Steps[0]
	_, bad := definition.ReadAction(encode(t, definition.WriteAction(f.Plan, &step, shop)), "/d", f.Plan, step.ID, definition.Options{Flow: "f1", Names: shop})
	if bad.Error() != "/d/type: step is not available here: an action of this type shows what only YAML can say, and is for reading." {
		t.Error(bad)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(one("time-delay", `{"value":1}`)))
	f.Add([]byte(message("send-email", `"template_id":"TPL1"`)))
	f.Fuzz(func(t *testing.T, data []byte) {
		if !json.Valid(data) {
			return
		}
		if p, problems := definition.Read(data, "", fresh); len(problems) == 0 {
			if findings := flow.CheckPlan(p, "draft"); len(findings) > 0 && findings[0].Severity == flow.IsError {
				t.Fatal(findings)
			}
			definition.Write(p, shop)
		}
	})
}
