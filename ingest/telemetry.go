package ingest

import "github.com/prometheus/client_golang/prometheus"

func newCounter() *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "legato_events_ingested_total",
		Help: "Events taken in, by result: stored, duplicate or refused.",
	}, []string{"result"})
}

// Describe and Collect make an Ingester a prometheus.Collector of what it took in.
func (g *Ingester) Describe(to chan<- *prometheus.Desc) {
	g.taken.Describe(to)
	g.single.sizes.Describe(to)
}

// Collect is Describe's other half.
func (g *Ingester) Collect(to chan<- prometheus.Metric) {
	g.taken.Collect(to)
	g.single.sizes.Collect(to)
}

func (g *Ingester) count(results []EventResult) {
	for _, r := range results {
		switch {
		case r.Err != nil:
			g.taken.WithLabelValues("refused").Inc()
		case r.Duplicate:
			g.taken.WithLabelValues("duplicate").Inc()
		default:
			g.taken.WithLabelValues("stored").Inc()
		}
	}
}
