package flow

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/legato-flow/legato/expression"
)

// Limits on single values.
const (
	maxProblems = 50  // per file
	maxID       = 64  // characters of an id
	maxName     = 200 // characters of a name that people see, or that is data
)

// reader reads one definition and collects what is wrong with it. Its methods report a problem themselves and
// return a value to go on with, so that one pass finds as many problems as it can.
type reader struct {
	*source
	problems Problems
	events   []*node // expressions about a person that ask for the event as well
	noted    noted
}

func newReader(file string, data []byte) (*reader, *node) {
	text := strings.TrimPrefix(string(data), "\uFEFF")
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n") // the line breaks of YAML
	r := &reader{source: newSource(file, text)}
	return r, r.parse(text)
}

func (r *reader) fail(at *node, hint, format string, args ...any) {
	r.report(IsError, at.line, at.column, hint, fmt.Sprintf(format, args...))
}

func (r *reader) warn(at *node, hint, format string, args ...any) {
	r.report(IsWarning, at.line, at.column, hint, fmt.Sprintf(format, args...))
}

func (r *reader) report(severity Severity, line, column int, hint, message string) {
	switch {
	case len(r.problems) > maxProblems:
		return
	case len(r.problems) == maxProblems:
		severity, hint, message = IsError, "", "there are more problems; fix these first"
	}
	line = min(line, len(r.lines))
	r.problems = append(r.problems, Problem{File: r.file, Line: line, Column: column, Severity: severity,
		Message: message, Source: r.shown(line), Hint: hint})
}

// failed says whether there is an error so far.
func (r *reader) failed() bool { return r.problems.Count(IsError) > 0 }

// string reads text of 1 to most characters in one line.
func (r *reader) string(n *node, what string, most int) string {
	switch {
	case n.shape == unreadable:
		return ""
	case n.shape == number || n.shape == oddNumber || n.shape == boolean:
		r.fail(n, fmt.Sprintf("put it in quotes: %q", n.text), "%s must be text, not %s", what, n.shape)
		return ""
	case n.shape != text:
		r.fail(n, "", "%s must be text, not %s", what, n.shape)
		return ""
	}
	s := strings.TrimSpace(n.text)
	switch {
	case s == "":
		r.fail(n, "", "%s is empty", what)
	case utf8.RuneCountInString(s) > most:
		r.fail(n, "", "%s has %d characters, the limit is %d", what, utf8.RuneCountInString(s), most)
		s = ""
	case strings.ContainsFunc(s, unicode.IsControl):
		r.fail(n, "", "%s contains a line break or another control character", what)
		s = ""
	}
	return s
}

var idPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]*$`)

// id reads a name that other things refer to.
func (r *reader) id(n *node, what string) string {
	s := r.string(n, what, maxID)
	if s != "" && !idPattern.MatchString(s) {
		hint := ""
		if slug := slugOf(s); slug != "" {
			hint = fmt.Sprintf("for example %s", slug)
		}
		r.fail(n, hint, "%s %s must be made of a-z, 0-9, - and _, and begin with a letter or a digit", what, quoted(s))
		return ""
	}
	return s
}

var notSlug = regexp.MustCompile(`[^a-z0-9]+`)

// slugOf makes an id of text, or "".
func slugOf(s string) string {
	slug := strings.Trim(notSlug.ReplaceAllString(strings.ToLower(s), "-"), "-")
	return strings.Trim(slug[:min(len(slug), maxID-8)], "-")
}

// choice reads one of several words.
func (r *reader) choice(n *node, what string, values ...string) string {
	s := r.string(n, what, maxName)
	if s == "" {
		return ""
	}
	for _, value := range values {
		if s == value {
			return s
		}
	}
	r.fail(n, suggestion(s, values), "%s must be %s, not %s", what, oneOf(values), quoted(s))
	return ""
}

// strings reads a list of texts without repetition. A text alone is a list of one.
func (r *reader) strings(n *node, what string, most int, read func(item *node) string) []string {
	items := n.items
	switch n.shape {
	case text:
		items = []*node{n}
	case list:
	case unreadable:
		return nil
	default:
		r.fail(n, "", "%s must be a list, not %s", what, n.shape)
		return nil
	}
	if len(items) > most {
		r.fail(n, "", "%s has %d entries, the limit is %d", what, len(items), most)
		return nil
	}
	seen := map[string]bool{}
	all := []string{}
	for _, item := range items {
		s := read(item)
		if s == "" {
			continue
		}
		if seen[s] {
			r.fail(item, "", "%s is in the list twice", quoted(s))
			continue
		}
		seen[s] = true
		all = append(all, s)
	}
	return all
}

// expression reads and compiles an expression, and returns its source.
func (r *reader) expression(n *node, what string, scope expression.Scope) (string, *expression.Expression) {
	switch n.shape {
	case text, boolean, number, oddNumber:
	case unreadable:
		return "", nil
	default:
		r.fail(n, `for example event.value >= 20`, "%s must be an expression, not %s", what, n.shape)
		return "", nil
	}
	s := strings.TrimSpace(n.text)
	if s == "" {
		r.fail(n, `for example event.value >= 20`, "%s is empty", what)
		return "", nil
	}
	compiled, err := expression.Compile(s, scope)
	if err == nil {
		r.noted.asked = append(r.noted.asked, asked{x: compiled, at: n, scope: scope})
		if scope == expression.Person && slices.ContainsFunc(compiled.Properties(), ofEvent) {
			r.events = append(r.events, n)
		}
		return s, compiled
	}
	offset := 0
	var fault *expression.Error
	if errors.As(err, &fault) {
		offset = fault.Offset
	}
	before := len(n.text) - len(strings.TrimLeftFunc(n.text, unicode.IsSpace))
	line, column := r.locate(n, before+offset)
	r.report(IsError, line, column, "", err.Error())
	return "", nil
}

func ofEvent(property string) bool { return strings.HasPrefix(property, "event.") }

// condition reads an expression that is true or false.
func (r *reader) condition(n *node, what string, scope expression.Scope) string {
	s, compiled := r.expression(n, what, scope)
	if compiled != nil {
		r.noted.asked[len(r.noted.asked)-1].condition = true
		if !compiled.Condition() {
			r.fail(n, "for example event.value >= 20", "%s must be true or false, and this never is", what)
		}
	}
	return s
}

// eventFilter reads a condition about an event of the metric.
func (r *reader) eventFilter(n *node, what, metric string) string {
	before := len(r.noted.asked)
	s := r.condition(n, what, expression.Trigger)
	if len(r.noted.asked) > before {
		r.noted.asked[before].metric = metric
	}
	return s
}
