package content

import (
	"fmt"
	"slices"
	"strings"

	"github.com/osteele/liquid/expressions"
)

// usage is what an expression, or the arguments of a tag, mention.
type usage struct {
	variables []variable
	filters   []filterCall
	commas    []int // offsets of the commas that stand outside brackets and filter arguments
}

type variable struct {
	path    []string
	offset  int
	partial bool // it goes on with something that only rendering knows: items[i]
}

type filterCall struct {
	name   string
	offset int
	args   int
}

type lexemeKind int

const (
	identifier lexemeKind = iota
	keyword               // an identifier and its colon
	property              // .name
	text                  // 'a' or "a", without the quotes
	number
	mark // anything else
)

type lexeme struct {
	kind   lexemeKind
	value  string
	offset int
}

var words = []string{"true", "false", "nil", "and", "or", "contains", "in"}

// lex cuts the arguments of a tag or output as the library's lexer does, whose own is not to be had from outside.
func lex(source string) (out []lexeme, faults []fault) {
	letter := func(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' }
	digit := func(c byte) bool { return c >= '0' && c <= '9' }
	name := func(i int) int {
		for i < len(source) && (letter(source[i]) || digit(source[i]) || source[i] == '-') {
			i++
		}
		if i < len(source) && source[i] == '?' {
			i++
		}
		return i
	}
	for i := 0; i < len(source); {
		c, start := source[i], i
		switch {
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
			i++
		case c == '"' || c == '\'':
			length := strings.IndexByte(source[i+1:], c)
			if length < 0 {
				return out, append(faults, faultf(start, "the text %s is not closed by %c", cut(source[i:], 20), c))
			}
			value := source[i+1 : i+1+length]
			if strings.Contains(value, "\n") {
				faults = append(faults, faultf(start, "a text may not run over the end of the line"))
			}
			out = append(out, lexeme{text, value, start})
			i += length + 2
		case letter(c):
			i = name(i)
			l := lexeme{identifier, source[start:i], start}
			if i < len(source) && source[i] == ':' {
				l.kind = keyword
				i++
			}
			out = append(out, l)
		case strings.HasPrefix(source[i:], ".."):
			i += 2
			out = append(out, lexeme{mark, "..", start})
		case c == '.' && i+1 < len(source) && letter(source[i+1]):
			i = name(i + 1)
			out = append(out, lexeme{property, source[start+1 : i], start})
		case c == '.' && i+1 < len(source) && digit(source[i+1]):
			i++
			for i < len(source) && digit(source[i]) {
				i++
			}
			faults = append(faults, faultf(start, "%s: an item of a list is written [%s]", source[start:i], source[start+1:i]))
		case digit(c) || c == '-' && i+1 < len(source) && digit(source[i+1]):
			for i++; i < len(source) && (digit(source[i]) || source[i] == '.' && i+1 < len(source) && digit(source[i+1])); {
				i++
			}
			out = append(out, lexeme{number, source[start:i], start})
		default:
			i++
			out = append(out, lexeme{mark, source[start:i], start})
		}
	}
	return out, faults
}

// use lists what lexemes mention.
func use(lexemes []lexeme) (u usage) {
	call, depth := -1, 0 // the filter whose arguments are being read, and the brackets open since
	for i := 0; i < len(lexemes); i++ {
		l := lexemes[i]
		switch {
		case l.kind == mark && (l.value == "(" || l.value == "["):
			depth++
		case l.kind == mark && (l.value == ")" || l.value == "]"):
			if depth--; depth < 0 {
				depth = 0
			}
			call = -1
		case l.kind == mark && l.value == ",":
			switch {
			case call >= 0:
				u.filters[call].args++
			case depth == 0:
				u.commas = append(u.commas, l.offset)
			}
		case l.kind == mark && l.value == "|":
			call = -1
			if i+1 < len(lexemes) && (lexemes[i+1].kind == identifier || lexemes[i+1].kind == keyword) {
				i++
				f := filterCall{name: lexemes[i].value, offset: lexemes[i].offset}
				if lexemes[i].kind == keyword {
					f.args, call = 1, len(u.filters)
				}
				u.filters = append(u.filters, f)
			}
		case l.kind == keyword: // limit:, offset:, cols:
			call = -1
		case l.kind == identifier && !slices.Contains(words, l.value):
			var v variable
			v, i = readVariable(lexemes, i)
			u.variables = append(u.variables, v)
		}
	}
	return u
}

// readVariable reads person.location["country"] and person | lookup: 'a b' from the lexeme at i, and gives the
// index of the last lexeme that is part of it.
func readVariable(lexemes []lexeme, i int) (variable, int) {
	v := variable{path: []string{lexemes[i].value}, offset: lexemes[i].offset}
	rest := func(kinds ...lexemeKind) bool {
		if i+len(kinds) >= len(lexemes) {
			return false
		}
		for k, kind := range kinds {
			if lexemes[i+1+k].kind != kind {
				return false
			}
		}
		return true
	}
	for {
		switch {
		case rest(property):
			v.path = append(v.path, lexemes[i+1].value)
			i++
		case rest(mark, text, mark) && lexemes[i+1].value == "[" && lexemes[i+3].value == "]":
			v.path = append(v.path, lexemes[i+2].value)
			i += 3
		case rest(mark, number, mark) && lexemes[i+1].value == "[" && lexemes[i+3].value == "]":
			i += 3 // an item of a list has the list's path
		case rest(mark) && lexemes[i+1].value == "[":
			v.partial = true
			return v, i
		default:
			// A lookup right behind a variable only names one more property. It stays a filter call as well.
			for j := i; j+3 < len(lexemes) && lexemes[j+1].value == "|" && lexemes[j+2].kind == keyword && lexemes[j+2].value == "lookup"; j += 3 {
				if lexemes[j+3].kind != text {
					v.partial = true
					break
				}
				v.path = append(v.path, lexemes[j+3].value)
			}
			return v, i
		}
	}
}

// parseExpression has the library check an expression, or with a selector the arguments of a statement. The
// library panics on numbers out of range.
func parseExpression(selector, source string) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("this is not an expression: %v", r)
		}
	}()
	if selector == "" {
		_, err = expressions.Parse(source)
	} else {
		_, err = expressions.ParseStatement(selector, source)
	}
	if err != nil {
		return fmt.Errorf("this is not an expression: %s", cut(source, 80))
	}
	return nil
}

// cut shortens s to about n bytes for a message.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}
