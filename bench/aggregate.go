package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// aggregateTurns is how often each question is asked.
const aggregateTurns = 5

// aggregates asks for numbers of the metric that has half of all events, over the last year, through the API.
func (s *stage) aggregates(ctx context.Context, stored int) ([]row, error) {
	until := time.Now().UTC().Truncate(24 * time.Hour)
	since := until.AddDate(-1, 0, 0)
	var rows []row
	for _, question := range []struct{ what, attributes string }{
		{"count by day", `"measurements":["count"],"interval":"day","timezone":"America/New_York"`},
		{"count by month", `"measurements":["count"],"interval":"month","timezone":"America/New_York"`},
		{"people by month", `"measurements":["unique"],"interval":"month","timezone":"America/New_York"`},
		{"values by month and currency", `"measurements":["sum_value"],"interval":"month","by":["$value_currency"]`},
	} {
		body := fmt.Sprintf(`{"data":{"type":"metric-aggregate","attributes":{"metric_id":"Bench1",%s,`+
			`"filter":["greater-or-equal(datetime,%s)","less-than(datetime,%s)"]}}}`,
			question.attributes, since.Format(time.DateOnly), until.Format(time.DateOnly))
		var took []time.Duration
		for range aggregateTurns {
			start := time.Now()
			if err := s.exchange(ctx, "/api/metric-aggregates", []byte(body), http.StatusOK); err != nil {
				return nil, fmt.Errorf("%s: %w", question.what, err)
			}
			took = append(took, time.Since(start))
		}
		first := took[0]
		slices.Sort(took)
		rows = append(rows, row{
			work:    fmt.Sprintf("aggregate of a metric with %d events, over a year: %s", stored/2, question.what),
			against: "–", ratio: "–", ours: fmt.Sprintf("%s, at first %s", milliseconds(took[len(took)/2]), milliseconds(first)),
		})
	}
	return rows, nil
}
