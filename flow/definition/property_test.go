package definition_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/legato-flow/legato/flow/definition"
)

type object = map[string]any

func TestAnyDefinitionIsTheSameFlowAfterPlanAndYAML(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		d := drawDefinition(rt)
		data := encode(t, d)
		p, problems := definition.Read(data, "", fresh)
		if len(problems) > 0 {
			rt.Fatalf("%v\n%s", problems, data)
		}
		_, first := tour(rapidTB{TB: t, rt: rt}, data, fresh)
		edited := fresh
		edited.New = false
		for i := range p.Steps { // an action that is put in its own place changes nothing
			s := &p.Steps[i]
			action := encode(t, definition.WriteAction(p, s, shop))
			changed, problems := definition.ReadAction(action, "", p, s.ID, edited)
			if len(problems) > 0 || changed.Hash() != p.Hash() {
				rt.Fatalf("%v\n%s\nin\n%s", problems, action, first)
			}
		}
	})
}

// rapidTB lets a failure be shrunk.
type rapidTB struct {
	testing.TB
	rt *rapid.T
}

func (r rapidTB) Fatalf(format string, args ...any) { r.rt.Fatalf(format, args...) }
func (r rapidTB) Helper()                           {}

func pick[T any](t *rapid.T, label string, from ...T) T {
	return rapid.SampledFrom(from).Draw(t, label)
}

func drawDefinition(t *rapid.T) object {
	kind := pick(t, "trigger", "list", "metric", "date", "price-drop", "low-inventory", "back-in-stock")
	n := rapid.IntRange(1, 10).Draw(t, "actions")
	var trigger object
	switch kind {
	case "list":
		trigger = object{"type": "list", "id": pick(t, "list", "LISTAA", "LISTBB")}
	case "metric":
		trigger = object{"type": "metric", "id": "ADDCRT", "trigger_filter": drawFilter(t, drawEventCondition("metric-property"))}
	case "back-in-stock":
		trigger = object{"type": "metric", "id": "SUBBIS"}
	case "date":
		trigger = object{"type": "date", "date_field_type": "profile-property", "date_profile_property": pick(t, "property", "Birthday", "Next order", `a'b`),
			"timedelta_value_before_date": rapid.IntRange(0, 8).Draw(t, "before"), "timedelta_unit_before_date": pick(t, "unit", "days", "weeks", "months"),
			"recurrence_frequency": pick(t, "repeat", "never", "weekly", "monthly", "annually"), "timezone": pick(t, "zone", "profile", "Europe/Berlin"),
			"trigger_time": "09:30:00", "trigger_days": pick(t, "days", nil, []string{"friday", "monday"})}
	case "price-drop":
		trigger = object{"type": "price-drop", "price_drop_amount_value": 10.5, "price_drop_amount_unit": pick(t, "unit", "percent", "currency"),
			"audience": []string{"checkout-started", "viewed"}, "timeframe_days": 14, "trigger_filter": drawFilter(t, drawEventCondition("price-drop-property"))}
	default:
		trigger = object{"type": "low-inventory", "product_level": "variant", "inventory_count": 3, "audience": []string{"viewed"},
			"trigger_filter": drawFilter(t, drawEventCondition("low-inventory-property"))}
	}
	d := object{"triggers": []any{trigger}, "profile_filter": drawFilter(t, drawCondition(true)), "entry_action_id": "A 0",
		"reentry_criteria": pick[any](t, "reentry", nil, object{"unit": "alltime", "duration": 0}, object{"unit": "alltime", "duration": 1},
			object{"unit": "week", "duration": 2}, object{"unit": "hour", "duration": 5})}
	var actions []any
	led := map[int]bool{0: true}
	id := func(i int) string { return fmt.Sprintf("A %d", i) }
	for i := range n {
		// Something before each action leads to it: who is left out of the links so far is next.
		next := func(label string) any {
			if i+1 < n && !led[i+1] {
				led[i+1] = true
				return id(i + 1)
			}
			to := rapid.IntRange(i+1, min(n, i+4)).Draw(t, label)
			if to == n {
				return nil
			}
			led[to] = true
			return id(to)
		}
		a := object{"temporary_id": id(i)}
		drawAction(t, a, kind, next)
		actions = append(actions, a)
	}
	if kind == "back-in-stock" {
		actions = append(actions, object{"temporary_id": "delay", "type": "back-in-stock-delay", "links": object{"next": "A 0"}})
		d["entry_action_id"] = "delay"
	}
	if rapid.Bool().Draw(t, "reversed") {
		for i, j := 0, len(actions)-1; i < j; i, j = i+1, j-1 {
			actions[i], actions[j] = actions[j], actions[i]
		}
	}
	d["actions"] = actions
	return d
}

