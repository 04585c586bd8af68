package telemetry

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.temporal.io/sdk/client"
)

// maxSeries bounds the memory that metrics of the Temporal SDK can take. Their tags are names of flows,
// activities and calls, so a healthy process has some hundred series.
const maxSeries = 10_000

// latencyBuckets are in seconds: from a call on the same machine to a workflow task that times out.
var latencyBuckets = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}

// TemporalMetrics registers with r a collector of what the Temporal SDK measures, and returns the handler to give
// to client.Options. Names follow the SDK's documentation for Prometheus: counters end in _total, timers in
// _seconds.
func TemporalMetrics(r prometheus.Registerer) (client.MetricsHandler, error) {
	c := &temporalCollector{series: map[string]prometheus.Metric{}}
	if err := r.Register(c); err != nil {
		return nil, err
	}
	return temporalHandler{collector: c}, nil
}

// temporalCollector holds one metric per name and set of tags. The SDK gives one name different sets of tags,
// which prometheus' vectors refuse and a collector that describes nothing may do.
type temporalCollector struct {
	mu     sync.Mutex
	series map[string]prometheus.Metric
}

func (*temporalCollector) Describe(chan<- *prometheus.Desc) {}

func (c *temporalCollector) Collect(out chan<- prometheus.Metric) {
	c.mu.Lock()
	all := slices.Collect(maps.Values(c.series))
	c.mu.Unlock()
	for _, m := range all {
		out <- m
	}
}

// find gives the metric of that name and tags, made with fresh when it is new, or nil when there are too many.
func (c *temporalCollector) find(name string, tags prometheus.Labels, fresh func() prometheus.Metric) prometheus.Metric {
	var key strings.Builder
	key.WriteString(name)
	for _, tag := range slices.Sorted(maps.Keys(tags)) {
		key.WriteString("\x00" + tag + "\x00" + tags[tag])
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	m, ok := c.series[key.String()]
	if !ok && len(c.series) < maxSeries {
		m = fresh()
		c.series[key.String()] = m
	}
	return m
}

// temporalHandler is the SDK's view: names, under the tags gathered on the way here.
type temporalHandler struct {
	collector *temporalCollector
	tags      prometheus.Labels
}

func (h temporalHandler) WithTags(tags map[string]string) client.MetricsHandler {
	merged := make(prometheus.Labels, len(h.tags)+len(tags))
	maps.Copy(merged, h.tags)
	for name, v := range tags {
		merged[label(name)] = strings.ToValidUTF8(v, "?")
	}
	return temporalHandler{h.collector, merged}
}

func (h temporalHandler) Counter(name string) client.MetricsCounter {
	name = label(name) + "_total"
	m, _ := h.collector.find(name, h.tags, func() prometheus.Metric {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help, ConstLabels: h.tags})
	}).(prometheus.Counter)
	return counter{m}
}

func (h temporalHandler) Gauge(name string) client.MetricsGauge {
	name = label(name)
	m, _ := h.collector.find(name, h.tags, func() prometheus.Metric {
		return prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help, ConstLabels: h.tags})
	}).(prometheus.Gauge)
	return gauge{m}
}

func (h temporalHandler) Timer(name string) client.MetricsTimer {
	name = label(name) + "_seconds"
	m, _ := h.collector.find(name, h.tags, func() prometheus.Metric {
		return prometheus.NewHistogram(prometheus.HistogramOpts{Name: name, Help: help, ConstLabels: h.tags, Buckets: latencyBuckets})
	}).(prometheus.Histogram)
	return timer{m}
}

const help = "From the Temporal SDK."

// label makes a name that Prometheus takes.
func label(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '_':
			return r
		}
		return '_'
	}, name)
}

// The three below do nothing when there was no room for their series.
type (
	counter struct{ prometheus.Counter }
	gauge   struct{ prometheus.Gauge }
	timer   struct{ prometheus.Histogram }
)

// Inc adds n; the SDK counts up only, and a negative number would panic in the library.
func (c counter) Inc(n int64) {
	if c.Counter != nil && n > 0 {
		c.Add(float64(n))
	}
}

func (g gauge) Update(v float64) {
	if g.Gauge != nil {
		g.Set(v)
	}
}

func (t timer) Record(d time.Duration) {
	if t.Histogram != nil {
		t.Observe(d.Seconds())
	}
}
