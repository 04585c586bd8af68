package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/pprof"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

const connections = 64

// posts compares single-event POSTs with pgbench doing one-row inserts into the same table.
func posts(ctx context.Context, s *stage, o options) ([]row, error) {
	if err := s.people(ctx, "post", 1000); err != nil {
		return nil, err
	}
	if err := s.post(ctx); err != nil { // the metric and the month
		return nil, err
	}
	theirs, err := s.pgbench(ctx, o.posting)
	if err != nil {
		return nil, err
	}
	stopProfile, err := profile(o.profile)
	if err != nil {
		return nil, err
	}
	defer stopProfile()
	ctx, cancel := context.WithTimeout(ctx, o.posting)
	defer cancel()
	var n, failed atomic.Int64
	var wg sync.WaitGroup
	start := time.Now()
	for range connections {
		wg.Go(func() {
			for ctx.Err() == nil {
				if err := s.post(ctx); err != nil {
					if ctx.Err() == nil {
						failed.Add(1)
					}
					continue
				}
				n.Add(1)
			}
		})
	}
	wg.Wait()
	if failed.Load() > 0 {
		return nil, fmt.Errorf("%d POSTs failed", failed.Load())
	}
	ours := perSecond(int(n.Load()), time.Since(start))
	return []row{{
		work: fmt.Sprintf("single-event POSTs at %d connections (client on the same CPUs)", connections), ours: fmt.Sprintf("%.0f/s", ours),
		against: fmt.Sprintf("pgbench, one-row inserts at %d clients", connections), theirs: fmt.Sprintf("%.0f/s", theirs),
		ratio: fmt.Sprintf("%.2f", ours/theirs),
	}}, nil
}

// profile begins a CPU profile, if path is not empty. The caller ends it.
func profile(path string) (stop func(), err error) {
	if path == "" {
		return func() {}, nil
	}
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		_ = file.Close()
		return nil, err
	}
	return func() {
		pprof.StopCPUProfile()
		_ = file.Close()
	}, nil
}

var poster = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections}}

var posted atomic.Int64

// post sends one event that no flow waits for, of one of a thousand people.
func (s *stage) post(ctx context.Context) error {
	return s.postEvent(ctx, "Viewed Product", fmt.Sprintf("post%d@example.com", posted.Load()%1000+1))
}

// postEvent sends one event. Its unique_id makes it a new one.
func (s *stage) postEvent(ctx context.Context, metric, email string) error {
	i := posted.Add(1)
	body := fmt.Sprintf(`{"data":{"type":"event","attributes":{"metric":{"data":{"type":"metric","attributes":{"name":%q}}},`+
		`"profile":{"data":{"type":"profile","attributes":{"email":%q}}},"unique_id":"u%d","value":59,`+
		`"properties":{"ProductName":"Tea pot","ProductID":"P%d","Categories":["Kitchen"],"Price":59}}}}`, metric, email, i, i%60)
	return s.send(ctx, "/api/events", []byte(body))
}

// send posts a body, for which the answer has to be 202.
func (s *stage) send(ctx context.Context, path string, body []byte) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.api.URL+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Klaviyo-API-Key "+key)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("revision", "2026-07-15")
	response, err := poster.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	said, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusAccepted {
		return fmt.Errorf("%s: %s", response.Status, said)
	}
	return nil
}

var tps = regexp.MustCompile(`tps = ([0-9.]+)`)

// pgbench inserts rows one by one into the table of events.
func (s *stage) pgbench(ctx context.Context, length time.Duration) (float64, error) {
	script := filepath.Join(os.TempDir(), "legato-bench.sql")
	err := os.WriteFile(script, []byte(`\set n random(1, 1000)
insert into event (id, profile_id, metric_id, time, unique_id, value, properties)
values (gen_random_uuid(), 'post' || lpad(:n::text, 8, '0'), 'pgbnch', date_trunc('second', now()), gen_random_uuid()::text, 59,
    '{"ProductName":"Tea pot","ProductID":"P1","Categories":["Kitchen"],"Price":59}');
`), 0o644)
	if err != nil {
		return 0, err
	}
	defer os.Remove(script)
	program, err := exec.LookPath("pgbench")
	if err != nil {
		found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/pgbench")
		if len(found) == 0 {
			return 0, fmt.Errorf("pgbench is not installed beside Postgres: %w", err)
		}
		program = found[len(found)-1]
	}
	out, err := exec.CommandContext(ctx, program, "-n", "-M", "prepared", "-f", script, "-c", strconv.Itoa(connections), "-j", "2",
		"-T", strconv.Itoa(int(length.Seconds())), s.url).CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("pgbench: %w: %s", err, out)
	}
	match := tps.FindSubmatch(out)
	if match == nil {
		return 0, fmt.Errorf("pgbench said no rate: %s", out)
	}
	return strconv.ParseFloat(string(match[1]), 64)
}