func drawAction(t *rapid.T, a object, trigger string, next func(label string) any) {
	kinds := []string{"send-email", "send-email", "send-sms", "send-mobile-push", "send-webhook", "send-internal-alert", "update-profile", "list-update",
		"internal-service", "time-delay", "time-delay", "conditional-split", "conditional-split", "sample", "multi-branch-split"}
	switch trigger {
	case "date":
		kinds = append(kinds, "countdown-delay", "target-date")
	case "list":
	default:
		kinds = append(kinds, "trigger-split")
	}
	kind := pick(t, "kind", kinds...)
	a["type"] = kind
	data := object{}
	a["data"] = data
	two := func() { a["links"] = object{"next_if_true": next("yes"), "next_if_false": next("no")} }
	switch kind {
	case "conditional-split":
		data["profile_filter"] = drawFilter(t, drawCondition(false))
		two()
		return
	case "sample":
		a["type"] = "conditional-split"
		data["profile_filter"] = object{"condition_groups": []any{object{"conditions": []any{object{"type": "profile-sample", "percentage": rapid.IntRange(1, 99).Draw(t, "share")}}}}}
		two()
		return
	case "trigger-split":
		event := map[string]string{"price-drop": "price-drop-property", "low-inventory": "low-inventory-property"}[trigger]
		if event == "" {
			event = "metric-property"
		}
		data["trigger_type"], data["trigger_id"], data["trigger_filter"] = "metric", "ADDCRT", drawFilter(t, drawEventCondition(event))
		two()
		return
	case "multi-branch-split":
		data["name"] = pick(t, "name", "", "By tier")
		var branches []any
		for i := range rapid.IntRange(1, 3).Draw(t, "branches") {
			branches = append(branches, object{"branch_id": fmt.Sprint(i), "order": i, "name": pick[any](t, "branch", nil, "Gold"),
				"branch_filter": drawFilter(t, drawCondition(false)), "links": object{"next": next("branch")}})
		}
		data["branches"] = append(branches, object{"branch_id": "else", "order": 9, "is_else": true, "name": "Others", "links": object{"next": next("else")}})
		return
	}
	a["links"] = object{"next": next("next")}
	days := pick[any](t, "days", nil, []string{"sunday", "monday"})
	at := pick[any](t, "at", nil, "10:00:00")
	zone := pick(t, "zone", "profile", "America/New_York")
	switch kind {
	case "time-delay":
		data["value"], data["timezone"] = rapid.IntRange(1, 50).Draw(t, "value"), zone
		data["unit"] = pick(t, "unit", "minutes", "hours", "days")
		switch {
		case data["unit"] == "hours":
			data["secondary_value"] = rapid.IntRange(0, 90).Draw(t, "minutes")
		case data["unit"] == "days" && at == nil:
			data["secondary_value"], data["delay_until_weekdays"] = rapid.IntRange(0, 30).Draw(t, "hours"), days
		case data["unit"] == "days":
			data["value"], data["delay_until_time"], data["delay_until_weekdays"] = rapid.IntRange(0, 9).Draw(t, "value"), at, days
		}
		return
	case "countdown-delay":
		data["unit"], data["value"], data["timezone"] = pick(t, "unit", "days", "weeks", "months"), rapid.IntRange(0, 5).Draw(t, "value"), zone
		data["delay_until_time"], data["delay_until_weekdays"] = at, days
		return
	case "target-date":
		data["timezone"], data["target_time"], data["target_days"] = zone, "12:00:00", days
		return
	}
	if status := pick(t, "status", "", "draft", "manual", "live", "disabled"); status != "" {
		data["status"] = status
	}
	name := pick[any](t, "name", nil, "A name")
	tracking := []any{object{"param": "utm_source", "value": "flow"}}
	switch kind {
	case "send-email":
		data["message"] = object{"name": name, "template_id": pick(t, "template", "TPL1", "TPL2"), "from_email": pick[any](t, "from", nil, "shop@example.org"),
			"from_label": pick[any](t, "label", nil, "Shop"), "subject_line": pick[any](t, "subject", nil, "Hello {{ person.first_name }}"),
			"smart_sending_enabled": rapid.Bool().Draw(t, "smart"), "transactional": rapid.Bool().Draw(t, "transactional"),
			"custom_tracking_params": pick[any](t, "parameters", nil, tracking), "additional_filters": drawFilter(t, drawCondition(false))}
	case "send-sms":
		data["message"] = object{"name": name, "body": "Hello", "sms_quiet_hours_enabled": rapid.Bool().Draw(t, "quiet"), "add_info_link": rapid.Bool().Draw(t, "info"),
			"add_opt_out_language": rapid.Bool().Draw(t, "opt out"), "image_id": pick[any](t, "image", nil, "IMG1"), "additional_filters": drawFilter(t, drawCondition(false))}
	case "send-mobile-push":
		data["message"] = object{"name": name, "title": "A", "body": "B", "badge": true, "on_open": pick(t, "open", "home", "link", "open_url"),
			"badge_options": pick(t, "badge", object{"badge_config": "increment_one"}, object{"badge_config": "set_count", "value": "3"},
				object{"badge_config": "set_property", "set_from_property": pick(t, "property", "unread", "un read")}),
			"push_type": pick[any](t, "type", nil, "standard", "silent"), "kv_pairs": pick[any](t, "values", nil, object{"a": "b"})}
	case "send-webhook":
		data["message"] = object{"name": name, "url": "https://crm.example.org/hook", "headers": pick[any](t, "headers", nil, object{"X-Key": "k"}),
			"body": pick[any](t, "body", nil, `{"email":"{{ person.email }}"}`)}
	case "send-internal-alert":
		data["message"] = object{"name": name, "from_email": "shop@example.org", "from_label": nil, "to_emails": []string{"team@example.org"},
			"subject_line": pick[any](t, "subject", nil, "New"), "template_id": "TPL1"}
	case "list-update":
		data["name"], data["list_id"], data["on_execution"] = "Move", "LISTBB", trigger != "list" && rapid.Bool().Draw(t, "add")
	case "internal-service":
		data["service_configuration"] = object{"service_method_type": "track-event", "event_key": "Went through", "event_payload": pick[any](t, "payload", nil, object{"a": 1, "b": "x", "c": true})}
	case "update-profile":
		all := []any{
			object{"operator": "update", "property_type": "string", "property_key": "s", "property_value": pick(t, "text", "x", "")},
			object{"operator": "create", "property_type": "numeric", "property_key": "a number", "property_value": 1.5},
			object{"operator": "update", "property_type": "boolean", "property_key": "vip", "property_value": true},
			object{"operator": "create", "property_type": "date", "property_key": "d", "property_value": pick(t, "date", "today", "2026-05-01")},
			object{"operator": "update", "property_type": "list", "property_operation": pick[any](t, "list", nil, "add", "remove"), "property_key": "l", "property_value": "x"},
			object{"operator": "delete", "property_key": "gone"},
		}
		data["profile_operations"] = rapid.Permutation(all).Draw(t, "operations")[:rapid.IntRange(1, len(all)).Draw(t, "count")]
	}
}

