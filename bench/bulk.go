package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/legato-flow/legato/store"
	"golang.org/x/sync/errgroup"
)

// The shape of bulk requests: as many events as one may have, of people who did a few things each.
const (
	bulkRequest = 1000
	bulkEach    = 4
	bulkPeople  = 5000
	bulkSenders = 4
)

// bulk compares bulk ingestion over HTTP with COPY of the same rows into an identical, identically indexed table.
func bulk(ctx context.Context, s *stage, o options) ([]row, error) {
	if err := s.people(ctx, "bulk", bulkPeople); err != nil {
		return nil, err
	}
	if err := s.bulkTable(ctx); err != nil {
		return nil, err
	}
	stopProfile, err := profile(o.profile)
	if err != nil {
		return nil, err
	}
	defer stopProfile()
	n := (o.bulk + bulkRequest - 1) / bulkRequest * bulkRequest
	both, err := byTurns(o.rounds+1,
		func(round int) (float64, error) { return s.bulkPost(ctx, round, n) },
		func(round int) (float64, error) { return s.bulkCopy(ctx, round, n) })
	if err != nil {
		return nil, err
	}
	ours, theirs := both[0][1:], both[1][1:] // the first round warms up both
	return []row{{
		work: fmt.Sprintf("bulk event ingestion over HTTP, rows (%d per request, %d connections, client on the same CPUs)", bulkRequest, bulkSenders), ours: ours.String(),
		against: "COPY of the same rows into an identical, identically indexed table", theirs: theirs.String(),
		ratio: ours.over(theirs, "%.2f"), goal: "0.4, and 10000/s",
	}}, nil
}

// bulkTable makes the table for COPY, with a partition for the month as events have.
func (s *stage) bulkTable(ctx context.Context) error {
	month := time.Now().UTC().Format("2006-01-01")
	for _, statement := range []string{
		"select ensure_event_partition(now())",
		"insert into metric (id, name) values ('BulkVP', 'Bulk Viewed Product')",
		"create table copied (like event including all) partition by range (time)",
		fmt.Sprintf("create table copied_month partition of copied for values from (date_trunc('month', timestamptz '%s')) to (date_trunc('month', timestamptz '%[1]s') + interval '1 month')", month),
	} {
		if _, err := s.store.DB.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

const bulkProperties = `{"ProductName":"Tea pot","ProductID":"P%d","Categories":["Kitchen","Gifts"],"Price":59,"URL":"https://shop.example/tea-pot"}`

// bulkPost sends the rows of a round in requests of a thousand. What is sent is made beforehand.
func (s *stage) bulkPost(ctx context.Context, round, n int) (float64, error) {
	bodies := make([][]byte, n/bulkRequest)
	for i := range bodies {
		bodies[i] = bulkBody(round, i*bulkRequest, time.Now())
	}
	if err := s.settle(ctx); err != nil {
		return 0, err
	}
	var next atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	start := time.Now()
	for range bulkSenders {
		group.Go(func() error {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(bodies) {
					return nil
				}
				if err := s.send(ctx, "/api/event-bulk-create-jobs", bodies[i]); err != nil {
					return err
				}
			}
		})
	}
	if err := group.Wait(); err != nil {
		return 0, err
	}
	took := time.Since(start)
	var stored int
	if err := s.store.DB.Get(&stored, "select count(*) from event where metric_id = 'BulkVP' and unique_id like $1", fmt.Sprintf("b%d/%%", round)); err != nil {
		return 0, err
	}
	if stored != n {
		return 0, fmt.Errorf("%d of %d events are stored", stored, n)
	}
	return perSecond(n, took), nil
}

func bulkBody(round, from int, at time.Time) []byte {
	var b bytes.Buffer
	b.WriteString(`{"data":{"type":"event-bulk-create-job","attributes":{"events-bulk-create":{"data":[`)
	for i := from; i < from+bulkRequest; i++ {
		if i%bulkEach == 0 {
			if i > from {
				b.WriteString(`]}}},`)
			}
			fmt.Fprintf(&b, `{"type":"event-bulk-create","attributes":{"profile":{"data":{"type":"profile","attributes":{"email":"bulk%d@example.com"}}},"events":{"data":[`, bulkPerson(i))
		} else {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"type":"event","attributes":{"metric":{"data":{"type":"metric","attributes":{"name":"Bulk Viewed Product"}}},"unique_id":"b%d/%d","time":%q,"value":59,"properties":`+bulkProperties+`}}`,
			round, i, at.UTC().Format(time.RFC3339), i%60)
	}
	b.WriteString(`]}}}]}}}}`)
	return b.Bytes()
}

func bulkPerson(i int) int { return i/bulkEach*7919%bulkPeople + 1 }

// bulkCopy copies the rows of a round from a file that the server reads itself.
func (s *stage) bulkCopy(ctx context.Context, round, n int) (float64, error) {
	file, err := os.CreateTemp("", "legato-bench-*.copy")
	if err != nil {
		return 0, err
	}
	defer os.Remove(file.Name())
	var b bytes.Buffer
	now := time.Now().UTC()
	for i := range n {
		fmt.Fprintf(&b, "%s\tbulk%08d\tBulkVP\t%s\t%s\tb%d/%d\t59\t\\N\t"+strings.ReplaceAll(bulkProperties, `\`, `\\`)+"\tf\t0\n",
			store.EventID(now), bulkPerson(i), now.Format(time.RFC3339), now.Format(time.RFC3339Nano), round, i, i%60)
	}
	if _, err := file.Write(b.Bytes()); err != nil {
		return 0, err
	}
	if err := file.Chmod(0o644); err != nil {
		return 0, err
	}
	if err := file.Close(); err != nil {
		return 0, err
	}
	if err := s.settle(ctx); err != nil {
		return 0, err
	}
	start := time.Now()
	_, err = s.store.DB.ExecContext(ctx, fmt.Sprintf("copy copied (id, profile_id, metric_id, time, recorded_at, unique_id, value, currency, properties, backfill, depth) from '%s'", file.Name()))
	return perSecond(n, time.Since(start)), err
}
