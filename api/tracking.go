package api

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/legato-flow/legato/store"
)

var trackingDescription = &description{
	name: "tracking-setting", path: "/api/tracking-settings",
	attributes: append([]string{"auto_add_parameters", "custom_parameters"}, utmAttributes()...),
	order:      "id", size: 1, maxSize: 1,
}

func utmAttributes() (all []string) {
	for _, utm := range new(store.Tracking).UTM() {
		all = append(append(all, utm.Name), within(utm.Name, []string{"flow", "flow.type", "flow.value", "campaign", "campaign.type", "campaign.value"})...)
	}
	return all
}

// newTrackingSettings is the tracking settings of the account: there are one account's.
func (a *api) newTrackingSettings() *resource[store.Account] {
	return &resource[store.Account]{
		description: trackingDescription,
		get:         a.account,
		page:        a.onlyAccount,
		id:          func(x *store.Account) string { return x.ID },
		position:    accountPosition,
		attributes:  trackingAttributes,
	}
}

func trackingAttributes(x *store.Account) map[string]any {
	t, _ := x.TrackingSettings() // as updateTracking wrote it
	custom := []any{}
	for _, p := range t.Custom {
		shown := trackingParameter(&p.TrackingParameter)
		shown["name"] = p.Name
		custom = append(custom, shown)
	}
	all := map[string]any{"auto_add_parameters": t.AutoAdd, "custom_parameters": custom}
	for _, utm := range t.UTM() {
		if all[utm.Name] = nil; *utm.Set != nil {
			all[utm.Name] = trackingParameter(*utm.Set)
		}
	}
	return all
}

func trackingParameter(p *store.TrackingParameter) map[string]any {
	all := map[string]any{"flow": nil, "campaign": nil}
	for name, v := range map[string]*store.TrackingValue{"flow": p.Flow, "campaign": p.Campaign} {
		if v != nil {
			all[name] = map[string]any{"type": v.Type, "value": v.Value}
		}
	}
	return all
}

// maxSettingsBody is the limit of a body with settings.
const maxSettingsBody = 64 << 10

func (a *api) updateTracking(w http.ResponseWriter, r *http.Request) error {
	q, err := a.tracking.parameters(false).parse(r)
	if err != nil {
		return err
	}
	id := r.PathValue("id")
	if _, err := a.account(r.Context(), id); errors.Is(err, store.ErrNotFound) {
		return a.tracking.missing(id)
	} else if err != nil {
		return err
	}
	raw, err := a.json(w, r, maxSettingsBody)
	if err != nil {
		return err
	}
	changed, err := a.store.ChangeAccount(r.Context(), func(x *store.Account) error {
		t, err := x.TrackingSettings()
		if err != nil {
			return err
		}
		in := &reader{}
		decodeTracking(in, raw, id, &t)
		if err := in.err(); err != nil {
			return err
		}
		return x.SetTracking(t)
	})
	if err != nil {
		return err
	}
	return a.tracking.answer(a, w, r, q, http.StatusOK, *changed)
}

// decodeTracking applies a body to the settings.
func decodeTracking(in *reader, raw jsontext.Value, id string, t *store.Tracking) {
	top, _ := in.open("", raw)
	data, ok := top.object("data", true)
	top.done()
	if !ok {
		return
	}
	data.kind("tracking-setting")
	if given := data.required("id", parseID); given != "" && given != id {
		in.report(data.at("id"), "id must be the one in the path, %s.", shorten(id))
	}
	attributes, ok := data.object("attributes", true)
	data.done()
	if !ok {
		return
	}
	if attributes.given("auto_add_parameters") {
		t.AutoAdd = attributes.flag("auto_add_parameters")
	}
	for _, utm := range t.UTM() {
		if !attributes.given(utm.Name) {
			continue
		}
		parameter, ok := attributes.object(utm.Name, false)
		if !ok {
			*utm.Set = nil
			continue
		}
		p := store.TrackingParameter{}
		if before := *utm.Set; before != nil {
			p = *before
		}
		parameter.tracking(&p)
		parameter.done()
		*utm.Set = &p
	}
	if attributes.given("custom_parameters") {
		t.Custom = attributes.customParameters("custom_parameters")
	}
	attributes.done()
}

// given says whether there is a member, if only null.
func (o *object) given(name string) bool {
	o.known = append(o.known, name)
	_, given := o.members[name]
	return given
}

// tracking takes a parameter's values. One that is absent stays, null takes it away.
func (o *object) tracking(p *store.TrackingParameter) {
	for _, v := range []struct {
		name    string
		place   **store.TrackingValue
		dynamic []string
	}{{"flow", &p.Flow, store.FlowTrackingValues}, {"campaign", &p.Campaign, store.CampaignTrackingValues}} {
		if !o.given(v.name) {
			continue
		}
		value, ok := o.object(v.name, false)
		if !ok {
			*v.place = nil
			continue
		}
		kind := value.required("type", func(s string) (string, error) {
			if s != "static" && s != "dynamic" {
				return "", errors.New("must be static or dynamic")
			}
			return s, nil
		})
		text := value.required("value", func(s string) (string, error) {
			if kind == "dynamic" && !slices.Contains(v.dynamic, s) {
				return "", fmt.Errorf("must be one of %s", strings.Join(v.dynamic, ", "))
			}
			return parseParameterValue(s)
		})
		value.done()
		*v.place = &store.TrackingValue{Type: kind, Value: text}
	}
}

func parseParameterValue(s string) (string, error) {
	if strings.TrimSpace(s) == "" || utf8.RuneCountInString(s) > 255 || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' }) {
		return "", errors.New("must be 1 to 255 characters without control characters")
	}
	return s, nil
}

const maxCustomParameters = 20

var parameterName = regexp.MustCompile(`^[A-Za-z0-9_.~-]{1,100}$`)

// customParameters takes the parameters whose names the user chooses.
func (o *object) customParameters(name string) []store.CustomParameter {
	raw, _ := o.take(name)
	if raw.Kind() == 'n' {
		return nil
	}
	items := o.r.items(o.at(name), raw)
	if len(items) > maxCustomParameters {
		o.r.report(o.at(name), "At most %d parameters are allowed, not %d.", maxCustomParameters, len(items))
		return nil
	}
	var all []store.CustomParameter
	for i, item := range items {
		inner, ok := o.r.open(o.at(name)+"/"+itoa(i), item)
		if !ok {
			continue
		}
		p := store.CustomParameter{Name: inner.required("name", func(s string) (string, error) {
			switch {
			case !parameterName.MatchString(s):
				return "", errors.New("must be 1 to 100 letters, digits and _ . ~ -")
			case slices.ContainsFunc(new(store.Tracking).UTM(), func(utm store.UTM) bool { return utm.Name == strings.ToLower(s) }):
				return "", errors.New("has an attribute of its own")
			case slices.ContainsFunc(all, func(p store.CustomParameter) bool { return p.Name == s }):
				return "", errors.New("is given twice")
			}
			return s, nil
		})}
		inner.tracking(&p.TrackingParameter)
		inner.done()
		all = append(all, p)
	}
	return all
}
