// Package telemetry lets an operator see what happens: structured logs that carry the ids of the run, flow and
// profile at work, and metrics for Prometheus, the Temporal SDK's own among them.
package telemetry

import (
	"context"
	"io"
	"log/slog"
	"slices"

	"go.temporal.io/sdk/log"
)

// Names of the attributes that lead from a log line to a person's way through a flow.
const (
	Run     = "run"
	Flow    = "flow"
	Profile = "profile"
)

// NewLogger writes log lines of the level and above to w, as JSON when format is "json", else as text. Each line
// carries the attributes that With put into its context.
func NewLogger(w io.Writer, format string, level slog.Leveler) *slog.Logger {
	options := &slog.HandlerOptions{Level: level}
	if format == "json" {
		return slog.New(contextHandler{slog.NewJSONHandler(w, options)})
	}
	return slog.New(contextHandler{slog.NewTextHandler(w, options)})
}

// TemporalLogger lets the Temporal SDK log through l.
func TemporalLogger(l *slog.Logger) log.Logger { return log.NewStructuredLogger(l) }

type attributesKey struct{}

// With returns a context whose log lines carry the attributes. One with the same key replaces what an outer
// context says, so that work which moves on to the next person names that person only.
func With(ctx context.Context, attributes ...slog.Attr) context.Context {
	outer := attributesOf(ctx)
	all := make([]slog.Attr, 0, len(outer)+len(attributes))
	for _, a := range outer {
		if !slices.ContainsFunc(attributes, func(b slog.Attr) bool { return a.Key == b.Key }) {
			all = append(all, a)
		}
	}
	return context.WithValue(ctx, attributesKey{}, append(all, attributes...))
}

func attributesOf(ctx context.Context) []slog.Attr {
	attributes, _ := ctx.Value(attributesKey{}).([]slog.Attr)
	return attributes
}

// contextHandler adds the context's attributes to each record.
type contextHandler struct{ slog.Handler }

func (h contextHandler) Handle(ctx context.Context, r slog.Record) error {
	if attributes := attributesOf(ctx); len(attributes) > 0 {
		r = r.Clone()
		r.AddAttrs(attributes...)
	}
	return h.Handler.Handle(ctx, r)
}

func (h contextHandler) WithAttrs(attributes []slog.Attr) slog.Handler {
	return contextHandler{h.Handler.WithAttrs(attributes)}
}

func (h contextHandler) WithGroup(name string) slog.Handler {
	return contextHandler{h.Handler.WithGroup(name)}
}
