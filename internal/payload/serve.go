package payload

import (
	"net/http"
	"strings"

	"go.temporal.io/sdk/converter"
)

// maxBody bounds a request to the codec server.
const maxBody = 4 << 20

// Handler is the codec server that Temporal's web UI calls from a browser: POST …/decode and …/encode. A request needs
// a key that allowed accepts, as a bearer token, after Klaviyo-API-Key, or as the password of basic authentication.
// Pages of origin, such as https://temporal.shop.example, may call it; "" is none.
func (c *Codec) Handler(origin string, allowed func(r *http.Request, key string) bool) http.Handler {
	codec := converter.NewPayloadCodecHTTPHandler(c)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if origin != "" && r.Header.Get("Origin") == origin {
			h := w.Header()
			h.Set("Access-Control-Allow-Origin", origin)
			h.Set("Access-Control-Allow-Credentials", "true")
			h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, X-Namespace")
			h.Set("Access-Control-Allow-Methods", "POST")
			h.Set("Vary", "Origin")
		}
		switch {
		case r.Method == http.MethodOptions:
			w.WriteHeader(http.StatusNoContent)
		case r.Method != http.MethodPost:
			w.Header().Set("Allow", "POST, OPTIONS")
			http.Error(w, "only POST is allowed here", http.StatusMethodNotAllowed)
		case !allowed(r, presented(r)):
			w.Header().Set("WWW-Authenticate", `Basic realm="payloads"`)
			http.Error(w, "a private API key is needed", http.StatusUnauthorized)
		default:
			r.Body = http.MaxBytesReader(w, r.Body, maxBody)
			codec.ServeHTTP(w, r)
		}
	})
}

// presented is the key that a request carries.
func presented(r *http.Request) string {
	if _, password, ok := r.BasicAuth(); ok {
		return password
	}
	_, key, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.TrimSpace(key)
}
