package content

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/osteele/liquid/expressions"
	"github.com/osteele/liquid/parser"
	"github.com/osteele/liquid/render"
)

// Bounds of one source.
const (
	maxSource    = 256 << 10
	maxArguments = 4 << 10 // of one tag or output
	maxDepth     = 100     // blocks within blocks: the library renders them by recursion
)

// program is one piece of Liquid, ready to render.
//
// The library has no automatic escaping, finds an unknown filter only when it is reached, knows lines but not
// columns, cannot be stopped and reads included files from disk. So a source is checked token by token here and
// handed to the library rewritten: every output goes through the filter print__, which escapes; every loop calls
// tick__, which stops a runaway; and every tag holds one line break, so that the line in an error of the library
// names the tag.
type program struct {
	root      render.Node
	starts    map[int]int // line in the rewritten source → offset in the source
	variables []variable
	raws      []string // what stands in raw blocks
}

type compiler struct {
	grammar render.Config
	source  string
	out     strings.Builder
	line    int
	depth   int
	faults  []fault
	locals  map[string]bool
	program
}

// compile checks source and makes it ready. It reports every fault that can be told apart.
func compile(grammar render.Config, source string) (*program, []fault) {
	if len(source) > maxSource {
		return nil, []fault{faultf(0, "the template has %d bytes; at most %d are allowed", len(source), maxSource)}
	}
	c := &compiler{grammar: grammar, source: source, line: 1, locals: map[string]bool{"forloop": true}}
	c.starts = map[int]int{}
	tokens, faults := scan(source)
	c.faults = faults
	for _, t := range tokens {
		c.token(t)
	}
	c.program.variables = slices.DeleteFunc(c.program.variables, func(v variable) bool { return c.locals[v.path[0]] })
	if len(c.faults) > 0 {
		return &c.program, c.faults
	}
	root, err := compileRewritten(c.grammar, c.out.String())
	if err != nil {
		return &c.program, []fault{c.place(err)}
	}
	c.root = root
	return &c.program, nil
}

func compileRewritten(grammar render.Config, source string) (root render.Node, err libraryError) {
	defer func() {
		if r := recover(); r != nil {
			err = parser.Errorf(nowhere{}, "%v", r)
		}
	}()
	root, e := grammar.Compile(source, parser.SourceLoc{Pathname: placed, LineNo: 1})
	if e != nil {
		return nil, e
	}
	return root, nil
}

// placed stands for a file: without a path the library gives an error the line of its outermost block.
const placed = "template"

type nowhere struct{}

func (nowhere) SourceLocation() parser.SourceLoc { return parser.SourceLoc{} }
func (nowhere) SourceText() string               { return "" }

// place finds the tag that an error of the library is about.
func (p *program) place(err libraryError) fault {
	return fault{offset: p.starts[err.LineNumber()], message: explain(err), cause: causeOf(err)}
}

func (c *compiler) fault(offset int, format string, args ...any) {
	c.faults = append(c.faults, faultf(offset, format, args...))
}

func (c *compiler) token(t token) {
	if t.kind != textToken && t.kind != rawToken && t.kind != commentToken && len(t.args) > maxArguments {
		c.fault(t.start, "this tag has %d bytes; at most %d are allowed", len(t.args), maxArguments)
		return
	}
	switch t.kind {
	case textToken:
		c.emit(c.source[t.start:t.end])
	case outputToken:
		if t.args == "" {
			c.fault(t.start, "{{ }} names nothing to print")
			return
		}
		c.expression(t)
		c.emitOutput(t, t.args)
	case rawToken:
		// What looks like a tag in there must not reach the library's scanner.
		c.starts[c.line] = t.start
		c.emit(open("{{", t.trimLeft) + fmt.Sprintf(" %d | raw__\n", len(c.raws)) + closing("}}", t.trimRight))
		c.raws = append(c.raws, t.args)
	case commentToken:
		c.emitTag(t, t.trimLeft, "comment", "", false)
		c.emitTag(t, false, "endcomment", "", t.trimRight)
	case tagToken:
		c.tag(t)
	}
}

func (c *compiler) tag(t token) {
	if t.name == "" {
		c.fault(t.start, "a tag begins with its name")
		return
	}
	tag, ok := tags[t.name]
	if !ok {
		c.fault(t.start, "unknown tag %q%s", t.name, hint(tagHints, t.name))
		return
	}
	if tag.unavailable {
		c.fault(t.start, "the tag %q is not available yet", t.name)
		return
	}
	if tag.block {
		if c.depth++; c.depth > maxDepth {
			c.fault(t.start, "blocks are nested more than %d deep", maxDepth)
			return
		}
	}
	if strings.HasPrefix(t.name, "end") {
		c.depth--
	}
	tag.check(c, t)
}

