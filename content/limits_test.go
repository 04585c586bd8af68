package content

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestRunawayTemplatesAreStopped(t *testing.T) {
	t.Parallel()
	vars := map[string]any{"n": 100000000, "big": strings.Repeat("a", 100_000)}
	for _, tc := range []struct {
		name, source string
		want         error
	}{
		{"a long range", `{% for i in (1..100000000) %}{% endfor %}`, ErrTooManyLoops},
		{"a long range from a variable", `{% for i in (1..n) %}{{ i }}{% endfor %}`, ErrTooManyLoops},
		{"loops in loops", `{% for i in (1..9000) %}{% for j in (1..9000) %}{% for k in (1..9000) %}{% endfor %}{% endfor %}{% endfor %}`, ErrTooManyLoops},
		{"a table row", `{% tablerow i in (1..100000000) %}{% endtablerow %}`, ErrOutputTooLong},
		{"output", `{% for i in (1..90000) %}{{ big }}{% endfor %}`, ErrOutputTooLong},
		{"text", `{% for i in (1..90000) %}` + strings.Repeat("x", 1000) + `{% endfor %}`, ErrOutputTooLong},
		{"captured text", `{% capture c %}{% for i in (1..90000) %}` + strings.Repeat("x", 1000) + `{% endfor %}{% endcapture %}`, ErrOutputTooLong},
		{"doubling", `{% assign s = "ab" %}{% for i in (1..99) %}{% assign s = s | append: s %}{% endfor %}`, ErrOutputTooLong},
		{"replacing", `{{ big | replace: "a", big }}`, ErrOutputTooLong},
		{"joining", `{% assign l = big | split: "x" %}{% for i in (1..9) %}{% assign l = l | concat: l %}{% endfor %}{{ l | join }}`, ErrOutputTooLong},
		{"printing a list", `{% assign l = big | split: "x" %}{% for i in (1..9) %}{% assign l = l | concat: l %}{% endfor %}{{ l }}`, ErrOutputTooLong},
		{"a list in a text filter", `{% assign l = big | split: "x" %}{% for i in (1..9) %}{% assign l = l | concat: l %}{% endfor %}{{ l | upcase }}`, ErrOutputTooLong},
		{"keeping much", `{% for i in (1..90000) %}{% assign s = big | upcase %}{% endfor %}`, ErrOutputTooLong},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if _, err := body(t, tc.source, vars); !errors.Is(err, tc.want) {
				t.Errorf("got %v, want %v", err, tc.want)
			}
		})
	}
	for _, source := range []string{
		`{{ (1..100000000) | join }}`, `{{ (1..100000000) | size }}`,
		`{% assign l = "a,b" | split: "," %}{% for i in (1..40) %}{% assign l = l | concat: l %}{% endfor %}`,
	} {
		if _, err := body(t, source, vars); err == nil {
			t.Errorf("%s rendered", source)
		}
	}
}

func TestRenderingStopsWhenItsTimeIsUp(t *testing.T) {
	t.Parallel()
	template, err := New(Options{}).Parse("t", []byte("---\nsubject: s\n---\n{% for i in (1..90000) %}{% assign x = big | strip_html | strip_newlines %}{% endfor %}"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	start := time.Now()
	_, err = template.Render(ctx, map[string]any{"big": strings.Repeat("<", 100)})
	if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > time.Second {
		t.Errorf("got %v after %v", err, time.Since(start))
	}
}

func FuzzParseAndRender(f *testing.F) {
	for _, source := range []string{
		"---\nsubject: s\n---\n{{ person.a | default: 'x' | upcase }}{% if a %}{% elsif b > 2 %}{% else %}{% endif %}",
		"---\nsubject: '{{ event.Items[0] }}'\ntext: |\n  a\n---\n{% for i in (1..5) %}{{ i }}{% break %}{% endfor %}{% raw %}{{{% endraw %}",
		"---\nsubject: s\n---\n{% case a %}{% when 1, 'b' %}{% endcase %}{% tablerow i in event.Items cols: 2 %}{{ i }}{% endtablerow %}",
		"---\nsubject: s\n---\n{%- capture x -%}{% cycle 'a', 'b' %}{% endcapture %}{% unless x contains 'y' %}{{- x | slice: -3, 2 -}}{% endunless %}",
		"---\nsubject: s\n---\n{{ 1 | divided_by: 0 }}{% currency_format a, 'EUR' %}{{ now | date: '%Y' | truncate: 2 }}{{ event | json }}",
	} {
		f.Add(source)
	}
	engine := New(Options{Timeout: 500 * time.Millisecond})
	vars := map[string]any{
		"person": map[string]any{"a": "<x>", "n": 1.5, "nil": nil},
		"event":  map[string]any{"Items": []any{map[string]any{"a": 1.0}, "b", nil, 2.0, []any{true}}},
		"now":    time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	}
	f.Fuzz(func(t *testing.T, source string) {
		timer := time.AfterFunc(5*time.Second, func() { panic("still rendering: " + strconv.Quote(source)) })
		defer timer.Stop()
		template, err := engine.Parse("t", []byte(source))
		if err != nil {
			return
		}
		m, err := template.Render(t.Context(), vars)
		if err == nil && strings.ContainsAny(m.Subject+m.From+m.FromName+m.ReplyTo+m.Preview, "\r\n") {
			t.Errorf("a line break in the head: %q", m)
		}
	})
}
