package store

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/jmoiron/sqlx"
)

// Bounds of what is kept of properties.
const (
	MaxMetricProperties = 1000   // properties of a metric, or of profiles, whose types are kept
	maxSamples          = 5      // of each kind of each property
	maxTallied          = 20_000 // properties of all metrics that are counted between two writes
	maxFull             = 100    // metrics with too many properties whose kept ones are remembered
)

// tallyInterval is how long counts wait in memory: what a process that is killed loses.
const tallyInterval = 5 * time.Second

// tally counts what kinds of values properties have, in memory, and writes that to Postgres every few seconds. Its zero
// value is ready.
type tally struct {
	mu      sync.Mutex
	sources map[string]*tallySource
	size    int // properties in sources
	full    map[string]map[string]bool
	timer   *time.Timer
	closed  bool       // there will be no timer any more
	ignored bool       // nothing is counted
	flush   sync.Mutex // one at a time
}

// tallySource is what was counted of a metric, or of profiles.
type tallySource struct {
	count      int64
	properties map[string]map[string]*tallyKind
}

type tallyKind struct {
	count       int64
	first, last time.Time
	samples     []json.RawMessage
}

// recorded is what a transaction has written.
type recorded struct {
	metricID   string // "" of a profile
	properties []byte // a JSON object
	at         time.Time
	value      *json.Number // of an event
	currency   *string
}

// The names under which the public API has an event's value and its currency.
var valueName, currencyName = jsontext.Value(`"$value"`), jsontext.Value(`"$value_currency"`)

// record notes what tx writes, to be counted when it commits.
func (s *Store) record(tx *sqlx.Tx, all ...recorded) {
	if noted, ok := s.recording.Load(tx); ok {
		noted := noted.(*[]recorded)
		*noted = append(*noted, all...)
	}
}

// add counts, and sees to it that the counts are written soon.
func (t *tally) add(all []recorded, flush func()) {
	if len(all) == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ignored {
		return
	}
	for _, r := range all {
		source := t.source(r.metricID)
		source.count++
		eachProperty(r.properties, func(name, value jsontext.Value) {
			t.property(source, &r, name, value)
		})
		if r.value != nil {
			t.property(source, &r, valueName, jsontext.Value(*r.value))
		}
		if r.currency != nil {
			t.property(source, &r, currencyName, jsontext.Value(`"`+*r.currency+`"`))
		}
	}
	if t.timer == nil && !t.closed {
		t.timer = time.AfterFunc(tallyInterval, flush)
	}
}

func (t *tally) source(metricID string) *tallySource {
	if t.sources == nil {
		t.sources = map[string]*tallySource{}
	}
	source := t.sources[metricID]
	if source == nil {
		source = &tallySource{properties: map[string]map[string]*tallyKind{}}
		t.sources[metricID] = source
	}
	return source
}

func (t *tally) property(source *tallySource, r *recorded, quoted, value jsontext.Value) {
	written := quoted[1 : len(quoted)-1]
	kinds, ok := source.properties[string(written)]
	if !ok || bytes.IndexByte(written, '\\') >= 0 {
		plain, err := jsontext.AppendUnquote(nil, quoted)
		if err != nil {
			return
		}
		name := string(plain)
		if kinds, ok = source.properties[name]; !ok {
			known, full := t.full[r.metricID]
			if full && !known[name] || len(source.properties) >= MaxMetricProperties || t.size >= maxTallied {
				return
			}
			kinds = map[string]*tallyKind{}
			source.properties[name] = kinds
			t.size++
		}
	}
	kind := kindOf(value)
	k := kinds[kind]
	if k == nil {
		k = &tallyKind{first: r.at}
		kinds[kind] = k
	}
	k.count++
	k.last = r.at
	if r.metricID != "" && len(k.samples) < maxSamples && k.count <= 4*maxSamples {
		if s := sample(kind, value); s != "" && !slices.ContainsFunc(k.samples, func(old json.RawMessage) bool { return string(old) == s }) {
			k.samples = append(k.samples, json.RawMessage(s))
		}
	}
}

// take empties the tally and gives what was in it.
func (t *tally) take() map[string]*tallySource {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.timer != nil {
		t.timer.Stop()
		t.timer = nil
	}
	taken := t.sources
	t.sources, t.size = nil, 0
	return taken
}

// putBack adds what could not be written.
func (t *tally) putBack(taken map[string]*tallySource, flush func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for metricID, old := range taken {
		source := t.source(metricID)
		source.count += old.count
		for name, kinds := range old.properties {
			if source.properties[name] == nil {
				if t.size >= maxTallied {
					continue
				}
				t.size++
				source.properties[name] = kinds
				continue
			}
			for kind, k := range kinds {
				newer := source.properties[name][kind]
				if newer != nil {
					k.count, k.last = k.count+newer.count, newer.last
				}
				source.properties[name][kind] = k
			}
		}
	}
	if t.timer == nil && !t.closed {
		t.timer = time.AfterFunc(6*tallyInterval, flush)
	}
}

// setFull remembers which properties of a metric are kept, as there are too many.
func (t *tally) setFull(metricID string, names []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.full == nil || len(t.full) >= maxFull {
		t.full = map[string]map[string]bool{}
	}
	known := make(map[string]bool, len(names))
	for _, name := range names {
		known[name] = true
	}
	t.full[metricID] = known
}

func (t *tally) ignore() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ignored = true
}

// stop lets nothing be written later any more.
func (t *tally) stop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	if t.timer != nil {
		t.timer.Stop()
		t.timer = nil
	}
}

// flushTypes is WritePropertyTypes for a timer.
func (s *Store) flushTypes() {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := s.WritePropertyTypes(ctx); err != nil {
		slog.Warn("writing the types of properties, to be tried again", slog.Any("error", err))
	}
}
