package api

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/jmoiron/sqlx/types"
	"github.com/legato-flow/legato/ingest"
	"github.com/legato-flow/legato/store"
)

var pushTokenDescription = &description{
	name: "push-token", path: "/api/push-tokens",
	attributes: append([]string{"created", "token", "enablement_status", "platform", "vendor", "background", "recorded_date", "metadata"},
		pushTokenMetadata...),
	includes: []string{"profile"},
	filters: map[string]filterField{
		"id":                {filterText, equality},
		"profile.id":        {filterText, equality},
		"enablement_status": {filterText, equality},
		"platform":          {filterText, equality},
	},
	order: "-created",
	size:  20, maxSize: 100,
}

var pushTokenMetadata = func() (all []string) {
	for _, name := range slices.Sorted(maps.Keys(store.PushTokenMetadata)) {
		all = append(all, "metadata."+name)
	}
	return all
}()

var pushTokenProfile = relation[store.PushToken]{name: "profile", to: relatedProfile, load: loadProfiles,
	id: func(t *store.PushToken) string { return t.ProfileID }}

func newPushTokens(s *store.Store) *resource[store.PushToken] {
	return &resource[store.PushToken]{
		description: pushTokenDescription,
		get:         s.PushToken,
		page:        s.PushTokens,
		id:          func(t *store.PushToken) string { return t.ID },
		position:    (*store.PushToken).Position,
		attributes: func(t *store.PushToken) map[string]any {
			metadata := map[string]any{}
			_ = json.Unmarshal(t.Metadata, &metadata) // an object, as createPushToken wrote it
			return map[string]any{
				"created": stamp(t.CreatedAt), "token": t.Token, "enablement_status": t.EnablementStatus, "platform": t.Platform,
				"vendor": t.Vendor, "background": t.Background, "recorded_date": stamp(t.RecordedAt), "metadata": metadata,
			}
		},
		related: []relation[store.PushToken]{pushTokenProfile},
	}
}

// maxPushTokenBody is the limit of a body that registers a device.
const maxPushTokenBody = 100 << 10

func (a *api) createPushToken(w http.ResponseWriter, r *http.Request) error {
	_, raw, err := a.request(w, r, parameters{}, maxPushTokenBody)
	if err != nil {
		return err
	}
	in := a.reader()
	token, change, pointer := decodePushToken(in, raw)
	if err := in.err(); err != nil {
		return err
	}
	if _, err := a.ingester.RegisterPushToken(r.Context(), token, change); err != nil {
		return refusedSubject(pointer, err)
	}
	w.WriteHeader(http.StatusAccepted)
	return nil
}

// decodePushToken reads a device and whose it is, and gives the pointer of the profile's resource object.
func decodePushToken(in *reader, raw jsontext.Value) (t store.PushToken, c ingest.Change, pointer string) {
	top, _ := in.open("", raw)
	data, ok := top.object("data", true)
	top.done()
	if !ok {
		return
	}
	data.kind("push-token")
	attributes, ok := data.object("attributes", true)
	data.done()
	if !ok {
		return
	}
	t = attributes.pushToken()
	pointer = attributes.subject(&c)
	attributes.done()
	return t, c, pointer
}

// pushToken takes the attributes of a device.
func (o *object) pushToken() (t store.PushToken) {
	t.Token = o.required("token", ingest.ParsePushToken)
	t.Platform = o.required("platform", oneOf(store.PushPlatforms))
	t.Vendor = o.required("vendor", oneOf(store.PushVendors))
	t.EnablementStatus, t.Background = "AUTHORIZED", "AVAILABLE"
	if status := o.checked("enablement_status", oneOf(store.PushEnablements)); status != nil {
		t.EnablementStatus = *status
	}
	if background := o.checked("background", oneOf(store.PushBackgrounds)); background != nil {
		t.Background = *background
	}
	if device, ok := o.object("device_metadata", false); ok {
		t.Metadata = device.device()
	}
	return t
}

// device takes what is said of a device and its app. What is null is not known.
func (o *object) device() types.JSONText {
	known := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(store.PushTokenMetadata)) {
		check := oneOf(store.PushTokenMetadata[name])
		if store.PushTokenMetadata[name] == nil {
			check = func(s string) (string, error) { return ingest.ParseText(s, ingest.MaxTextLength) }
		}
		if value := o.checked(name, check); value != nil {
			known[name] = *value
		}
	}
	o.done()
	encoded, err := json.Marshal(known)
	if err != nil {
		panic(err) // strings only
	}
	return encoded
}

// oneOf checks that a string is one of several.
func oneOf(allowed []string) func(string) (string, error) {
	return func(s string) (string, error) {
		if !slices.Contains(allowed, s) {
			return "", errors.New("must be one of " + strings.Join(allowed, ", "))
		}
		return s, nil
	}
}

func (a *api) deletePushToken(w http.ResponseWriter, r *http.Request) error {
	if _, err := (parameters{}).parse(r); err != nil {
		return err
	}
	err := a.store.DeletePushToken(r.Context(), r.PathValue("id"))
	if errors.Is(err, store.ErrNotFound) {
		return a.pushTokens.missing(r.PathValue("id"))
	}
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// pushTokensOf gives the devices of some profiles, by profile.
func pushTokensOf(ctx context.Context, s *store.Store, profiles []string) (map[string][]store.PushToken, error) {
	all, err := s.PushTokensOf(ctx, profiles)
	if err != nil {
		return nil, err
	}
	of := map[string][]store.PushToken{}
	for _, t := range all {
		of[t.ProfileID] = append(of[t.ProfileID], t)
	}
	return of, nil
}
