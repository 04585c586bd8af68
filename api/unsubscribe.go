package api

import (
	_ "embed"
	"errors"
	"html/template"
	"net/http"

	"github.com/legato-flow/legato/channel/consent"
	"github.com/legato-flow/legato/ingest"
)

//go:embed unsubscribe.html
var unsubscribeHTML string

var unsubscribeTemplate = template.Must(template.New("unsubscribe").Parse(unsubscribeHTML))

// unsubscribePage asks for a click: mail scanners follow links, so the link itself must not unsubscribe.
func (a *api) unsubscribePage(w http.ResponseWriter, r *http.Request) error {
	if _, _, err := consent.Verify(a.secret, r.PathValue("token")); err != nil {
		return showUnsubscribe(w, http.StatusNotFound, "invalid")
	}
	return showUnsubscribe(w, http.StatusOK, "ask")
}

// unsubscribe does it, for the page's button and for the one-click POST of RFC 8058.
func (a *api) unsubscribe(w http.ResponseWriter, r *http.Request) error {
	profile, channel, err := consent.Verify(a.secret, r.PathValue("token"))
	if err != nil {
		return showUnsubscribe(w, http.StatusNotFound, "invalid")
	}
	// Who is gone gets no more messages either.
	if err := a.ingester.Unsubscribe(r.Context(), profile, channel); err != nil && !errors.Is(err, ingest.ErrUnknownProfile) {
		a.log.ErrorContext(r.Context(), "unsubscribing failed", "profile", profile, "error", err)
		return showUnsubscribe(w, http.StatusServiceUnavailable, "failed")
	}
	return showUnsubscribe(w, http.StatusOK, "done")
}

func showUnsubscribe(w http.ResponseWriter, status int, state string) error {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Robots-Tag", "noindex")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'")
	w.WriteHeader(status)
	return unsubscribeTemplate.Execute(w, state)
}
