package flow

import (
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Limits on a definition, checked before the parser sees it: they bound its time and its recursion.
const (
	maxFile   = 256 << 10 // bytes
	maxTokens = 30_000
	maxDepth  = 60 // levels of YAML nesting; 10 levels of branches need about 40
)

// parse reads one YAML document into nodes. It reports what it refuses and gives nil when there is nothing to
// go on with.
func (r *reader) parse(data string) (root *node) {
	start := &node{line: 1, column: 1}
	if !r.acceptable(data) {
		return nil
	}
	defer func() { // the parser is a library that reads what strangers write
		if problem := recover(); problem != nil {
			r.fail(start, "", "this cannot be read as YAML")
			root = nil
		}
	}()

	tokens := lexer.Tokenize(data)
	if !r.plainTokens(tokens) {
		return nil
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		r.syntaxError(err)
		return nil
	}
	var body ast.Node
	for _, document := range file.Docs {
		if document.Body == nil {
			continue
		}
		if body != nil {
			r.fail(r.node(document.Body, 0), "put it into a file of its own", "this is a second YAML document")
			return nil
		}
		body = document.Body
	}
	if body == nil {
		r.fail(start, "", "the file is empty")
		return nil
	}
	return r.node(body, 0)
}

func (r *reader) acceptable(data string) bool {
	whole := &node{}
	switch {
	case len(data) > maxFile:
		r.fail(whole, "", "the file is larger than %d KB", maxFile>>10)
	case !utf8.ValidString(data):
		r.fail(whole, "save it as UTF-8", "the file is not UTF-8 text")
	case strings.ContainsRune(data, 0):
		r.fail(whole, "", "the file contains a zero byte, so it is not text")
	default:
		return true
	}
	return false
}

// plainTokens refuses YAML's rarer features, and nesting that is too deep, before they are parsed.
func (r *reader) plainTokens(tokens token.Tokens) bool {
	if len(tokens) > maxTokens {
		r.fail(&node{}, "", "the file is too large: it has more than %d words and signs", maxTokens)
		return false
	}
	brackets, dashes, line := 0, 0, 0
	for _, t := range tokens {
		if t.Position.Line != line {
			line, dashes = t.Position.Line, 0
		}
		at := r.place(t)
		switch t.Type {
		case token.AnchorType, token.AliasType, token.MergeKeyType:
			r.fail(at, "write the value out; text that begins with & or * goes in quotes",
				"YAML anchors, aliases and merge keys are not allowed")
			return false
		case token.TagType:
			r.fail(at, "text that begins with ! goes in quotes", "YAML tags are not allowed")
			return false
		case token.DirectiveType:
			r.fail(at, "text that begins with % goes in quotes", "YAML directives are not allowed")
			return false
		case token.MappingKeyType:
			r.fail(at, "text that begins with ? goes in quotes", "YAML's ? keys are not allowed")
			return false
		case token.SequenceStartType, token.MappingStartType:
			brackets++
		case token.SequenceEndType, token.MappingEndType:
			brackets--
		case token.SequenceEntryType:
			dashes++
		}
		if brackets > maxDepth || dashes > maxDepth || t.Position.IndentNum > 4*maxDepth {
			r.fail(at, "", "this is nested too deeply")
			return false
		}
	}
	return true
}

func (r *reader) syntaxError(err error) {
	var at yaml.Error
	if !errors.As(err, &at) || at.GetToken() == nil {
		message, _, _ := strings.Cut(err.Error(), "\n")
		r.fail(&node{line: 1, column: 1}, "", "not valid YAML: %s", message)
		return
	}
	hint := ""
	if strings.Contains(at.GetMessage(), "not allowed in this context") ||
		strings.Contains(at.GetMessage(), "unexpected") || strings.Contains(at.GetMessage(), "tokens") {
		hint = "text that contains ': ' or begins with a quote, a bracket or another sign goes in quotes, or below a |"
	}
	r.fail(r.place(at.GetToken()), hint, "not valid YAML: %s", at.GetMessage())
}

// place is where a token begins.
func (r *reader) place(t *token.Token) *node {
	if t == nil || t.Position == nil {
		return &node{line: 1, column: 1}
	}
	return &node{line: max(t.Position.Line, 1), column: max(t.Position.Column, 1)}
}

// node reduces a YAML node.
func (r *reader) node(from ast.Node, depth int) *node {
	n := r.place(from.GetToken())
	if depth > maxDepth {
		r.fail(n, "", "this is nested too deeply")
		n.shape = unreadable
		return n
	}
	switch from := from.(type) {
	case *ast.MappingNode:
		r.mapping(n, from.Values, from.IsFlowStyle, depth)
	case *ast.MappingValueNode:
		r.mapping(n, []*ast.MappingValueNode{from}, from.IsFlowStyle, depth)
	case *ast.SequenceNode:
		n.shape = list
		for _, value := range from.Values {
			if value == nil {
				continue
			}
			n.items = append(n.items, r.node(value, depth+1))
		}
	case *ast.LiteralNode:
		n.shape, n.style = text, block
		if from.Value != nil {
			n.text = from.Value.Value
		}
		r.settle(n)
	case *ast.StringNode:
		n.text = from.Value
		switch from.GetToken().Type {
		case token.SingleQuoteType:
			n.shape, n.style = text, singleQuoted
		case token.DoubleQuoteType:
			n.shape, n.style = text, doubleQuoted
		default:
			n.shape = plainShape(n.text)
		}
		r.settle(n)
	case ast.ScalarNode:
		n.text = strings.TrimSpace(from.GetToken().Value)
		n.shape = plainShape(n.text)
		if from.GetToken().Type == token.ImplicitNullType {
			n.shape, n.text = nothing, ""
			return n
		}
		r.settle(n)
	default:
		r.fail(n, "", "YAML's %s is not allowed here", strings.ToLower(from.Type().YAMLName()))
		n.shape = unreadable
	}
	return n
}

func (r *reader) mapping(n *node, values []*ast.MappingValueNode, braces bool, depth int) {
	n.shape = mapping
	seen := make(map[string]*node, len(values))
	for i, value := range values {
		key := r.node(value.Key, depth+1)
		if i == 0 && !braces {
			n.line, n.column = key.line, key.column
		}
		if key.shape == mapping || key.shape == list || key.shape == unreadable {
			r.fail(key, "", "a key must be text, not %s", key.shape)
			continue
		}
		if first := seen[key.text]; first != nil {
			r.fail(key, "", "key %q is there already, on line %d", key.text, first.line)
			continue
		}
		seen[key.text] = key
		content := &node{}
		if value.Value != nil {
			content = r.node(value.Value, depth+1)
		}
		if content.shape == nothing && content.text == "" { // it has no place of its own
			content.line, content.column = key.line, key.column
		}
		n.entries = append(n.entries, entry{key, content})
	}
}
