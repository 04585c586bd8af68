package api

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/legato-flow/legato/store"
)

var aggregateDescription = &description{
	name: "metric-aggregate", path: "/api/metric-aggregates",
	attributes: []string{"data", "dates"},
}

const (
	maxAggregateBody = 256 << 10 // a cursor takes most of it
	// maxCells is how many numbers of one measurement an answer has; there are fewer groups on a page if they have many.
	maxCells = 200_000
	// maxAggregates at once: they read a lot, and events come in meanwhile.
	maxAggregates = 3
)

// aggregateRow is the numbers of one group of events, by date.
type aggregateRow struct {
	Dimensions   []string       `json:"dimensions"`
	Measurements map[string]any `json:"measurements"`
}

// aggregate answers with numbers of a metric's events.
func (a *api) aggregate(w http.ResponseWriter, r *http.Request) error {
	// The cursor may come as the link to the next page has it.
	values, err := url.ParseQuery(r.URL.RawQuery)
	linked := values.Get("page_cursor")
	if err == nil && linked != "" {
		r = r.Clone(r.Context())
		values.Del("page_cursor")
		r.URL.RawQuery = values.Encode()
	}
	q, raw, err := a.request(w, r, parameters{shapes: []*description{aggregateDescription}}, maxAggregateBody)
	if err != nil {
		return err
	}
	in := &reader{}
	form := decodeAggregate(in, raw)
	if err := in.err(); err != nil {
		return err
	}
	if err := a.countable(r, form.query.MetricID); err != nil {
		return err
	}
	if cursor := cmp.Or(form.cursor, linked); cursor != "" {
		if form.query.After, err = form.place(cursor); err != nil {
			return invalid("/data/attributes/page_cursor", "page_cursor %s.", err)
		}
	}
	select {
	case a.aggregates <- struct{}{}:
		defer func() { <-a.aggregates }()
	case <-r.Context().Done():
		return fmt.Errorf("waiting for other aggregates: %w", r.Context().Err())
	}
	groups, more, err := a.store.Aggregate(r.Context(), form.query)
	if err != nil {
		return err
	}
	self := a.base + aggregateDescription.path
	x := &shown{Type: aggregateDescription.name, ID: uuid.NewString(), Attributes: form.attributes(groups), Links: map[string]string{"self": self}}
	x.thin(q)
	if len(form.fields) > 0 {
		x.thin(&query{fields: map[string][]string{x.Type: form.fields}})
	}
	links := map[string]string{"self": self}
	if more {
		links["next"] = self + "?" + url.Values{"page_cursor": {form.newCursor(groups[len(groups)-1].AggregatePlace)}}.Encode()
	}
	respond(w, http.StatusOK, document{Data: x, Links: links})
	return nil
}

// countable says whether there is a metric with that id.
func (a *api) countable(r *http.Request, id string) error {
	_, err := a.store.Metric(r.Context(), id)
	if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if _, err := a.store.CustomMetric(r.Context(), id); !errors.Is(err, store.ErrNotFound) {
		if err != nil {
			return err
		}
		return invalid("/data/attributes/metric_id", "%s is a custom metric, which cannot be aggregated; ask for the metrics that it is made of.", shorten(id))
	}
	p := a.metrics.missing(id)
	p.Source.Pointer = "/data/attributes/metric_id"
	return p
}

// attributes are the answer: every date has a number.
func (f *aggregateForm) attributes(groups []store.AggregateGroup) map[string]any {
	if len(groups) == 0 && len(f.query.By) == 0 && f.query.After == nil {
		groups = []store.AggregateGroup{{}}
	}
	rows := make([]aggregateRow, len(groups))
	for i, g := range groups {
		counts, people, totals := make([]int64, len(f.starts)), make([]int64, len(f.starts)), make([]json.Number, len(f.starts))
		for j := range totals {
			totals[j] = "0"
		}
		for _, c := range g.Cells {
			counts[c.Bucket], people[c.Bucket], totals[c.Bucket] = c.Count, c.People, c.Total
		}
		all := map[string]any{"count": counts, "unique": people, "sum_value": totals}
		for name := range all {
			if !slices.Contains(f.measurements, name) {
				delete(all, name)
			}
		}
		rows[i] = aggregateRow{Dimensions: append([]string{}, g.Dims...), Measurements: all}
	}
	dates := make([]string, len(f.starts))
	for i, start := range f.starts {
		dates[i] = start.Format("2006-01-02T15:04:05-07:00")
	}
	return map[string]any{"dates": dates, "data": rows}
}

// aggregateCursor is a place in the answer to one question.
type aggregateCursor struct {
	Query string   `json:"q"`
	Rank  string   `json:"r"`
	Dims  []string `json:"d"`
}

// question identifies what is asked: a cursor of another question means nothing.
func (f *aggregateForm) question() string {
	a := f.query
	b, err := json.Marshal([]any{a.MetricID, a.Since[0].UnixNano(), a.Until[len(a.Until)-1].UnixNano(), f.interval, f.zone.String(), a.By, a.Where, a.Sort, a.Descending})
	if err != nil {
		panic(err) // strings and numbers always encode
	}
	sum := sha256.Sum256(b)
	return base64.RawURLEncoding.EncodeToString(sum[:9])
}

func (f *aggregateForm) newCursor(p store.AggregatePlace) string {
	b, err := json.Marshal(aggregateCursor{Query: f.question(), Rank: p.Rank, Dims: p.Dims})
	if err != nil {
		panic(err) // strings always encode
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

var plainNumber = regexp.MustCompile(`^-?[0-9]{1,500}(\.[0-9]{1,500})?$`)

// place reads a cursor.
func (f *aggregateForm) place(s string) (*store.AggregatePlace, error) {
	var c aggregateCursor
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || !utf8.Valid(b) || json.Unmarshal(b, &c) != nil || c.Query != f.question() || len(c.Dims) != len(f.query.By) {
		return nil, errors.New("is not a cursor that an answer to the same question gave")
	}
	number := !slices.Contains(f.query.By, f.query.Sort)
	if strings.ContainsRune(c.Rank+strings.Join(c.Dims, ""), 0) || number && !plainNumber.MatchString(c.Rank) || f.query.Sort == "" && c.Rank != "0" {
		return nil, errors.New("has been changed")
	}
	return &store.AggregatePlace{Rank: c.Rank, Dims: c.Dims}, nil
}
