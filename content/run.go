package content

import (
	"context"
	"fmt"
	"io"
	"reflect"
	"time"

	"github.com/osteele/liquid/render"
	"github.com/osteele/liquid/values"
)

// Bounds of one rendering.
const (
	maxOutput   = 2 << 20  // bytes of one text
	maxProduced = 32 << 20 // bytes that filters and captures make in all
	maxLoops    = 100_000  // times round all loops
	maxList     = 10_000   // items in a list that a filter makes or reads
)

// runKey is where a rendering keeps its run among the variables: no template can spell it.
const runKey = "\x00run"

// run is one rendering: what its filters need to know, and what it has used up.
type run struct {
	ctx      context.Context
	vars     map[string]any
	raws     []string
	escape   bool // the text is HTML
	json     bool // the text is JSON
	locale   locale
	currency string // of the account
	now      time.Time
	config   render.Config
	loops    int
	produced int
	failure  error
}

func newRun(ctx context.Context, e *Engine, vars map[string]any) *run {
	// A copy of the grammar, with filters of its own: they know their run.
	r := &run{ctx: ctx, vars: vars, locale: localeOf(e.options.Locale), currency: e.options.Currency, now: time.Now().UTC(), config: e.grammar}
	if t, ok := vars["now"].(time.Time); ok {
		r.now = t
	}
	for name, f := range filterTable {
		r.config.AddFilter(name, func(value any, args ...any) (any, error) { return r.apply(f, value, args) })
	}
	return r
}

// apply calls a filter within the bounds. A panic in it is an error like any other.
func (r *run) apply(f filter, value any, args []any) (out any, err error) {
	defer func() {
		if p := recover(); p != nil {
			out, err = nil, fmt.Errorf("%v", p)
		}
	}()
	if err := r.alive(); err != nil {
		return nil, err
	}
	for _, v := range append([]any{value}, args...) {
		if s, ok := v.(values.Range); ok && s.Len() > maxList && !f.internal { // a loop counts for itself
			return nil, fmt.Errorf("a range may have at most %d numbers here", maxList)
		}
		if !f.structural && isComposite(v) {
			if weigh(v, maxOutput) <= 0 {
				return nil, ErrOutputTooLong
			}
		}
	}
	out, err = f.call(r, value, args)
	if err != nil {
		return nil, err
	}
	return out, r.account(out)
}

// account books what a filter made.
func (r *run) account(out any) error {
	v := reflect.ValueOf(out)
	switch v.Kind() {
	case reflect.String:
		return r.check(v.Len())
	case reflect.Slice:
		if v.Len() > maxList {
			return fmt.Errorf("a list may have at most %d items", maxList)
		}
		return r.check(16 * v.Len())
	}
	return nil
}

func (r *run) check(bytes int) error {
	if r.produced += bytes; bytes > maxOutput || r.produced > maxProduced {
		r.failure = ErrOutputTooLong
	}
	return r.failure
}

// tick is one time round a loop.
func (r *run) tick() error {
	if r.loops++; r.loops > maxLoops {
		r.failure = fmt.Errorf("%w: at most %d times in all", ErrTooManyLoops, maxLoops)
	}
	return r.alive()
}

func (r *run) alive() error {
	if r.failure == nil && r.ctx.Err() != nil {
		r.failure = fmt.Errorf("rendering took too long: %w", context.Cause(r.ctx))
	}
	return r.failure
}

// limitedWriter stops taking text at the bound. It reports that through the run and never as an error, at which
// the library would panic in places.
type limitedWriter struct {
	w io.Writer
	r *run
	n int
}

func (l *limitedWriter) Write(p []byte) (int, error) {
	if l.n += len(p); l.n > maxOutput {
		if l.r.failure == nil {
			l.r.failure = ErrOutputTooLong
		}
		return len(p), nil
	}
	return l.w.Write(p)
}

func isComposite(v any) bool {
	switch reflect.ValueOf(v).Kind() {
	case reflect.Slice, reflect.Map, reflect.Array:
		return true
	}
	return false
}

// weigh subtracts from budget about the length that v prints to, and stops when nothing is left.
func weigh(v any, budget int) int {
	if budget <= 0 {
		return budget
	}
	switch rv := reflect.ValueOf(v); rv.Kind() {
	case reflect.String:
		return budget - rv.Len()
	case reflect.Slice, reflect.Array:
		for i := range rv.Len() {
			if budget = weigh(rv.Index(i).Interface(), budget-1); budget <= 0 {
				break
			}
		}
		return budget
	case reflect.Map:
		for iter := rv.MapRange(); iter.Next(); {
			budget = weigh(iter.Key().Interface(), budget-1)
			if budget = weigh(iter.Value().Interface(), budget); budget <= 0 {
				break
			}
		}
		return budget
	}
	return budget - 1
}
