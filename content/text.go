package content

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// textOf makes the text part of HTML: blocks become lines, links "label (address)", images their alternative text;
// what is not shown is left out.
func textOf(source string) (string, error) {
	doc, err := html.Parse(strings.NewReader(source))
	if err != nil {
		return "", err
	}
	w := &textWriter{}
	w.node(doc)
	return w.String(), nil
}

// textWriter collects words, and the breaks that come before the next one.
type textWriter struct {
	b     strings.Builder
	space bool
	lines int // line breaks due
	pre   int
}

func (w *textWriter) String() string {
	s := strings.TrimSpace(w.b.String())
	if s == "" {
		return ""
	}
	return s + "\n"
}

func (w *textWriter) breakLines(n int) { w.lines = max(w.lines, n) }

func (w *textWriter) write(s string) {
	if s == "" {
		return
	}
	switch {
	case w.b.Len() == 0:
	case w.lines > 0:
		w.b.WriteString(strings.Repeat("\n", w.lines))
	case w.space:
		w.b.WriteByte(' ')
	}
	w.lines, w.space = 0, false
	w.b.WriteString(s)
}

// invisible characters pad the preview in many templates.
var invisible = strings.NewReplacer("\u00ad", "", "\u034f", "", "\u200b", "", "\u200c", "", "\u200d", "", "\u2060", "", "\ufeff", "", "\u00a0", " ")

func (w *textWriter) text(s string) {
	s = invisible.Replace(s)
	if w.pre > 0 {
		for i, line := range strings.Split(s, "\n") {
			if i > 0 {
				w.lines++
			}
			w.write(line)
		}
		return
	}
	for i, word := range strings.Fields(s) {
		if i > 0 || strings.ContainsAny(s[:1], " \t\r\n\f") {
			w.space = true
		}
		w.write(word)
	}
	if s != "" && strings.ContainsAny(s[len(s)-1:], " \t\r\n\f") {
		w.space = true
	}
}

// hidden tells whether an element's own style keeps it out of sight.
func hidden(n *html.Node) bool {
	for declaration := range strings.SplitSeq(attribute(n, "style"), ";") {
		name, value, _ := strings.Cut(declaration, ":")
		if strings.EqualFold(strings.TrimSpace(name), "display") && strings.HasPrefix(strings.ToLower(strings.TrimSpace(value)), "none") {
			return true
		}
	}
	return false
}

func (w *textWriter) node(n *html.Node) {
	switch n.Type {
	case html.TextNode:
		w.text(n.Data)
		return
	case html.CommentNode, html.DoctypeNode:
		return
	}
	if n.Type == html.ElementNode && hidden(n) {
		return
	}
	around := 0
	switch n.DataAtom {
	case atom.Head, atom.Script, atom.Style, atom.Template, atom.Noscript, atom.Title:
		return
	case atom.Br:
		w.lines++
		return
	case atom.Hr:
		w.breakLines(2)
		w.write("----")
		w.breakLines(2)
		return
	case atom.Img:
		if alt := strings.TrimSpace(attribute(n, "alt")); alt != "" {
			w.text(alt)
		}
		return
	case atom.A:
		w.link(n)
		return
	case atom.P, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Ul, atom.Ol, atom.Blockquote, atom.Pre, atom.Table:
		around = 2
	case atom.Div, atom.Section, atom.Article, atom.Header, atom.Footer, atom.Main, atom.Address, atom.Center, atom.Tr, atom.Dt, atom.Dd, atom.Li:
		around = 1
	case atom.Td, atom.Th:
		w.space = true
	}
	w.breakLines(around)
	if n.DataAtom == atom.Li {
		w.write("-")
		w.space = true
	}
	if n.DataAtom == atom.Pre {
		w.pre++
		defer func() { w.pre-- }()
	}
	w.children(n)
	w.breakLines(around)
}

func (w *textWriter) children(n *html.Node) {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		w.node(c)
	}
}

// link writes the label and the address behind it, unless the label says the address already.
func (w *textWriter) link(n *html.Node) {
	start := w.b.Len()
	w.children(n)
	label := strings.TrimSpace(w.b.String()[start:])
	href := strings.TrimSpace(attribute(n, "href"))
	bare := strings.TrimSuffix(href[strings.Index(href, ":")+1:], "/")
	bare = strings.TrimPrefix(bare, "//")
	switch {
	case href == "" || strings.HasPrefix(href, "#"):
	case label == "" && decorative(n):
	case label == "":
		w.text(href)
	case label == href || strings.TrimSuffix(label, "/") == bare:
	default:
		pending := w.lines
		w.lines, w.space = 0, true
		w.write("(" + href + ")")
		w.lines = pending
	}
}

// decorative tells whether a link holds a picture that says of itself that it says nothing: alt="".
func decorative(n *html.Node) bool {
	for c := range n.Descendants() {
		if c.DataAtom == atom.Img {
			for _, a := range c.Attr {
				if a.Key == "alt" {
					return true
				}
			}
		}
	}
	return false
}

func attribute(n *html.Node, name string) string { return attributeOf(n.Attr, name) }
