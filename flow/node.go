package flow

import (
	"fmt"
	"regexp"
	"strings"
)

// node is a piece of YAML reduced to what definitions are made of: no anchors, no tags, no complex keys.
type node struct {
	shape   shape
	text    string // a scalar's text
	style   style
	line    int
	column  int
	entries []entry // of a mapping, keys unique
	items   []*node // of a list
}

type entry struct {
	key   *node
	value *node
}

type shape int

const (
	nothing shape = iota // null, or no value at all
	text
	number     // as JSON writes it
	oddNumber  // what only YAML takes for a number: 0x1f, 012, 1_000, .inf
	boolean    // true or false
	mapping    // of keys to values
	list       // of values
	unreadable // something refused, reported already
)

func (s shape) String() string {
	return [...]string{"nothing", "text", "a number", "a number", "true or false", "a mapping", "a list", "nothing"}[s]
}

type style int

const (
	plain style = iota
	singleQuoted
	doubleQuoted
	block // | or >
)

var (
	jsonNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)
	yamlNumber = regexp.MustCompile(`^[-+]?(\.?[0-9][0-9_]*(\.[0-9_]*)?([eE][-+]?[0-9]+)?|0[xob][0-9a-fA-F_]+|\.(inf|Inf|INF))$|^\.(nan|NaN|NAN)$`)
)

// plainShape is what text without quotes stands for.
func plainShape(s string) shape {
	switch strings.ToLower(s) {
	case "", "~", "null":
		return nothing
	case "true", "false":
		return boolean
	}
	switch {
	case jsonNumber.MatchString(s):
		return number
	case yamlNumber.MatchString(s):
		return oddNumber
	default:
		return text
	}
}

// quoted shows a piece of somebody's text in a message, shortened.
func quoted(s string) string {
	const most = 60
	if runes := []rune(s); len(runes) > most {
		s = string(runes[:most]) + "…"
	}
	return fmt.Sprintf("%q", s)
}
