package expression

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// Subject is a person who is asked about. Start is when they entered the flow, for since_start; zero means that
// all of their history is after it. Now ends the history that counts. Person, Event and Flow are as in Input;
// conditions over past events may compare with them.
type Subject struct {
	Profile             string
	Start, Now          time.Time
	Person, Event, Flow map[string]any
}

// Limits of one call of Answer.
const (
	MaxSubjects = 10_000
	maxAnswers  = 500    // different queries
	maxArgs     = 60_000 // parameters; Postgres takes 65,535
)

// Answer asks the database every query about every subject, in one statement. The result has an element per
// subject with an element per query: bool, float64, time.Time (UTC), or nil when it is missing.
func Answer(ctx context.Context, q sqlx.QueryerContext, queries []Query, subjects []Subject) ([][]any, error) {
	out := make([][]any, len(subjects))
	if len(queries) == 0 || len(subjects) == 0 {
		for i := range out {
			out[i] = make([]any, len(queries))
		}
		return out, nil
	}
	statement, args, places, err := statement(queries, subjects)
	if err != nil {
		return nil, err
	}
	rows, err := q.QueryxContext(ctx, statement, args...)
	if err != nil {
		return nil, fmt.Errorf("asking %d queries about %d people: %w", len(queries), len(subjects), err)
	}
	defer rows.Close()
	for i := 0; rows.Next(); i++ {
		columns, err := rows.SliceScan()
		if err != nil {
			return nil, fmt.Errorf("reading the answers about %s: %w", subjects[i].Profile, err)
		}
		out[i] = make([]any, len(queries))
		for j := range queries {
			if out[i][j], err = queries[j].scan(columns[places[j]]); err != nil {
				return nil, fmt.Errorf("about %s: %w", subjects[i].Profile, err)
			}
		}
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("asking %d queries about %d people: %w", len(queries), len(subjects), err)
	}
	return out, nil
}

// statement builds the SQL: one row per subject, one column per different query. places says which column
// answers which query.
func statement(queries []Query, subjects []Subject) (string, []any, []int, error) {
	if len(subjects) > MaxSubjects {
		return "", nil, nil, fmt.Errorf("asking about %d people at once; at most %d", len(subjects), MaxSubjects)
	}
	profiles, starts, nows := make(pq.StringArray, len(subjects)), make(pq.StringArray, len(subjects)), make(pq.StringArray, len(subjects))
	for i, s := range subjects {
		if s.Now.IsZero() {
			return "", nil, nil, fmt.Errorf("asking about %s: Now is not set", s.Profile)
		}
		profiles[i], starts[i], nows[i] = s.Profile, timestamp(s.Start), timestamp(s.Now)
	}
	args := []any{profiles, starts, nows}
	names, arrays := "profile, start, now", "$1::text[], $2::timestamptz[], $3::timestamptz[]"
	for _, in := range inputsOf(queries) {
		values, err := in.values(subjects)
		if err != nil {
			return "", nil, nil, err
		}
		args = append(args, pq.Array(values))
		names += ", " + in.column
		arrays += fmt.Sprintf(", $%d::jsonb[]", len(args))
	}
	places := make([]int, len(queries))
	known := map[string]int{}
	var columns []string
	for j, query := range queries {
		key := query.sql.text + fmt.Sprint(query.sql.args)
		place, ok := known[key]
		if !ok {
			place = len(columns)
			known[key] = place
			var column string
			column, args = query.sql.numbered(args)
			columns = append(columns, column)
		}
		places[j] = place
	}
	if len(columns) > maxAnswers || len(args) > maxArgs {
		return "", nil, nil, fmt.Errorf("asking %d different queries with %d values at once; at most %d with %d", len(columns), len(args), maxAnswers, maxArgs)
	}
	text := "select " + strings.Join(columns, ",\n  ") +
		"\nfrom unnest(" + arrays + ") with ordinality as s(" + names + ", n)\norder by s.n"
	return text, args, places, nil
}

// inputsOf gives the different inputs of the queries.
func inputsOf(queries []Query) []input {
	var out []input
	for _, q := range queries {
		for _, in := range q.inputs {
			if !slices.ContainsFunc(out, func(other input) bool { return other.column == in.column }) {
				out = append(out, in)
			}
		}
	}
	return out
}

// values gives the input of each subject as JSON, NULL where it is missing.
func (in input) values(subjects []Subject) ([]sql.NullString, error) {
	out := make([]sql.NullString, len(subjects))
	for i, s := range subjects {
		if s.Person == nil && s.Event == nil && s.Flow == nil {
			return nil, fmt.Errorf("asking about %s: a query compares with %s, but Person, Event and Flow are not set", s.Profile, pathName(in.path[0], in.path[1:]))
		}
		var v any = map[string]any{"person": s.Person, "event": s.Event, "flow": s.Flow}
		for _, key := range in.path {
			v = get(v, key)
		}
		if v == nil {
			continue
		}
		data, err := json.Marshal(v)
		if err != nil {
			continue // what has no place in JSON is missing
		}
		// A zero character has no place in Postgres, so that no stored event can be equal to it.
		out[i] = sql.NullString{String: string(data), Valid: !bytes.Contains(data, []byte(`\u0000`))}
	}
	return out, nil
}

// timestamp cuts to the microseconds that Postgres keeps, where it would round up into the next event.
func timestamp(t time.Time) string {
	if t.Year() < 1 {
		t = time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond).Format("2006-01-02T15:04:05.999999Z")
}
