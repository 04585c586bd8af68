package content

import (
	"context"
	"maps"
	"strings"
)

// Snippet is one piece of Liquid by itself, not a message. It is safe for concurrent use.
type Snippet struct {
	engine *Engine
	name   string
	part   *part
	json   bool
}

// Text reads Liquid that makes a plain text: nothing is escaped. name stands in errors. The error is an *Error.
func (e *Engine) Text(name, source string) (*Snippet, error) { return e.snippet(name, source, false) }

// JSON reads Liquid that makes JSON. What is printed is escaped as within the quotes of a JSON text, so that no value can
// break out of them; the filter json prints a whole value, with the quotes that it needs. The error is an *Error.
func (e *Engine) JSON(name, source string) (*Snippet, error) { return e.snippet(name, source, true) }

func (e *Engine) snippet(name, source string, json bool) (*Snippet, error) {
	p, err := e.part(name, source)
	if err != nil {
		return nil, err
	}
	return &Snippet{engine: e, name: name, part: p, json: json}, nil
}

func (e *Engine) part(name, source string) (*part, error) {
	p, faults := e.compilePart(source)
	if len(faults) > 0 {
		return nil, p.error(name, faults[0])
	}
	return p, nil
}

func (e *Engine) compilePart(source string) (p *part, faults []fault) {
	p = &part{source: source, file: strings.Split(source, "\n"), line: 1, column: 1}
	p.program, faults = compile(e.grammar, source)
	return p, faults
}

// Render makes the text, with the variables given. The error is an *Error.
func (s *Snippet) Render(ctx context.Context, vars map[string]any) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, s.engine.options.Timeout)
	defer cancel()
	r := newRun(ctx, s.engine, vars)
	r.json = s.json
	text, f := s.part.program.execute(r)
	if f != nil {
		return "", s.part.error(s.name, *f)
	}
	return text, nil
}

// With gives the template with other parts in its head, in Liquid: subject, preview, from, from_name, reply_to. A part that
// is empty stays as it is. The error is an *Error.
func (t *Template) With(head map[string]string) (*Template, error) {
	changed := &Template{engine: t.engine, name: t.name, parts: maps.Clone(t.parts)}
	for key, source := range head {
		if source == "" {
			continue
		}
		p, err := t.engine.part(key, source)
		if err != nil {
			return nil, err
		}
		changed.parts[key] = p
	}
	return changed, nil
}

// Plain makes a template of a subject and a plain text, both in Liquid. It has no HTML. The error is an *Error.
func (e *Engine) Plain(name, subject, text string) (*Template, error) {
	t := &Template{engine: e, name: name, parts: map[string]*part{}}
	for key, source := range map[string]string{"subject": subject, "text": text} {
		p, err := e.part(name+" "+key, source)
		if err != nil {
			return nil, err
		}
		t.parts[key] = p
	}
	return t, nil
}

// MentionsUnsubscribing says whether the template itself has an unsubscribe link, or asks for one.
func (t *Template) MentionsUnsubscribing() bool {
	for _, p := range t.parts {
		if strings.Contains(p.source, "unsubscribe") {
			return true
		}
	}
	return false
}
