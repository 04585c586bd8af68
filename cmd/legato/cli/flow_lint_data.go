package cli

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/legato-flow/legato/flow"
	"github.com/legato-flow/legato/store"
)

// lintTime bounds how long the data is looked at.
const lintTime = 30 * time.Second

// open opens the database, if there is one to look at. Only one that was asked for by a flag has to be there.
func (l *linter) open(command *cobra.Command) error {
	url := l.database
	if url == "" {
		url = os.Getenv("DATABASE_URL")
	}
	if l.offline || url == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(command.Context(), lintTime)
	defer cancel()
	s, err := store.Open(ctx, url, 1)
	if err != nil && l.database == "" {
		fmt.Fprintf(command.ErrOrStderr(), "the data is not looked at: %v\n", err)
		return nil
	}
	l.store = s
	return err
}

func (l *linter) close() {
	if l.store != nil {
		l.store.Close()
	}
}

// checkData holds definitions against what the database has.
func checkData(ctx context.Context, s *store.Store, d *flow.Definitions) (flow.Problems, error) {
	ctx, cancel := context.WithTimeout(ctx, lintTime)
	defer cancel()
	metrics, err := s.MetricNames(ctx)
	if err != nil {
		return nil, err
	}
	lists, err := s.ListNames(ctx)
	if err != nil {
		return nil, err
	}
	kinds, err := s.Seen(ctx, d.Metrics())
	if err != nil {
		return nil, err
	}
	seen := flow.Seen{Person: &flow.Properties{}, Events: map[string]flow.Properties{}}
	for _, metric := range metrics {
		seen.Metrics = append(seen.Metrics, metric.Name)
	}
	for _, list := range lists {
		seen.Lists = append(seen.Lists, list.ID, list.Name)
	}
	for _, k := range kinds {
		if k.Metric == "" {
			addSeen(seen.Person, k)
			continue
		}
		properties := seen.Events[k.Metric]
		addSeen(&properties, k)
		seen.Events[k.Metric] = properties
	}
	return flow.CheckData(d, seen), nil
}

func addSeen(p *flow.Properties, k store.SeenKind) {
	p.Sampled = k.Sampled
	if k.Count == 0 {
		return
	}
	switch k.Kind {
	case store.KindText:
		p.Add(k.Name, flow.TextValue, k.Count)
	case store.KindDate, store.KindDigits:
		p.Add(k.Name, flow.DateValue, k.Count)
	case store.KindList:
		p.Add(k.Name, flow.ListValue, k.Count)
	default:
		p.Add(k.Name, k.Kind, k.Count)
	}
}
