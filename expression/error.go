package expression

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
)

// Error says what is wrong with an expression and where.
type Error struct {
	Message string
	Offset  int // bytes into the source
	Length  int // bytes that the message is about; 0 when it is a place
}

func (e *Error) Error() string { return e.Message }

// fail makes an error about a node. Locations in the tree count runes.
func (c *compiler) fail(n ast.Node, format string, args ...any) error {
	return locate(c.source, n.Location(), fmt.Sprintf(format, args...))
}

func locate(source string, loc file.Location, message string) *Error {
	from, to := byteOffset(source, loc.From), byteOffset(source, loc.To)
	return &Error{Message: message, Offset: from, Length: max(to-from, 0)}
}

func byteOffset(source string, runes int) int {
	offset := 0
	for ; runes > 0 && offset < len(source); runes-- {
		_, size := utf8.DecodeRuneInString(source[offset:])
		offset += size
	}
	return offset
}

// syntaxError gives the parser's error without the picture it draws.
func syntaxError(source string, err error) *Error {
	var at *file.Error
	if !errors.As(err, &at) {
		message, _, _ := strings.Cut(err.Error(), "\n")
		return &Error{Message: message, Length: len(source)}
	}
	message := at.Message
	switch {
	case strings.Contains(message, "EOF"):
		message = "the expression ends too early"
	case strings.Contains(message, "maximum allowed nodes"):
		message = "the expression is too large: it has more than 5000 parts"
	}
	// A single = is the commonest slip of people who do not program.
	if strings.HasPrefix(message, `unexpected token Operator("=")`) {
		message += "; a comparison is written =="
	}
	return locate(source, at.Location, message)
}

// nearest gives the candidate that a misspelt name most likely meant, or "".
func nearest(name string, candidates []string) string {
	best, distance := "", max(1, min(len(name)/3, 3))+1
	for _, candidate := range candidates {
		if d := editDistance(strings.ToLower(name), strings.ToLower(candidate)); d < distance {
			best, distance = candidate, d
		}
	}
	return best
}

// editDistance counts insertions, deletions and substitutions (Levenshtein). Names longer than 40 bytes are far
// from everything.
func editDistance(a, b string) int {
	if len(a) > 40 || len(b) > 40 {
		return 100
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