// drawFilter is some groups of conditions, or none.
func drawFilter(t *rapid.T, condition func(t *rapid.T) object) any {
	n := rapid.IntRange(0, 3).Draw(t, "groups")
	if n == 0 {
		return nil
	}
	var groups []any
	for range n {
		var all []any
		for range rapid.IntRange(1, 3).Draw(t, "conditions") {
			all = append(all, condition(t))
		}
		groups = append(groups, object{"conditions": all})
	}
	return object{"condition_groups": groups}
}

func drawEventCondition(kind string) func(t *rapid.T) object {
	return func(t *rapid.T) object {
		return object{"type": kind, "field": pick(t, "field", "$value", "ItemNames", "odd key"), "filter": drawValueFilter(t, true)}
	}
}

func drawValueFilter(t *rapid.T, dates bool) object {
	frame := drawFrame(t, "before", "after", "between-static", "in-the-last", "at-least", "in-the-next", "between", "anniversary", "anniversary-month", "anniversary-last", "calendar-month")
	all := []object{
		{"type": "string", "operator": pick(t, "text", "equals", "not-equals", "contains", "not-starts-with"), "value": pick(t, "value", "x", `a"b\`, "é")},
		{"type": "string", "operator": pick(t, "pattern", "regex", "nregex"), "value": "^a.*\\.b$"},
		{"type": "string", "operator": pick(t, "in", "in", "not-in"), "value": []string{"a", "b c"}},
		{"type": "numeric", "operator": pick(t, "number", "equals", "less-than", "greater-than-or-equal"), "value": pick[any](t, "number", 0, -1.5, 1e20)},
		{"type": "numeric", "operator": "between", "start": -1, "end": 3},
		{"type": "boolean", "operator": "equals", "value": rapid.Bool().Draw(t, "truth")},
		{"type": "list", "operator": pick(t, "list", "contains", "not-contains", "contains-substring", "not-contains-substring"), "value": "x"},
		{"type": "list", "operator": pick(t, "any", "contains-any", "not-contains-all"), "value": []string{"x", "y"}},
		{"type": "list", "operator": "length-less-than", "value": 3},
		{"type": "existence", "operator": pick(t, "set", "is-set", "not-set")},
	}
	if dates {
		all = append(all, frame)
	}
	return pick(t, "filter", all...)
}

func drawFrame(t *rapid.T, operators ...string) object {
	f := object{"type": "date", "operator": pick(t, "frame", operators...)}
	switch f["operator"] {
	case "before", "after":
		f["date"] = "2026-05-10T09:00:00Z"
	case "between-static":
		f["start"], f["end"] = "2026-05-10", "2026-05-11"
	case "in-the-last", "at-least", "in-the-next", "anniversary-last":
		f["quantity"], f["unit"] = rapid.IntRange(1, 99).Draw(t, "quantity"), pick(t, "unit", "day", "week")
	case "between":
		f["start"], f["end"], f["unit"] = 1, 9, "hour"
	case "calendar-month":
		f["value"] = 12
	}
	return f
}

func drawCondition(flow bool) func(t *rapid.T) object {
	return func(t *rapid.T) object {
		kinds := []string{"property", "metric", "member", "no member", "consent", "region", "sample", "sent", "expression"}
		if flow {
			kinds = append(kinds, "in flow")
		}
		switch pick(t, "condition", kinds...) {
		case "property":
			return object{"type": "profile-property", "property": pick(t, "property", "email", "location['city']", "properties['A']", "properties['odd key']"), "filter": drawValueFilter(t, true)}
		case "metric":
			var filters any
			if rapid.Bool().Draw(t, "filtered") {
				filters = []any{object{"property": "a", "filter": drawValueFilter(t, false)}, object{"property": "$value", "filter": drawValueFilter(t, false)}}
			}
			return object{"type": "profile-metric", "metric_id": "PLCORD", "measurement": pick(t, "measurement", "count", "sum"), "metric_filters": filters,
				"measurement_filter": object{"type": "numeric", "operator": pick(t, "operator", "equals", "greater-than", "less-than"), "value": pick(t, "count", 0, 3)},
				"timeframe_filter":   drawFrame(t, "alltime", "flow-start", "before", "after", "between-static", "in-the-last", "at-least", "between")}
		case "member":
			return object{"type": "profile-group-membership", "is_member": true, "group_ids": []string{"LISTAA", "LISTBB"}[:rapid.IntRange(1, 2).Draw(t, "lists")],
				"timeframe_filter": pick[any](t, "joined", nil, drawFrame(t, "before", "in-the-last", "between"))}
		case "no member":
			return object{"type": "profile-group-membership", "is_member": false, "group_ids": []string{"LISTAA", "LISTBB"}[:rapid.IntRange(1, 2).Draw(t, "lists")]}
		case "consent":
			return object{"type": "profile-marketing-consent", "consent": object{"channel": "email", "can_receive_marketing": rapid.Bool().Draw(t, "can")}}
		case "region":
			return object{"type": "profile-region", "in_region": rapid.Bool().Draw(t, "in"), "region": "united_states"}
		case "sample":
			return object{"type": "profile-sample", "percentage": rapid.IntRange(1, 99).Draw(t, "percent")}
		case "sent":
			return object{"type": "profile-not-sent-" + pick(t, "channel", "email", "sms", "push"), "timeframe_filter": drawFrame(t, "alltime", "in-the-last")}
		case "in flow":
			return object{"type": "profile-not-in-flow", "timeframe_filter": drawFrame(t, "alltime", "in-the-last")}
		}
		return object{"type": "expression", "expression": pick(t, "expression", "person.a.b == 1", "(person.a > person.b and person.c == true) or person.d", `person["x"] not in person.y`,
			"person.a ? person.b : person.c", "not (person.a == 1 or person.b == 2)", `person.A == 'single "quoted"'`)}
	}
}
