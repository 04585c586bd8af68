package activities

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/legato-flow/legato/expression"
	"github.com/legato-flow/legato/flow/program"
	"github.com/legato-flow/legato/store"
)

// track reports an event of each member, as if it had come in over the API: it triggers flows and is history.
func (p *pass) track(ctx context.Context, s *program.Step, members []*member) error {
	answers, err := p.ask(ctx, members, append(append([]*expression.Expression{}, s.Track...), s.Value)...)
	if err != nil {
		return err
	}
	for i, m := range members {
		properties, value, err := p.reported(s, answers, i, m)
		if err != nil {
			p.fail(m, s, ReasonExpression, map[string]any{"error": printable(err.Error())})
			continue
		}
		event, err := p.newEvent(ctx, m, s, s.Step.Track.Metric, properties, value)
		if err != nil {
			return err
		}
		p.change(m, s.ID, change{event: event})
		p.record(m, s, store.Done, "", map[string]any{"metric": s.Step.Track.Metric, "event_id": event.ID})
		p.decide(s, "done")
		p.moveTo(m, s.Next)
	}
	return p.flush(ctx, nil) // steps that follow may ask about history
}

// reported gives an event's properties and value for a member. A property that is missing is left out.
func (p *pass) reported(s *program.Step, answers *expression.Asked, member int, m *member) (map[string]any, *json.Number, error) {
	properties := map[string]any{}
	for x, assignment := range s.Step.Track.Properties {
		value, err := assigned(answers, member, x, s.Track[x], assignment, m)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", assignment.Property, err)
		}
		if value != nil {
			properties[assignment.Property] = value
		}
	}
	if s.Value == nil {
		return properties, nil, nil
	}
	result, err := answers.Value(member, len(s.Track))
	if err != nil || result == nil {
		return properties, nil, err
	}
	amount, ok := result.(float64)
	if !ok {
		return nil, nil, fmt.Errorf("the value %v is not a number", result)
	}
	value := json.Number(strconv.FormatFloat(amount, 'f', -1, 64))
	return properties, &value, nil
}
