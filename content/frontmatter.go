package content

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// part is one piece of Liquid in a template file, and where in the file it stands.
type part struct {
	source  string
	file    []string // the file's lines
	line    int      // of the file, where source begins; from 1
	column  int      // likewise
	block   bool     // every line of source is a line of the file, indented
	program *program
}

const bodyKey = "html"

// headKeys are the keys of the front matter.
var headKeys = []string{"subject", "preview", "from", "from_name", "reply_to", "text"}

func (p *part) error(name string, f fault) *Error {
	before := p.source[:min(f.offset, len(p.source))]
	line := strings.Count(before, "\n")
	column := utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:])
	e := &Error{File: name, Line: p.line + line, Column: column + 1, Message: f.message, Err: f.cause}
	switch {
	case p.block && e.Line <= len(p.file):
		l := p.file[e.Line-1]
		e.Column += len(l) - len(strings.TrimLeft(l, " "))
	case !p.block && line == 0:
		e.Column += p.column - 1
	}
	return e
}

// readFrontMatter splits a template file into the parts of its head and its body.
func readFrontMatter(name string, source []byte) (head map[string]*part, body *part, errs []*Error) {
	if len(source) > maxSource {
		return nil, nil, []*Error{{File: name, Line: 1, Column: 1,
			Message: fmt.Sprintf("the template has %d bytes; at most %d are allowed", len(source), maxSource)}}
	}
	if !utf8.Valid(source) {
		return nil, nil, []*Error{{File: name, Line: 1, Column: 1, Message: "the template is not UTF-8 text"}}
	}
	text := string(bytes.TrimPrefix(source, []byte("\ufeff")))
	text = strings.ReplaceAll(text, "\r\n", "\n")
	lines := strings.Split(text, "\n")
	end := -1
	for i, line := range lines {
		if i > 0 && strings.TrimRight(line, " \t") == "---" {
			end = i
			break
		}
	}
	if strings.TrimRight(lines[0], " \t") != "---" || end < 0 {
		return nil, nil, []*Error{{File: name, Line: 1, Column: 1,
			Message: "a template begins with its front matter, with at least a subject, between two lines of ---"}}
	}
	body = &part{source: strings.Join(lines[end+1:], "\n"), file: lines, line: end + 2, column: 1}
	head, errs = readHead(name, lines, end)
	if len(errs) == 0 && (head["subject"] == nil || blank(head["subject"].source)) {
		errs = []*Error{{File: name, Line: 1, Column: 1, Message: "the front matter needs a subject"}}
	}
	return head, body, errs
}

func readHead(name string, lines []string, end int) (head map[string]*part, errs []*Error) {
	head = map[string]*part{}
	fail := func(line, column int, format string, args ...any) {
		errs = append(errs, &Error{File: name, Line: line + 1, Column: max(column, 1), Message: fmt.Sprintf(format, args...)})
	}
	file, err := parser.ParseBytes([]byte(strings.Join(lines[1:end], "\n")+"\n"), 0)
	if err != nil {
		var syntax *yaml.SyntaxError
		if errors.As(err, &syntax) && syntax.Token != nil {
			fail(syntax.Token.Position.Line, syntax.Token.Position.Column, "front matter: %s", syntax.Message)
		} else {
			fail(0, 1, "front matter: %s", err)
		}
		return nil, errs
	}
	if len(file.Docs) == 0 || file.Docs[0].Body == nil {
		return head, nil
	}
	var entries []*ast.MappingValueNode
	switch node := file.Docs[0].Body.(type) {
	case *ast.MappingNode:
		entries = node.Values
	case *ast.MappingValueNode:
		entries = []*ast.MappingValueNode{node}
	default:
		fail(0, 1, "front matter is written as key: value lines")
		return nil, errs
	}
	for _, entry := range entries {
		key := entry.Key.GetToken().Value
		at := entry.Key.GetToken().Position
		known := false
		for _, k := range headKeys {
			known = known || k == key
		}
		switch {
		case !known:
			fail(at.Line, at.Column, "unknown key %q; the front matter may have %s", cut(key, 40), strings.Join(headKeys, ", "))
			continue
		case head[key] != nil:
			fail(at.Line, at.Column, "%s is given twice", key)
			continue
		}
		p := headPart(entry.Value)
		if p == nil {
			at = entry.Value.GetToken().Position
			fail(at.Line, at.Column, "%s must be text; put it in quotes", key)
			continue
		}
		p.file = lines
		head[key] = p
	}
	return head, errs
}

// headPart reads a text; its lines count from the line below the first ---.
func headPart(node ast.Node) *part {
	switch n := node.(type) {
	case *ast.StringNode:
		p := &part{source: n.Value, line: n.Token.Position.Line + 1, column: n.Token.Position.Column}
		if c := n.Token.Origin; strings.HasPrefix(strings.TrimSpace(c), `"`) || strings.HasPrefix(strings.TrimSpace(c), "'") {
			p.column++
		}
		return p
	case *ast.LiteralNode:
		return &part{source: n.Value.Value, line: n.Start.Position.Line + 2, column: 1, block: true}
	}
	return nil
}
