package content

import (
	"regexp"
	"strings"
)

type tokenKind int

const (
	textToken    tokenKind = iota
	outputToken            // {{ expression }}
	tagToken               // {% name arguments %}
	rawToken               // {% raw %} … {% endraw %}, whole
	commentToken           // {% comment %} … {% endcomment %}, whole
)

// A token is a piece of Liquid source; the tokens of a source cover it without a gap.
type token struct {
	kind                tokenKind
	start, end          int    // where it is in the source
	name                string // of a tag
	args                string // of a tag or an output
	argsAt              int    // where args is in the source
	trimLeft, trimRight bool   // {{- and -}}
}

var (
	endRaw     = regexp.MustCompile(`\{%-?\s*endraw\s*-?%\}`)
	endComment = regexp.MustCompile(`\{%-?\s*endcomment\s*-?%\}`)
	tagName    = regexp.MustCompile(`^\w+`)
)

// scan cuts source into tokens. What the library's own scanner passes over as text, an opening without its
// closing, is a fault here.
func scan(source string) (tokens []token, faults []fault) {
	at := 0
	for at < len(source) {
		open := nextOpening(source, at)
		if open > at {
			tokens = append(tokens, token{kind: textToken, start: at, end: open})
		}
		if open == len(source) {
			break
		}
		closing, what := "}}", "{{"
		if source[open+1] == '%' {
			closing, what = "%}", "{%"
		}
		length := strings.Index(source[open+2:], closing)
		next := nextOpening(source, open+2)
		if length < 0 || next < open+2+length {
			faults = append(faults, faultf(open, "%s is not closed by %s", what, closing))
			at = max(next, open+2)
			continue
		}
		t := token{start: open, end: open + 2 + length + 2, kind: outputToken, args: source[open+2 : open+2+length], argsAt: open + 2}
		if strings.HasPrefix(t.args, "-") {
			t.trimLeft, t.args, t.argsAt = true, t.args[1:], t.argsAt+1
		}
		if strings.HasSuffix(t.args, "-") {
			t.trimRight, t.args = true, t.args[:len(t.args)-1]
		}
		t.trimArgs()
		if what == "{%" {
			t.kind = tagToken
			t.name = tagName.FindString(t.args)
			t.args, t.argsAt = t.args[len(t.name):], t.argsAt+len(t.name)
			t.trimArgs()
		}
		if end := wholeBlock(source, &t); end < 0 {
			faults = append(faults, faultf(open, "{%% %s %%} is not closed by {%% end%s %%}", t.name, t.name))
		}
		tokens = append(tokens, t)
		at = t.end
	}
	return tokens, faults
}

// wholeBlock stretches a raw or comment tag to its end tag; -1 when there is none.
func wholeBlock(source string, t *token) int {
	if t.kind != tagToken || t.name != "raw" && t.name != "comment" {
		return 0
	}
	end, kind := endRaw, rawToken
	if t.name == "comment" {
		end, kind = endComment, commentToken
	}
	loc := end.FindStringIndex(source[t.end:])
	if loc == nil {
		return -1
	}
	t.args, t.argsAt = source[t.end:t.end+loc[0]], t.end
	t.trimRight = source[t.end+loc[1]-3] == '-'
	t.kind = kind
	t.end += loc[1]
	return t.end
}

func (t *token) trimArgs() {
	trimmed := strings.TrimLeft(t.args, " \t\r\n")
	t.argsAt += len(t.args) - len(trimmed)
	t.args = strings.TrimRight(trimmed, " \t\r\n")
}

// nextOpening finds the next {{ or {% at or after from, or the end.
func nextOpening(source string, from int) int {
	for i := from; i+1 < len(source); i++ {
		if source[i] == '{' && (source[i+1] == '{' || source[i+1] == '%') {
			return i
		}
	}
	return len(source)
}
