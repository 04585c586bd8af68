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
	"sync/atomic"
	"time"
)

const connections = 64

// posts compares single-event POSTs with pgbench doing one-row inserts into the same table, by what is done in a second
// and by the processor time of all who take part, which other work on the machine changes less.
func posts(ctx context.Context, s *stage, o options) ([]row, error) {
	l, err := s.posting(ctx, o)
	if err != nil {
		return nil, err
	}
	var ours, theirs shares
	measured, err := byTurns(o.rounds,
		func(round int) (float64, error) {
			if round == 0 {
				stop, err := profile(o.profile)
				if err != nil {
					return 0, err
				}
				defer stop()
			}
			l.Prefix = fmt.Sprintf("post%d-", round)
			result, used, err := s.sendLoad(ctx, l)
			if err != nil {
				return 0, err
			}
			ours.add(used, result.Processor, result.Accepted)
			return result.rate(), nil
		},
		func(int) (float64, error) {
			rate, used, err := s.pgbench(ctx, int(o.posting.Seconds()*pgbenchEach))
			theirs.add(used.usage, used.client, used.n)
			return rate, err
		},
	)
	if err != nil {
		return nil, err
	}
	theirs.usage.worker = 0 // we waited
	return []row{{
		work: fmt.Sprintf("single-event POSTs at %d connections (client on the same CPUs)", connections), ours: measured[0].String(),
		against: fmt.Sprintf("pgbench, one-row inserts at %d clients", connections), theirs: measured[1].String(),
		ratio: measured[0].over(measured[1], "%.2f"), goal: "3",
	}, {
		work: "processor time for each: API, Postgres, client", ours: ours.String(), against: "the same: Postgres, pgbench", theirs: theirs.String(),
		ratio: fmt.Sprintf("%.2f", theirs.each()/ours.each()), goal: "3",
	}}, nil
}

// shares are what the processor did for a number of requests.
type shares struct {
	usage  usage
	client time.Duration
	n      int
}

func (s *shares) add(used usage, client time.Duration, n int) {
	s.usage, s.client, s.n = s.usage.plus(used), s.client+client, s.n+n
}

// each is the microseconds that one request takes.
func (s *shares) each() float64 { return s.of(s.usage.all() + s.client) }

func (s *shares) of(d time.Duration) float64 { return float64(d.Microseconds()) / float64(s.n) }

func (s *shares) String() string {
	if s.usage.worker == 0 {
		return fmt.Sprintf("%.0f µs = %.0f + %.0f", s.each(), s.of(s.usage.postgres), s.of(s.client))
	}
	return fmt.Sprintf("%.0f µs = %.0f + %.0f + %.0f", s.each(), s.of(s.usage.worker), s.of(s.usage.postgres), s.of(s.client))
}

// storePeople is how many people events are about.
const storePeople = 100_000

// posting makes the people of the load, their metric and the month, warms up, and gives the load.
func (s *stage) posting(ctx context.Context, o options) (load, error) {
	l := load{Address: s.address, Connections: connections, Length: o.posting, Person: "post", People: storePeople}
	var there bool
	if err := s.store.DB.GetContext(ctx, &there, "select exists (select from profile where id like 'post0%')"); err != nil {
		return l, err
	}
	if !there {
		if err := s.people(ctx, "post", storePeople); err != nil {
			return l, err
		}
	}
	if err := s.postEvent(ctx, "Viewed Product", "post1@example.com"); err != nil {
		return l, err
	}
	warm := l
	warm.Prefix, warm.Length = "warm-", 2*time.Second
	if _, _, err := s.sendLoad(ctx, warm); err != nil {
		return l, err
	}
	return l, s.settle(ctx)
}

// sendLoad sends the load and gives what came of it and the processor time that it took, the client's apart.
func (s *stage) sendLoad(ctx context.Context, l load) (*loadResult, usage, error) {
	before, err := s.usage()
	if err != nil {
		return nil, usage{}, err
	}
	result, err := l.send(ctx)
	if err != nil {
		return nil, usage{}, err
	}
	after, err := s.usage()
	return result, after.since(before), err
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
	return s.exchange(ctx, path, body, http.StatusAccepted)
}

// exchange posts a body, for which the answer has to have that status.
func (s *stage) exchange(ctx context.Context, path string, body []byte, status int) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+s.address+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", authorization)
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
	if response.StatusCode != status {
		return fmt.Errorf("%s: %s", response.Status, said)
	}
	return nil
}

var tps = regexp.MustCompile(`tps = ([0-9.]+)`)

// pgbenchEach is how many rows each of pgbench's clients inserts for every second that we post.
const pgbenchEach = 25

// pgbench inserts rows one by one into the table of events, so many for each client. What it takes to connect does not
// count.
func (s *stage) pgbench(ctx context.Context, each int) (rate float64, used shares, err error) {
	_, connecting, err := s.pgbenchOnce(ctx, 1)
	if err != nil {
		return 0, used, err
	}
	rate, used, err = s.pgbenchOnce(ctx, each+1)
	used.usage = used.usage.since(connecting.usage)
	used.client, used.n = used.client-connecting.client, used.n-connecting.n
	return rate, used, err
}

func (s *stage) pgbenchOnce(ctx context.Context, each int) (rate float64, used shares, err error) {
	script := filepath.Join(s.under.dir, "insert.sql")
	err = os.WriteFile(script, []byte(`\set n random(1, `+strconv.Itoa(storePeople)+`)
insert into event (id, profile_id, metric_id, time, unique_id, value, properties)
values (gen_random_uuid(), 'post' || lpad(:n::text, 8, '0'), 'pgbnch', date_trunc('second', now()), gen_random_uuid()::text, 59,
    '{"ProductName":"Tea pot","ProductID":"P1","Categories":["Kitchen"],"Price":59}');
`), 0o644)
	if err != nil {
		return 0, used, err
	}
	program, err := exec.LookPath("pgbench")
	if err != nil {
		found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/pgbench")
		if len(found) == 0 {
			return 0, used, fmt.Errorf("pgbench is not installed beside Postgres: %w", err)
		}
		program = found[len(found)-1]
	}
	before, err := s.usage()
	if err != nil {
		return 0, used, err
	}
	command := exec.CommandContext(ctx, program, "-n", "-M", "prepared", "-f", script, "-c", strconv.Itoa(connections), "-j", "2", "-t", strconv.Itoa(each), s.url)
	out, err := command.CombinedOutput()
	if err != nil {
		return 0, used, fmt.Errorf("pgbench: %w: %s", err, out)
	}
	after, err := s.usage()
	if err != nil {
		return 0, used, err
	}
	match := tps.FindSubmatch(out)
	if match == nil {
		return 0, used, fmt.Errorf("pgbench said no rate: %s", out)
	}
	used.add(after.since(before), command.ProcessState.UserTime()+command.ProcessState.SystemTime(), connections*each)
	rate, err = strconv.ParseFloat(string(match[1]), 64)
	return rate, used, err
}
