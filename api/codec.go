package api

import (
	"errors"
	"net/http"
	"strings"

	"github.com/legato-flow/legato/store"
	"go.temporal.io/sdk/converter"
)

// codecScope is what a key must be allowed to do to see payloads: they are of runs of flows.
const codecScope scope = "flows:read"

// maxPayloads bounds a request to the codec server, in bytes; Temporal's own limit for a payload is 2 MB.
const maxPayloads = 4 << 20

// codec is the codec server that Temporal's web UI calls from a browser, with the body and the answer that the SDK's
// remote codecs have. It is not there where payloads are not encrypted.
func (a *api) codec(w http.ResponseWriter, r *http.Request) error {
	if err := a.admitToCodec(w, r); err != nil {
		return err
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxPayloads)
	converter.NewPayloadCodecHTTPHandler(a.payloads).ServeHTTP(w, r)
	return nil
}

// codecPreflight answers a browser that asks whether the Temporal UI may call the codec server.
func (a *api) codecPreflight(w http.ResponseWriter, r *http.Request) error {
	if a.payloads == nil {
		return store.ErrNotFound
	}
	a.share(w, r)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// admitToCodec says whether the request carries a key that may see payloads. The key comes as in every other request,
// as a bearer token, or as the password of basic authentication, which is what browsers can be asked for.
func (a *api) admitToCodec(w http.ResponseWriter, r *http.Request) error {
	if a.payloads == nil {
		return store.ErrNotFound
	}
	a.share(w, r)
	w.Header().Set("Cache-Control", "no-store")
	_, given, isBasic := r.BasicAuth()
	if !isBasic {
		_, given, _ = strings.Cut(r.Header.Get("Authorization"), " ")
		given = strings.TrimSpace(given)
	}
	key, err := a.keys.find(r.Context(), given)
	if errors.Is(err, store.ErrNotFound) {
		w.Header().Set("WWW-Authenticate", `Basic realm="payloads"`)
		return newProblem(http.StatusUnauthorized, "A private key with the scope %s is needed, as the password; the name does not matter.", codecScope)
	}
	if err != nil {
		return err
	}
	return permit(key, codecScope)
}

// share lets pages of the Temporal UI, and no other origin's, read the answer.
func (a *api) share(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Add("Vary", "Origin")
	if a.codecOrigin == "" || r.Header.Get("Origin") != a.codecOrigin {
		return
	}
	h.Set("Access-Control-Allow-Origin", a.codecOrigin)
	h.Set("Access-Control-Allow-Credentials", "true")
	h.Set("Access-Control-Allow-Headers", "Authorization, Authorization-Extras, Content-Type, X-Namespace")
	h.Set("Access-Control-Allow-Methods", http.MethodPost)
}
