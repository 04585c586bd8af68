package simulate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/legato-flow/legato/ingest"
)

// Add creates a person with their lists and history, in the order in which it happened, and gives their profile's
// id. Afterwards the simulation is at the time at which it was.
func (s *Simulation) Add(ctx context.Context, p *Person) (profile string, err error) {
	now := s.clock()
	if len(p.History) > 0 && p.History[0].At.Before(now) {
		if err := s.setClock(ctx, p.History[0].At); err != nil {
			return "", err
		}
	}
	created, _, err := s.ingest.UpsertProfile(ctx, change(p))
	if err != nil {
		return "", fmt.Errorf("creating the person: %w", err)
	}
	for i := range s.options.Flow.Plan.Steps {
		if l := s.options.Flow.Plan.Steps[i].List; l != nil { // a list that the flow changes is there, as in a shop
			if _, err := s.list(ctx, l.List); err != nil {
				return "", err
			}
		}
	}
	for _, list := range p.Lists {
		if err := s.Happen(ctx, created.ID, Happening{Join: list}); err != nil {
			return "", err
		}
	}
	for _, channel := range p.Suppressed {
		if err := s.Happen(ctx, created.ID, Happening{Suppress: channel}); err != nil {
			return "", err
		}
	}
	for _, h := range p.History {
		if err := s.setClock(ctx, h.At); err != nil {
			return "", err
		}
		if err := s.Happen(ctx, created.ID, h); err != nil {
			return "", err
		}
	}
	return created.ID, s.setClock(ctx, now)
}

// Happen lets something happen to a profile now.
func (s *Simulation) Happen(ctx context.Context, profile string, h Happening) error {
	switch {
	case h.Event != nil:
		return s.event(ctx, profile, h.Event)
	case h.Join != "":
		list, err := s.list(ctx, h.Join)
		if err != nil {
			return err
		}
		return s.ingest.JoinList(ctx, list, []string{profile})
	case h.Leave != "":
		list, err := s.list(ctx, h.Leave)
		if err != nil {
			return err
		}
		return s.ingest.LeaveList(ctx, list, []string{profile})
	case h.Update != nil:
		_, err := s.ingest.UpdateProfile(ctx, profile, change(h.Update))
		return err
	case h.Suppress != "":
		_, err := s.store.DB.ExecContext(ctx, `insert into suppression (profile_id, channel, reason, at)
			values ($1, $2, 'USER_SUPPRESSED', $3) on conflict do nothing`, profile, h.Suppress, s.clock())
		return err
	}
	return errors.New("nothing happens here")
}

// list finds a list by its name, or makes one.
func (s *Simulation) list(ctx context.Context, name string) (string, error) {
	if id, ok := s.lists[name]; ok {
		return id, nil
	}
	list, err := s.ingest.CreateList(ctx, name, ingest.SingleOptIn)
	if err != nil {
		return "", err
	}
	s.lists[name] = list.ID
	return list.ID, nil
}

func (s *Simulation) event(ctx context.Context, profile string, e *Event) error {
	event := ingest.Event{Metric: e.Metric, Profile: ingest.Change{ID: profile}, UniqueID: e.UniqueID}
	if e.Value != "" {
		value := json.Number(e.Value)
		event.Value = &value
	}
	if e.Currency != "" {
		event.Currency = &e.Currency
	}
	if len(e.Properties) > 0 {
		var err error
		if event.Properties, err = json.Marshal(e.Properties); err != nil {
			return fmt.Errorf("the event's properties: %w", err)
		}
	}
	results, err := s.ingest.Events(ctx, []ingest.Event{event})
	if err != nil {
		return err
	}
	switch r := results[0]; {
	case r.Err != nil:
		return r.Err
	case r.Duplicate:
		return fmt.Errorf("the event %s repeats one of the same person in the same second: give it another time or a unique_id", e.Metric)
	default:
		s.ours[r.EventID] = true
		return nil
	}
}

// change is what a person says about themselves, as ingest takes it.
func change(p *Person) ingest.Change {
	c := ingest.Change{Attributes: map[string]*string{}, Location: raw(p.Location), Properties: raw(p.Properties)}
	for name, value := range p.Attributes {
		c.Attributes[name] = &value
	}
	return c
}

func raw(values map[string]any) map[string]json.RawMessage {
	if len(values) == 0 {
		return nil
	}
	all := make(map[string]json.RawMessage, len(values))
	for name, value := range values {
		data, err := json.Marshal(value)
		if err != nil {
			data = []byte("null") // what a Document reads is JSON
		}
		all[name] = data
	}
	return all
}
