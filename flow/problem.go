package flow

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Severity says whether a problem forbids the use of a definition.
type Severity int

// Severities. The zero value is an error.
const (
	IsError Severity = iota
	IsWarning
)

// Problem is one thing that is wrong in a file that people write.
type Problem struct {
	File     string
	Line     int // from 1; 0 when the problem is the file as a whole
	Column   int // from 1, in characters
	Severity Severity
	Message  string
	Source   string // the source line, for the caret
	Hint     string // what to do instead, if that is known
}

// String is "file:line:column: message", with the source line, a caret under the place and the hint below it.
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", p.Line, p.Column)
	}
	b.WriteString(": ")
	if p.Severity == IsWarning {
		b.WriteString("warning: ")
	}
	b.WriteString(p.Message)
	if p.Line > 0 && strings.TrimSpace(p.Source) != "" {
		b.WriteString("\n    " + p.Source)
		if runes := []rune(p.Source); p.Column >= 1 && p.Column <= len(runes)+1 {
			b.WriteString("\n    " + blank(runes[:p.Column-1]) + "^")
		}
	}
	if p.Hint != "" {
		b.WriteString("\n    hint: " + p.Hint)
	}
	return b.String()
}

// blank is as wide as the text: tabs stay tabs.
func blank(text []rune) string {
	blanks := make([]rune, len(text))
	for i, r := range text {
		blanks[i] = ' '
		if r == '\t' {
			blanks[i] = '\t'
		}
	}
	return string(blanks)
}

// Problems are all problems found, sorted by place.
type Problems []Problem

// Error prints all problems, one below the other.
func (ps Problems) Error() string {
	texts := make([]string, len(ps))
	for i, p := range ps {
		texts[i] = p.String()
	}
	return strings.Join(texts, "\n")
}

// Err is nil when there are at most warnings, else an error that prints all problems.
func (ps Problems) Err() error {
	if ps.Count(IsError) == 0 {
		return nil
	}
	return ps
}

// Count is the number of problems of a severity.
func (ps Problems) Count(severity Severity) int {
	n := 0
	for _, p := range ps {
		if p.Severity == severity {
			n++
		}
	}
	return n
}

// Sort orders the problems by file, line and column.
func (ps Problems) Sort() {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
}
