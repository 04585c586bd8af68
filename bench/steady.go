package main

import (
	"context"
	"fmt"
	"runtime"
	"time"
)

// pace measures how long POSTs take at half the rate that the server takes in at most.
func pace(ctx context.Context, s *stage, o options) ([]row, error) {
	l, err := s.posting(ctx, o)
	if err != nil {
		return nil, err
	}
	l.Prefix = "most-"
	most, _, err := s.sendLoad(ctx, l)
	if err != nil {
		return nil, err
	}
	if err := s.settle(ctx); err != nil {
		return nil, err
	}
	l.Prefix, l.Rate, l.Length = "half-", most.rate()/2, 2*o.posting
	half, _, err := s.sendLoad(ctx, l)
	if err != nil {
		return nil, err
	}
	return []row{{
		work: fmt.Sprintf("time of a single POST at %.0f/s, half of the most", l.Rate), against: "–", ratio: "–", goal: "p99 under 50 ms",
		ours: fmt.Sprintf("p50 %s, p99 %s", milliseconds(half.P50), milliseconds(half.P99)),
	}}, nil
}

// steady measures the memory of the API while it takes in events for minutes, as many as it can or as it is told.
func steady(ctx context.Context, s *stage, o options) ([]row, error) {
	l, err := s.posting(ctx, o)
	if err != nil {
		return nil, err
	}
	var at [2]footprint
	accepted := 0
	// A tenth of the time warms up; the rest is what should be flat.
	for i, length := range []time.Duration{o.steady / 10, o.steady * 9 / 10} {
		l.Prefix, l.Length, l.Rate = fmt.Sprintf("steady%d-", i), length, o.rate
		result, _, err := s.sendLoad(ctx, l)
		if err != nil {
			return nil, err
		}
		accepted += result.Accepted
		if at[i], err = measureFootprint(); err != nil {
			return nil, err
		}
	}
	return []row{{
		work: fmt.Sprintf("memory of the API after %s and %d POSTs", o.steady, accepted), ours: at[1].String(),
		against: fmt.Sprintf("after %s", o.steady/10), theirs: at[0].String(),
		ratio: fmt.Sprintf("%.2f", float64(at[1].resident)/float64(at[0].resident)), goal: "at most 1.1",
	}}, nil
}

// footprint is the memory of this process.
type footprint struct {
	resident int64 // what the machine has given it
	heap     int64 // what it holds after garbage collection
}

func (f footprint) String() string {
	return fmt.Sprintf("%s resident, %s held", megabytes(f.resident), megabytes(f.heap))
}

func measureFootprint() (f footprint, err error) {
	if f.resident, err = residentNow(); err != nil {
		return f, err
	}
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	f.heap = int64(m.HeapAlloc)
	return f, nil
}

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
}
