package api

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/legato-flow/legato/ingest"
)

// Bounds of a filter.
const (
	maxFilter       = 8 << 10 // bytes
	maxComparisons  = 20
	maxFilterValues = 100
	maxFilterDepth  = 5
)

// comparison is one term of a filter: operator(field,value).
type comparison struct {
	operator, field string
	values          []literal
	list            bool // the value was written as a list
}

// literal is a value as it is written: in quotes, or bare.
type literal struct {
	text   string
	quoted bool
}

// operators of the grammar. Which of them a field takes is the resource's to say.
var operators = map[string]bool{
	"equals": true, "any": true, "greater-than": true, "greater-or-equal": true, "less-than": true, "less-or-equal": true,
	"has": true, "contains": true, "contains-any": true, "contains-all": true, "starts-with": true, "ends-with": true,
}

// parseFilter reads "operator(field,value)" terms that are joined by commas or in and(…); all of them have to
// hold. Values are strings in double or single quotes, with a backslash before a quote or backslash, bare numbers, booleans and
// times, or lists of those in brackets.
func parseFilter(s string) ([]comparison, error) { return parseFilterOn(s, "._-") }

// parseFilterOn reads a filter on fields whose names have letters, digits and the given characters.
func parseFilterOn(s, names string) ([]comparison, error) {
	if len(s) > maxFilter {
		return nil, fmt.Errorf("must be at most %d bytes long", maxFilter)
	}
	if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
		return nil, fmt.Errorf("must be UTF-8 text without NUL characters")
	}
	p := &filterParser{s: s, names: names}
	if err := p.terms(0); err != nil {
		return nil, err
	}
	if p.skip(); p.i < len(p.s) {
		return nil, p.expected("a comma or the end")
	}
	return p.found, nil
}

type filterParser struct {
	s     string
	names string // characters of names besides letters and digits
	i     int
	found []comparison
}

func (p *filterParser) expected(what string) error {
	if p.i >= len(p.s) {
		return fmt.Errorf("expected %s, but the filter ends", what)
	}
	return fmt.Errorf("expected %s at character %d, found %q", what, utf8.RuneCountInString(p.s[:p.i])+1, shorten(p.s[p.i:]))
}

func (p *filterParser) skip() {
	for p.i < len(p.s) && (p.s[p.i] == ' ' || p.s[p.i] == '\t') {
		p.i++
	}
}

// next takes the character if it comes next.
func (p *filterParser) next(c byte) bool {
	if p.skip(); p.i < len(p.s) && p.s[p.i] == c {
		p.i++
		return true
	}
	return false
}

func (p *filterParser) terms(depth int) error {
	for {
		if err := p.term(depth); err != nil {
			return err
		}
		if !p.next(',') {
			return nil
		}
	}
}

func (p *filterParser) term(depth int) error {
	p.skip()
	start := p.i
	name := p.word("-")
	if name == "or" || name == "not" {
		return fmt.Errorf("%s(…) is not supported here, only terms that all have to hold", name)
	}
	if name != "and" && !operators[name] {
		p.i = start
		return p.expected("an operator such as equals")
	}
	if !p.next('(') {
		return p.expected("an opening parenthesis")
	}
	if name == "and" {
		if depth == maxFilterDepth {
			return fmt.Errorf("and(…) may be nested %d levels deep", maxFilterDepth)
		}
		if err := p.terms(depth + 1); err != nil {
			return err
		}
	} else if err := p.compare(name); err != nil {
		return err
	}
	if !p.next(')') {
		return p.expected("a closing parenthesis")
	}
	return nil
}

func (p *filterParser) compare(operator string) (err error) {
	c := comparison{operator: operator}
	p.skip()
	if c.field = strings.TrimRight(p.word(p.names), " "); c.field == "" {
		return p.expected("a field's name")
	}
	if operator != "has" {
		if !p.next(',') {
			return p.expected("a comma and a value")
		}
		if c.list = p.next('['); c.list {
			c.values, err = p.list()
		} else {
			c.values = make([]literal, 1)
			c.values[0], err = p.value()
		}
		if err != nil {
			return err
		}
	}
	if p.found = append(p.found, c); len(p.found) > maxComparisons {
		return fmt.Errorf("may have at most %d terms", maxComparisons)
	}
	return nil
}

func (p *filterParser) list() ([]literal, error) {
	var all []literal
	for {
		if len(all) == 0 && p.next(']') {
			return all, nil
		}
		value, err := p.value()
		if err != nil {
			return nil, err
		}
		if all = append(all, value); len(all) > maxFilterValues {
			return nil, fmt.Errorf("may list at most %d values", maxFilterValues)
		}
		if p.next(']') {
			return all, nil
		}
		if !p.next(',') {
			return nil, p.expected("a comma or a closing bracket")
		}
	}
}

func (p *filterParser) value() (literal, error) {
	p.skip()
	if p.i < len(p.s) && (p.s[p.i] == '"' || p.s[p.i] == '\'') {
		return p.quoted(p.s[p.i])
	}
	start := p.i
	for p.i < len(p.s) && strings.IndexByte(",()[]\"'", p.s[p.i]) < 0 {
		p.i++
	}
	text := strings.TrimSpace(p.s[start:p.i])
	if text == "" {
		return literal{}, p.expected("a value")
	}
	return literal{text: text}, nil
}

func (p *filterParser) quoted(quote byte) (literal, error) {
	var text strings.Builder
	for i := p.i + 1; i < len(p.s); i++ {
		switch c := p.s[i]; {
		case c == quote:
			p.i = i + 1
			return literal{text: text.String(), quoted: true}, nil
		case c == '\\' && i+1 < len(p.s):
			i++
			text.WriteByte(p.s[i])
		default:
			text.WriteByte(c)
		}
	}
	p.i = len(p.s)
	return literal{}, p.expected("a closing quote")
}

// word takes letters, digits and the extra characters.
func (p *filterParser) word(extra string) string {
	start := p.i
	for p.i < len(p.s) {
		c := p.s[p.i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte(extra, c) >= 0 {
			p.i++
			continue
		}
		break
	}
	return p.s[start:p.i]
}

// instant reads a time in a filter. A plus sign that was not escaped in the URL has become a space.
func (l literal) instant() (time.Time, error) { return l.instantIn(time.UTC) }

// instantIn reads a time that is in the zone unless it says otherwise.
func (l literal) instantIn(zone *time.Location) (time.Time, error) {
	text := l.text
	if i := strings.LastIndexByte(text, ' '); i > 10 {
		text = text[:i] + "+" + strings.TrimLeft(text[i:], " ")
	}
	return ingest.ParseInstantIn(text, zone)
}

// seconds reads Unix seconds.
func (l literal) seconds() (time.Time, error) {
	n, err := strconv.ParseInt(l.text, 10, 64)
	if err != nil || n < -62135596800 || n > 253402300799 {
		return time.Time{}, fmt.Errorf("must be a time in whole seconds since 1970")
	}
	return time.Unix(n, 0).UTC(), nil
}
