package activities

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// data is what the steps of a run keep for later, by step id: the response of a webhook, since when a wait_for
// waits.
type data map[string]map[string]any

func readData(source []byte) (data, error) {
	if len(source) == 0 || bytes.Equal(source, []byte("{}")) {
		return nil, nil
	}
	var d data
	if err := json.Unmarshal(source, &d); err != nil {
		return nil, fmt.Errorf("reading what its steps kept: %w", err)
	}
	return d, nil
}

// encode gives the data as it is stored; before is what was there.
func (d data) encode(before []byte) []byte {
	if d == nil {
		return before
	}
	b, err := json.Marshal(d)
	if err != nil { // values come from JSON or are times
		return before
	}
	return b
}

// keep sets a value of a step.
func (m *member) keep(step, name string, value any) {
	if m.data == nil {
		m.data = data{}
	}
	if m.data[step] == nil {
		m.data[step] = map[string]any{}
	}
	m.data[step][name] = value
}

// forget drops what a step kept.
func (m *member) forget(step string) { delete(m.data, step) }

// since gives when the member began to wait in a wait_for, or the zero time.
func (m *member) since(step string) time.Time {
	text, _ := m.data[step]["since"].(string)
	t, _ := time.Parse(time.RFC3339Nano, text)
	return t
}
