package ingest

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

var ingested = promauto.NewCounterVec(prometheus.CounterOpts{
	Name: "legato_events_ingested_total",
	Help: "Events taken in, by result: stored, duplicate or refused.",
}, []string{"result"})

func count(results []EventResult) {
	for _, r := range results {
		switch {
		case r.Err != nil:
			ingested.WithLabelValues("refused").Inc()
		case r.Duplicate:
			ingested.WithLabelValues("duplicate").Inc()
		default:
			ingested.WithLabelValues("stored").Inc()
		}
	}
}
