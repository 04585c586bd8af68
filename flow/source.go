package flow

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxSourceLine bounds how much of a source line a problem shows, in characters.
const maxSourceLine = 200

// source is a definition's text, for finding places in it.
type source struct {
	file  string
	lines []string

	row    []rune // the line that was looked at last
	number int    // its number
}

func newSource(file, text string) *source {
	return &source{file: file, lines: strings.Split(text, "\n")}
}

func (s *source) line(number int) string {
	if number < 1 || number > len(s.lines) {
		return ""
	}
	return s.lines[number-1]
}

// runes are the characters of a line.
func (s *source) runes(number int) []rune {
	if s.number != number {
		s.row, s.number = []rune(s.line(number)), number
	}
	return s.row
}

// settle corrects the place of a scalar. The parser counts it from the scalar's end, and is wrong by the white
// space that follows there and by some of the lines that the scalar goes over.
func (s *source) settle(n *node) {
	const columns, lines = 400, 20
	for distance := range columns {
		for _, column := range []int{n.column - distance, n.column + distance} {
			if s.begins(n, n.line, column) {
				n.column = column
				return
			}
		}
	}
	for line := n.line - 1; line > 0 && line >= n.line-lines; line-- {
		for column := range columns {
			if s.begins(n, line, column+1) {
				n.line, n.column = line, column+1
				return
			}
		}
	}
}

// begins says whether a scalar may begin at a place: what stands before it introduces a value, and what follows
// is the scalar.
func (s *source) begins(n *node, line, column int) bool {
	row := s.runes(line)
	if column < 1 || column > len(row) || unicode.IsSpace(row[column-1]) {
		return false
	}
	before := column - 2
	for before >= 0 && unicode.IsSpace(row[before]) {
		before--
	}
	if before >= 0 && !strings.ContainsRune(":-,[{?", row[before]) {
		return false
	}
	row = row[column-1:]
	switch n.style {
	case singleQuoted:
		return row[0] == '\''
	case doubleQuoted:
		return row[0] == '"'
	case block:
		return row[0] == '|' || row[0] == '>'
	}
	for _, r := range n.text {
		switch {
		case len(row) == 0 || unicode.IsSpace(r) != unicode.IsSpace(row[0]):
			return len(row) == 0 || strings.TrimSpace(string(row)) == "" // it goes on in the next line
		case r != row[0] && !unicode.IsSpace(r):
			return false
		}
		row = row[1:]
	}
	return true
}

// shown is the line as problems show it.
func (s *source) shown(number int) string {
	line := s.line(number)
	if len(line) <= maxSourceLine {
		return line
	}
	cut := 0
	for i := range line {
		if cut++; cut > maxSourceLine {
			return line[:i] + "…"
		}
	}
	return line
}

// locate finds the place of a byte offset into a scalar's text. YAML folds lines, strips indentation and reads
// escapes, but it keeps what is not white space and the order of it: so it is enough to count that.
func (s *source) locate(n *node, offset int) (line, column int) {
	if offset < 0 || offset > len(n.text) {
		return n.line, n.column
	}
	before := 0
	for _, r := range n.text[:offset] {
		if !unicode.IsSpace(r) {
			before++
		}
	}
	// White space and the end have no place of their own: they follow the character before them.
	after := 0
	if r, _ := utf8.DecodeRuneInString(n.text[offset:]); offset == len(n.text) || unicode.IsSpace(r) {
		if before == 0 {
			return n.line, n.column
		}
		before, after = before-1, 1
	}

	line, column = n.line, n.column
	switch n.style {
	case singleQuoted, doubleQuoted:
		column++
	case block:
		line, column = n.line+1, 1
	}
	for ; line <= len(s.lines); line, column = line+1, 1 {
		row := s.runes(line)
		for column <= len(row) {
			width, visible := unit(row[column-1:], n.style)
			if visible {
				if before == 0 {
					return line, column + after*width
				}
				before--
			}
			column += width
		}
	}
	return n.line, n.column
}

// unit measures what stands for one character of a scalar in its source, and says whether that is one to count.
func unit(row []rune, style style) (width int, visible bool) {
	switch {
	case style == singleQuoted && len(row) > 1 && row[0] == '\'' && row[1] == '\'':
		return 2, true
	case style == doubleQuoted && row[0] == '\\' && len(row) == 1:
		return 1, false // a line break that does not count
	case style == doubleQuoted && row[0] == '\\':
		width = min(max(2, map[rune]int{'x': 4, 'u': 6, 'U': 10}[row[1]]), len(row))
		if code, err := strconv.ParseUint(string(row[2:width]), 16, 32); err == nil {
			return width, !unicode.IsSpace(rune(code))
		}
		return width, !strings.ContainsRune("nrtvfNLP_ \t", row[1])
	default:
		return 1, !unicode.IsSpace(row[0])
	}
}
