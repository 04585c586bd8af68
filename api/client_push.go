package api

import (
	"net/http"

	"github.com/legato-flow/legato/ingest"
	"github.com/legato-flow/legato/store"
)

func (a *api) clientPushToken(w http.ResponseWriter, r *http.Request) error {
	_, raw, err := a.request(w, r, parameters{company: true}, maxPushTokenBody)
	if err != nil {
		return err
	}
	in := a.reader()
	token, change, _ := decodePushToken(in, raw)
	if err := in.err(); err != nil {
		return err
	}
	change.FromClient = true
	_, err = a.ingester.RegisterPushToken(r.Context(), token, change)
	return accepted(w, err)
}

func (a *api) clientUnregister(w http.ResponseWriter, r *http.Request) error {
	_, raw, err := a.request(w, r, parameters{company: true}, maxPushTokenBody)
	if err != nil {
		return err
	}
	in := a.reader()
	attributes, ok := in.job(raw, "push-token-unregister", nil)
	if !ok {
		return in.err()
	}
	token := attributes.required("token", ingest.ParsePushToken)
	attributes.required("platform", oneOf(store.PushPlatforms)) // a vendor's token is of one platform only
	vendor := attributes.checked("vendor", oneOf(store.PushVendors))
	var of ingest.Change
	attributes.subject(&of)
	attributes.done()
	if err := in.err(); err != nil {
		return err
	}
	any := ""
	if vendor == nil {
		vendor = &any
	}
	return accepted(w, a.ingester.UnregisterPushToken(r.Context(), token, *vendor, of))
}
