package api

import (
	"log/slog"
	"net/http"
)

// Operations makes the handler of a process that serves no API: /healthz, /readyz and /metrics. Of the options
// it uses Checks, Registry and Log.
func Operations(o Options) http.Handler {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	a := &api{checks: o.Checks, registry: o.Registry, log: o.Log}
	mux := http.NewServeMux()
	for pattern, handle := range map[string]handler{
		"GET /healthz": (*api).healthy, "GET /readyz": (*api).ready, "GET /metrics": (*api).measurements,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if err := handle(a, w, r); err != nil {
				o.Log.WarnContext(r.Context(), "answering", "path", r.URL.Path, "error", err)
			}
		})
	}
	return mux
}
