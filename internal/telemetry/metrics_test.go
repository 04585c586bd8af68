package telemetry

import (
	"fmt"
	"io"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// page fetches the metrics page of r.
func page(t *testing.T, r *prometheus.Registry) string {
	t.Helper()
	server := httptest.NewServer(MetricsPage(r))
	defer server.Close()
	response, err := server.Client().Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != 200 {
		t.Fatalf("%d, %v, %s", response.StatusCode, err, body)
	}
	return string(body)
}

func TestPageHasGoProcessAndBuildMetrics(t *testing.T) {
	t.Parallel()
	got := page(t, NewRegistry())
	for _, want := range []string{"go_goroutines ", "go_build_info{", "process_resident_memory_bytes "} {
		if !strings.Contains(got, "\n"+want) {
			t.Errorf("no %s", want)
		}
	}
}

func TestSDKMetricsWithDifferentTagsShareAName(t *testing.T) {
	t.Parallel()
	r := NewRegistry()
	h, err := TemporalMetrics(r)
	if err != nil {
		t.Fatal(err)
	}
	h.Counter("temporal_request").Inc(1)
	a := h.WithTags(map[string]string{"namespace": "default"})
	a.Counter("temporal_request").Inc(2)
	b := a.WithTags(map[string]string{"operation": "PollWorkflowTaskQueue", "poller-type": "sticky"})
	b.Counter("temporal_request").Inc(3)
	b.Counter("temporal_request").Inc(-5)
	a.WithTags(map[string]string{"namespace": "shop"}).Gauge("temporal_worker_task_slots_used").Update(4)
	b.Timer("temporal_request_latency").Record(1500 * time.Millisecond)

	got := page(t, r)
	for _, want := range []string{
		`temporal_request_total 1`,
		`temporal_request_total{namespace="default"} 2`,
		`temporal_request_total{namespace="default",operation="PollWorkflowTaskQueue",poller_type="sticky"} 3`,
		`temporal_worker_task_slots_used{namespace="shop"} 4`,
		`temporal_request_latency_seconds_bucket{namespace="default",operation="PollWorkflowTaskQueue",poller_type="sticky",le="1"} 0`,
		`temporal_request_latency_seconds_bucket{namespace="default",operation="PollWorkflowTaskQueue",poller_type="sticky",le="2.5"} 1`,
	} {
		if !strings.Contains(got, "\n"+want+"\n") {
			t.Errorf("no line %s in\n%s", want, got)
		}
	}
}

func TestSDKMetricsAreBounded(t *testing.T) {
	t.Parallel()
	h, err := TemporalMetrics(prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	for i := range 4 {
		wait.Go(func() {
			for j := range maxSeries {
				tagged := h.WithTags(map[string]string{"workflow_type": fmt.Sprint(i, j)})
				tagged.Counter("started").Inc(1)
				tagged.Gauge("open").Update(1)
				tagged.Timer("took").Record(time.Second)
			}
		})
	}
	wait.Wait()
	if n := len(h.(temporalHandler).collector.series); n != maxSeries {
		t.Errorf("%d series", n)
	}
}
