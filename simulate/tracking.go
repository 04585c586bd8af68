package simulate

import (
	"strings"

	"github.com/jmoiron/sqlx/types"
	"github.com/legato-flow/legato/flow"
	"github.com/legato-flow/legato/store"
)

// readTracking reads the account's tracking settings, in the form that the API has them in.
func readTracking(v flow.Value) types.JSONText {
	var t store.Tracking
	fields := []flow.Field{{Name: "auto_add_parameters"}, {Name: "custom_parameters"}}
	for _, utm := range t.UTM() {
		fields = append(fields, flow.Field{Name: utm.Name})
	}
	found := v.Fields("tracking", fields...)
	if auto := found["auto_add_parameters"]; auto.Given() {
		on, ok := auto.Data().(bool)
		if !ok {
			auto.Fail("", "auto_add_parameters must be true or false, not %s", auto)
		}
		t.AutoAdd = on
	}
	for _, utm := range t.UTM() {
		if given := found[utm.Name]; given.Given() {
			p := readTrackingParameter(given.Fields(utm.Name, trackedIn...))
			*utm.Set = &p
		}
	}
	if custom := found["custom_parameters"]; custom.Given() {
		for _, item := range custom.Items("custom_parameters", 20) {
			one := item.Fields("a parameter", append([]flow.Field{{Name: "name", Required: true, Example: "ref"}}, trackedIn...)...)
			p := store.CustomParameter{TrackingParameter: readTrackingParameter(one)}
			if name := one["name"]; name.Given() {
				p.Name = name.Text("name", 100)
			}
			t.Custom = append(t.Custom, p)
		}
	}
	var a store.Account
	_ = a.SetTracking(t) // texts alone: they can be encoded
	return a.Tracking
}

// trackedIn are the kinds of messages that a parameter has a value for.
var trackedIn = []flow.Field{{Name: "flow"}, {Name: "campaign"}}

func readTrackingParameter(found map[string]flow.Value) store.TrackingParameter {
	read := func(name string, dynamic []string) *store.TrackingValue {
		v := found[name]
		if !v.Given() {
			return nil
		}
		parts := v.Fields(name, flow.Field{Name: "type", Required: true, Example: "static"}, flow.Field{Name: "value", Required: true, Example: "shop"})
		kind, value := parts["type"], parts["value"]
		if !kind.Given() || !value.Given() {
			return nil
		}
		t := store.TrackingValue{Type: kind.Choice("type", "static", "dynamic")}
		switch {
		case t.Type == "dynamic":
			t.Value = value.Choice("value", dynamic...)
		default:
			if t.Value = value.Text("value", 255); strings.TrimSpace(t.Value) == "" {
				value.Fail("", "value is empty")
			}
		}
		return &t
	}
	return store.TrackingParameter{Flow: read("flow", store.FlowTrackingValues), Campaign: read("campaign", store.CampaignTrackingValues)}
}
