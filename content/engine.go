// Package content renders templates: Liquid with a YAML front matter into the parts of a message.
//
// A template file names its subject, and what else goes into the head of a message, between two lines of three
// hyphens; the HTML body follows:
//
//	---
//	subject: "{{ person.first_name | default: 'Hello' }}, your cart is waiting"
//	---
//	<p>…</p>
//
// Values printed into HTML are escaped unless they went through the filter safe (or raw). A missing variable
// prints nothing. Rendering is bounded in time, output and loops, and reads nothing but the variables it is given.
package content

import (
	"slices"
	"strings"
	"time"

	"github.com/osteele/liquid/render"
)

// Options are what all templates of an engine share.
type Options struct {
	Currency string        // ISO 4217, where neither the template nor the event names one; USD if empty
	Locale   string        // how money is written, as en-US or de; en-US if empty
	Timeout  time.Duration // of one rendering; 2 s if zero
}

// Engine parses templates. It is safe for concurrent use.
type Engine struct {
	options Options
	grammar render.Config
}

// New gives an engine.
func New(o Options) *Engine {
	if o.Currency = strings.ToUpper(o.Currency); !isCurrency(o.Currency) {
		o.Currency = "USD"
	}
	if o.Timeout <= 0 {
		o.Timeout = 2 * time.Second
	}
	return &Engine{options: o, grammar: newGrammar()}
}

// Parse reads a template. The error is the first *Error in the file.
func (e *Engine) Parse(name string, source []byte) (*Template, error) {
	t, errs := e.parse(name, source)
	if len(errs) > 0 {
		return nil, errs[0]
	}
	return t, nil
}

// Check lists all errors in a template, in the order of the file.
func Check(name string, source []byte) []*Error {
	_, errs := New(Options{}).parse(name, source)
	return errs
}

func (e *Engine) parse(name string, source []byte) (*Template, []*Error) {
	head, body, errs := readFrontMatter(name, source)
	if len(errs) > 0 {
		return nil, errs
	}
	t := &Template{engine: e, name: name, parts: map[string]*part{}}
	for key, p := range head {
		t.parts[key] = p
	}
	t.parts[bodyKey] = body
	for _, p := range t.parts {
		program, faults := compile(e.grammar, p.source)
		p.program = program
		for _, f := range faults {
			errs = append(errs, p.error(name, f))
		}
	}
	slices.SortFunc(errs, func(a, b *Error) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	return t, errs
}
