package api

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// checkTimeout bounds each readiness check.
const checkTimeout = 2 * time.Second

// healthy says that the process answers.
func (a *api) healthy(w http.ResponseWriter, r *http.Request) error {
	return writeHealth(w, http.StatusOK, map[string]any{"status": "ok"})
}

// ready says whether everything that requests need answers too, and names what does not.
func (a *api) ready(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), checkTimeout)
	defer cancel()
	results := map[string]string{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	status, state := http.StatusOK, "ok"
	for name, check := range a.checks {
		wg.Go(func() {
			err := check(ctx)
			mu.Lock()
			defer mu.Unlock()
			if results[name] = "ok"; err != nil {
				results[name], status, state = "failed", http.StatusServiceUnavailable, "failed"
				a.log.WarnContext(ctx, "not ready", slog.String("check", name), slog.Any("error", err))
			}
		})
	}
	wg.Wait()
	return writeHealth(w, status, map[string]any{"status": state, "checks": results})
}

func writeHealth(w http.ResponseWriter, status int, body map[string]any) error {
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n'))
	return nil
}

// measurements answers Prometheus.
func (a *api) measurements(w http.ResponseWriter, r *http.Request) error {
	promhttp.HandlerFor(a.registry, promhttp.HandlerOpts{}).ServeHTTP(w, r)
	return nil
}