// expression checks what a tag or an output says, up to the syntax of the expression as a whole.
func (c *compiler) expression(t token) { c.statement(t, "") }

func (c *compiler) statement(t token, selector string) {
	lexemes, faults := lex(t.args)
	for _, f := range faults {
		c.fault(t.argsAt+f.offset, "%s", f.message)
	}
	before := len(c.faults)
	c.mentions(t, lexemes)
	if len(c.faults) > before || len(faults) > 0 {
		return
	}
	if err := parseExpression(selector, t.args); err != nil {
		c.fault(t.start, "%s", err)
	}
}

// mentions checks the filters and notes the variables of lexemes.
func (c *compiler) mentions(t token, lexemes []lexeme) {
	u := use(lexemes)
	for _, f := range u.filters {
		def, ok := filterTable[f.name]
		switch at := t.argsAt + f.offset; {
		case !ok || def.internal:
			c.fault(at, "unknown filter %q%s", f.name, hint(filterHints, f.name))
		case f.args < def.min:
			c.fault(at, "the filter %q needs %s, as in %s", f.name, arguments(def.min), def.example)
		case f.args > def.max:
			c.fault(at, "the filter %q takes at most %s", f.name, arguments(def.max))
		}
	}
	for _, v := range u.variables {
		v.offset += t.argsAt
		switch {
		case v.path[0] == "blank" || v.path[0] == "empty":
			c.fault(v.offset, `%q is not a value here; compare with "" or nil`, v.path[0])
			continue
		case v.path[0] == "feeds" && len(v.path) == 1 && !c.locals["feeds"]:
			c.fault(v.offset, "a feed is named where it is used, as in feeds.recommended")
			continue
		}
		c.program.variables = append(c.program.variables, v)
	}
}

func arguments(n int) string {
	switch n {
	case 0:
		return "no argument"
	case 1:
		return "1 argument"
	}
	return fmt.Sprintf("%d arguments", n)
}

func hint(hints map[string]string, name string) string {
	if h := hints[name]; h != "" {
		return "; " + h
	}
	return ""
}

func (c *compiler) emit(s string) {
	c.out.WriteString(s)
	c.line += strings.Count(s, "\n")
}

func (c *compiler) emitOutput(t token, expression string) {
	c.starts[c.line] = t.start
	c.emit(open("{{", t.trimLeft) + " (" + strings.Map(newlineToSpace, expression) + ") | print__\n" + closing("}}", t.trimRight))
}

func (c *compiler) emitTag(t token, left bool, name, args string, right bool) {
	c.starts[c.line] = t.start
	text := open("{%", left) + " " + name + " " + strings.Map(newlineToSpace, args)
	c.emit(strings.TrimRight(text, " ") + "\n" + closing("%}", right))
}

// emitTick counts one more time round the loop that a tag has just opened.
func (c *compiler) emitTick(t token) {
	c.starts[c.line] = t.start
	c.emit("{{ 0 | tick__\n}}")
}

func newlineToSpace(r rune) rune {
	if r == '\n' || r == '\r' {
		return ' '
	}
	return r
}

func open(s string, trim bool) string {
	if trim {
		return s + "-"
	}
	return s
}

func closing(s string, trim bool) string {
	if trim {
		return "-" + s
	}
	return s
}

// execute renders the program into a text.
func (p *program) execute(r *run) (out string, f *fault) {
	var buf bytes.Buffer
	defer func() {
		if v := recover(); v != nil {
			f = &fault{offset: 0, message: fmt.Sprintf("rendering failed: %v", v)}
		}
	}()
	r.raws = p.raws
	vars := make(map[string]any, len(r.vars)+1)
	for k, v := range r.vars {
		vars[k] = v
	}
	vars[runKey] = r
	err := render.Render(p.root, &limitedWriter{w: &buf, r: r}, vars, r.config)
	if err != nil {
		fault := p.place(err)
		return "", &fault
	}
	if r.failure != nil { // met where the library had no way to hear of it
		return "", &fault{message: r.failure.Error(), cause: r.failure}
	}
	return buf.String(), nil
}

var captureName = regexp.MustCompile(`^[a-zA-Z_][\w-]*$`)

// selectors tell the library's parser which statement it reads.
const (
	assignSelector = expressions.AssignStatementSelector
	cycleSelector  = expressions.CycleStatementSelector
	loopSelector   = expressions.LoopStatementSelector
	whenSelector   = expressions.WhenStatementSelector
)
