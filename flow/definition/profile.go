package definition

import (
	"encoding/json"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/legato-flow/legato/flow/member"
	"github.com/legato-flow/legato/flow/plan"
)

const maxProperties = 100

// today is the one value that the API computes; a plan computes it with an expression.
const (
	today     = "today"
	todayIs   = "today()"
	todayOnce = "now" // in plans that are older than today()
)

func (r *reader) updateProfile(data *member.Object, s *plan.Step) {
	s.Status = r.status(data)
	s.Kind, s.UpdateProfile = plan.KindUpdateProfile, &plan.UpdateProfile{}
	all := data.List("profile_operations", true)
	if len(all) > maxProperties || len(all) == 0 && !data.Failed {
		data.Fail("profile_operations", "1 to %d operations are accepted, not %d.", maxProperties, len(all))
		return
	}
	seen := map[string]bool{}
	for i, raw := range all {
		o := r.Object(raw, data.At("profile_operations")+"/"+itoa(i), false)
		if o == nil {
			continue
		}
		key := r.text(o, "property_key", true, 200)
		switch {
		case standard(key):
			o.Fail("property_key", "%s is not a custom property; it cannot be changed.", clip(key))
		case seen[key]:
			o.Fail("property_key", "%s is changed already by another operation.", clip(key))
		}
		seen[key] = true
		r.operation(o, s.UpdateProfile, key)
		o.Done()
	}
}

func (r *reader) operation(o *member.Object, u *plan.UpdateProfile, key string) {
	operator := o.Choice("operator", "create", "update", "delete")
	if operator == "delete" {
		u.Unset = append(u.Unset, key)
		return
	}
	a := plan.Assignment{Property: key, Create: operator == "create"}
	switch o.Choice("property_type", "string", "boolean", "numeric", "date", "list") {
	case "string":
		a.Value = o.Text("property_value", false)
		if n := len([]rune(a.Value.(string))); n > maxText {
			o.Fail("property_value", "property_value has %d characters; at most %d are accepted.", n, maxText)
		}
	case "boolean":
		a.Value = o.Flag("property_value")
	case "numeric":
		x := o.Number("property_value")
		if math.Abs(x) >= 1<<53 {
			o.Fail("property_value", "property_value is too large.")
		}
		a.Value = x
	case "date":
		s := o.Text("property_value", true)
		if s == today {
			a.Expression = todayIs
			break
		}
		if _, err := time.Parse(time.DateOnly, s); s != "" && err != nil {
			o.Fail("property_value", "property_value must be today or a day that exists, such as 2026-05-01, not %q.", clip(s))
		}
		a.Value, a.Date = s, true
	case "list":
		value := r.text(o, "property_value", true, maxText)
		word := ""
		if raw := o.Take("property_operation", false); raw != nil {
			o.Put("property_operation", raw)
			word = o.Choice("property_operation", "add", "remove")
		}
		if word != "" && a.Create {
			o.Fail("property_operation", "property_operation goes with the operator update.")
		}
		switch word {
		case "add":
			u.Append = append(u.Append, plan.Assignment{Property: key, Value: value})
			return
		case "remove":
			u.Remove = append(u.Remove, plan.Assignment{Property: key, Value: value})
			return
		}
		a.Value = []any{value}
	default:
		o.Skip()
	}
	u.Set = append(u.Set, a)
}

// operations shows changes of a profile, or nothing where the API has no words for one.
func operations(u *plan.UpdateProfile) []any {
	if len(u.Increment) > 0 {
		return nil
	}
	var all []any
	for _, a := range u.Set {
		o := map[string]any{"operator": map[bool]string{true: "create", false: "update"}[a.Create], "property_key": a.Property}
		switch value := a.Value.(type) {
		case string:
			o["property_type"], o["property_value"] = "string", value
			if a.Date {
				o["property_type"] = "date"
			}
		case bool:
			o["property_type"], o["property_value"] = "boolean", value
		case float64:
			o["property_type"], o["property_value"] = "numeric", value
		case []any:
			one, isText := "", false
			if len(value) == 1 {
				one, isText = value[0].(string)
			}
			if !isText || one == "" {
				return nil
			}
			o["property_type"], o["property_operation"], o["property_value"] = "list", nil, one
		default:
			if a.Expression != todayIs && a.Expression != todayOnce {
				return nil
			}
			o["property_type"], o["property_value"] = "date", today
		}
		all = append(all, o)
	}
	for _, part := range []struct {
		word string
		from []plan.Assignment
	}{{"add", u.Append}, {"remove", u.Remove}} {
		for _, a := range part.from {
			value, ok := a.Value.(string)
			if !ok || value == "" || a.Expression != "" {
				return nil
			}
			all = append(all, map[string]any{"operator": "update", "property_type": "list", "property_operation": part.word,
				"property_key": a.Property, "property_value": value})
		}
	}
	for _, name := range u.Unset {
		all = append(all, map[string]any{"operator": "delete", "property_key": name})
	}
	return all
}

func (r *reader) listUpdate(data *member.Object, s *plan.Step) {
	s.Status = r.status(data)
	r.name(data, s)
	s.Kind, s.List = plan.KindList, &plan.ListChange{List: r.list(data, "list_id"), Remove: !data.Flag("on_execution")}
}

// service reads what the API calls internal services, of which recording an event is one that people want.
func (r *reader) service(data *member.Object, s *plan.Step) {
	s.Status = r.status(data)
	s.Kind, s.Track = plan.KindTrack, &plan.Track{}
	o := data.Object("service_configuration", true)
	if o == nil {
		return
	}
	defer o.Done()
	kind := o.Text("service_method_type", true)
	if kind != "track-event" {
		if kind != "" {
			o.Fail("service_method_type", "%s is not available here, only track-event.", clip(kind))
		}
		o.Skip()
		return
	}
	s.Track.Metric = r.text(o, "event_key", true, 200)
	refuse(o, map[string]string{"tracking_company_id": "events go to this account"})
	raw := o.Take("event_payload", false)
	if raw == nil {
		return
	}
	var payload map[string]any
	if json.Unmarshal(raw, &payload) != nil || len(payload) > maxProperties {
		o.Fail("event_payload", "event_payload must be an object with at most %d members.", maxProperties)
		return
	}
	for _, name := range slices.Sorted(maps.Keys(payload)) {
		switch payload[name].(type) {
		case string, bool, float64:
		default:
			r.Fail(o.At("event_payload")+"/"+member.Escape(name), "A property of an event must be text, a number, true or false.")
			continue
		}
		if name == "" || name[0] == '$' || len(name) > 200 {
			r.Fail(o.At("event_payload")+"/"+member.Escape(name), "This cannot be the name of a property of an event.")
		}
		s.Track.Properties = append(s.Track.Properties, plan.Assignment{Property: name, Value: payload[name]})
	}
}

// service shows a track, or nothing where the API has no words for it.
func service(t *plan.Track) map[string]any {
	payload := map[string]any{}
	for _, a := range t.Properties {
		if a.Expression != "" {
			return nil
		}
		if _, isList := a.Value.([]any); isList {
			return nil
		}
		payload[a.Property] = a.Value
	}
	if t.Value != "" {
		return nil
	}
	return map[string]any{"service_method_type": "track-event", "event_key": t.Metric, "event_payload": payload, "tracking_company_id": nil}
}
