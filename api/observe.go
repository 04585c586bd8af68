package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
)

// measures are the API's own Prometheus metrics.
type measures struct {
	requests *prometheus.HistogramVec
}

func newMeasures(r *prometheus.Registry, others ...prometheus.Collector) *measures {
	m := &measures{requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "legato_http_request_duration_seconds",
		Help:    "Time to answer HTTP requests, by route and status.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10},
	}, []string{"route", "status"})}
	r.MustRegister(append(others, m.requests)...)
	return m
}

type routeKey struct{}

// name tells observe which route a request took.
func name(ctx context.Context, pattern string) {
	if route, ok := ctx.Value(routeKey{}).(*string); ok {
		*route = pattern
	}
}

// observe logs and measures every request, and turns a panic into an answer.
func (a *api) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		route := "other"
		r = r.WithContext(context.WithValue(r.Context(), routeKey{}, &route))
		out := &recorder{ResponseWriter: w}
		defer func() {
			if cause := recover(); cause != nil {
				if err, ok := cause.(error); ok && errors.Is(err, http.ErrAbortHandler) {
					panic(cause)
				}
				a.panicked(out, r, cause)
			}
			if out.status == 0 {
				out.status = http.StatusOK
			}
			took := time.Since(start)
			a.measure.requests.WithLabelValues(route, strconv.Itoa(out.status)).Observe(took.Seconds())
			a.log.LogAttrs(r.Context(), levelOf(out.status, route), "request", slog.String("method", r.Method), slog.String("route", route),
				slog.Int("status", out.status), slog.Duration("duration", took), slog.Int64("bytes", out.written))
		}()
		next.ServeHTTP(out, r)
	})
}

// levelOf is how much a request matters in the log. Probes come every few seconds and matter when they fail.
func levelOf(status int, route string) slog.Level {
	switch {
	case status >= 500:
		return slog.LevelError
	case route == "GET /healthz" || route == "GET /readyz" || route == "GET /metrics":
		return slog.LevelDebug
	default:
		return slog.LevelInfo
	}
}

func (a *api) panicked(w *recorder, r *http.Request, cause any) {
	id := uuid.NewString()
	a.log.ErrorContext(r.Context(), "panic", slog.String("error_id", id), slog.String("cause", fmt.Sprint(cause)), slog.String("stack", string(debug.Stack())))
	if w.status != 0 {
		return // the answer has begun
	}
	p := newProblem(http.StatusInternalServerError, "The request could not be processed. The log names the cause under this error's id.")
	p.ID = id
	respond(w, p.Status, map[string]any{"errors": problems{p}})
}

// recorder notes the status and size of an answer.
type recorder struct {
	http.ResponseWriter
	status  int
	written int64
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(b)
	r.written += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach what is beneath.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
