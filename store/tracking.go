package store

import (
	"encoding/json"
	"fmt"
)

// Tracking says which parameters the links in messages are to get.
type Tracking struct {
	AutoAdd  bool               `json:"auto_add_parameters"`  // to all messages; else to those that ask for it
	Source   *TrackingParameter `json:"utm_source,omitempty"` // nil is the name of this program
	Medium   *TrackingParameter `json:"utm_medium,omitempty"` // nil is the message's type
	Campaign *TrackingParameter `json:"utm_campaign,omitempty"`
	ID       *TrackingParameter `json:"utm_id,omitempty"`
	Term     *TrackingParameter `json:"utm_term,omitempty"`
	Custom   []CustomParameter  `json:"custom_parameters,omitempty"`
}

// TrackingParameter is a parameter's value in messages of flows and in those of campaigns; nil is none.
type TrackingParameter struct {
	Flow     *TrackingValue `json:"flow,omitempty"`
	Campaign *TrackingValue `json:"campaign,omitempty"`
}

// CustomParameter is one whose name the user chose.
type CustomParameter struct {
	Name string `json:"name"`
	TrackingParameter
}

// TrackingValue is what a parameter is set to: a text, or what a name such as flow_id stands for.
type TrackingValue struct {
	Type  string `json:"type"` // static or dynamic
	Value string `json:"value"`
}

// Values of TrackingValue.Value that are dynamic, in messages of flows and of campaigns, as the public API names them.
var (
	FlowTrackingValues = []string{"email_subject", "flow_id", "flow_name", "link_alt_text", "message_name", "message_name_id", "message_type",
		"profile_external_id", "profile_id"}
	CampaignTrackingValues = []string{"campaign_id", "campaign_name", "campaign_name_id", "campaign_name_send_day", "email_subject", "group_id", "group_name",
		"group_name_id", "link_alt_text", "message_type", "profile_external_id", "profile_id"}
)

// TrackingSettings reads the account's Tracking.
func (a *Account) TrackingSettings() (Tracking, error) {
	var t Tracking
	if err := json.Unmarshal(a.Tracking, &t); err != nil {
		return t, fmt.Errorf("reading the tracking settings: %w", err)
	}
	same := func(kind, value string) *TrackingParameter {
		v := TrackingValue{kind, value}
		return &TrackingParameter{Flow: &v, Campaign: &v}
	}
	if t.Source == nil {
		t.Source = same("static", "legato")
	}
	if t.Medium == nil {
		t.Medium = same("dynamic", "message_type")
	}
	return t, nil
}

// UTM is a parameter whose name is fixed, and its place in the settings.
type UTM struct {
	Name string
	Set  **TrackingParameter
}

// UTM gives the places of the parameters whose names are fixed.
func (t *Tracking) UTM() []UTM {
	return []UTM{{"utm_source", &t.Source}, {"utm_medium", &t.Medium}, {"utm_campaign", &t.Campaign}, {"utm_id", &t.ID}, {"utm_term", &t.Term}}
}

// Parameters are all of them, those with fixed names first. One that is not set has no values.
func (t *Tracking) Parameters() []CustomParameter {
	var all []CustomParameter
	for _, utm := range t.UTM() {
		if *utm.Set != nil {
			all = append(all, CustomParameter{Name: utm.Name, TrackingParameter: **utm.Set})
		}
	}
	return append(all, t.Custom...)
}

// SetTracking keeps the account's Tracking.
func (a *Account) SetTracking(t Tracking) (err error) {
	a.Tracking, err = json.Marshal(t)
	return err
}
