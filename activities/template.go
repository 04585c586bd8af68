package activities

import (
	"context"
	"sync"

	"github.com/legato-flow/legato/content"
)

// templateCache keeps templates parsed, by name. Content is read at send time in its current form, so an entry
// holds only while its source is the one in Postgres.
type templateCache struct {
	mu     sync.Mutex
	parsed map[string]parsedTemplate
}

type parsedTemplate struct {
	source   string
	template *content.Template // nil when it does not parse
}

const templateCacheSize = 500

// template reads a template in its current form. missing is true where there is none
// of that name that parses.
func (a *Advance) template(ctx context.Context, name string) (t *content.Template, missing bool, err error) {
	sources, err := a.Store.Templates(ctx, []string{name})
	if err != nil {
		return nil, false, err
	}
	source, ok := sources[name]
	if !ok {
		return nil, true, nil
	}
	a.templates.mu.Lock()
	defer a.templates.mu.Unlock()
	if held, ok := a.templates.parsed[name]; ok && held.source == source {
		return held.template, held.template == nil, nil
	}
	if a.templates.parsed == nil || len(a.templates.parsed) >= templateCacheSize {
		a.templates.parsed = map[string]parsedTemplate{}
	}
	t, parseErr := a.Content.Parse(name, []byte(source))
	if parseErr != nil {
		a.Log.ErrorContext(ctx, "the stored template does not parse", "template", name, "error", parseErr)
		t = nil
	}
	a.templates.parsed[name] = parsedTemplate{source: source, template: t}
	return t, t == nil, nil
}
