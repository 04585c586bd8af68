package main

import (
	"fmt"
	"slices"
	"time"
)

// way measures one side once, and gives how many a second it did.
type way func(round int) (float64, error)

// rates are what a way did, by round.
type rates []float64

// byTurns measures ways one after the other, round by round, so that what else the machine does meanwhile meets all
// of them. Every other round goes backwards, so that none always comes last.
func byTurns(rounds int, ways ...way) ([]rates, error) {
	all := make([]rates, len(ways))
	for i := range all {
		all[i] = make(rates, rounds)
	}
	for round := range rounds {
		for i := range ways {
			if round%2 == 1 {
				i = len(ways) - 1 - i
			}
			perSecond, err := ways[i](round)
			if err != nil {
				return nil, err
			}
			all[i][round] = perSecond
		}
	}
	return all, nil
}

func (r rates) median() float64 {
	sorted := slices.Sorted(slices.Values(r))
	if n := len(sorted); n%2 == 0 {
		return (sorted[n/2-1] + sorted[n/2]) / 2
	}
	return sorted[len(sorted)/2]
}

func (r rates) String() string { return fmt.Sprintf("%.0f/s", r.median()) }

// over gives the median of the rounds' ratios, and the least and the greatest.
func (r rates) over(other rates, format string) string {
	ratios := make(rates, len(r))
	for i := range r {
		ratios[i] = r[i] / other[i]
	}
	if len(ratios) == 1 {
		return fmt.Sprintf(format, ratios[0])
	}
	return fmt.Sprintf(format+" ("+format+" to "+format+")", ratios.median(), slices.Min(ratios), slices.Max(ratios))
}

func perSecond(n int, took time.Duration) float64 { return float64(n) / took.Seconds() }
