package content

import (
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// html adds the parameters to the links of HTML. What is in comments, which conditional ones are too, in scripts and in
// styles is no link.
func (l *links) html(source string) (string, error) {
	var labels []string
	if l.labels {
		labels = labelsOf(source)
	}
	out := copied{source: source}
	var err error
	walk(source, func(n int, t markup) bool {
		if !t.link() {
			return true
		}
		label := ""
		if n < len(labels) {
			label = labels[n]
		}
		raw := source[t.start:t.end]
		if changed := l.tag(raw, t.attributes, label); changed != raw {
			err = out.replace(t.start, t.end, changed)
		}
		return err == nil
	})
	if err != nil {
		return "", err
	}
	return out.String(), nil
}

// markup is a token of HTML and where it stands. The attributes of links and images alone are read.
type markup struct {
	kind       html.TokenType
	name       atom.Atom
	attributes []html.Attribute
	text       string // of a TextToken
	start, end int
}

// link tells whether the tag opens what can be a link.
func (t *markup) link() bool { return t.opens(atom.A) || t.opens(atom.Area) }

func (t *markup) opens(names ...atom.Atom) bool {
	return (t.kind == html.StartTagToken || t.kind == html.SelfClosingTagToken) && slices.Contains(names, t.name)
}

// walk calls visit for the tokens of source until it says no. n counts the links before. Positions are summed up from what
// the tokenizer consumed, as its own copy of a tag is lower case once the name was asked for.
func walk(source string, visit func(n int, t markup) bool) {
	z := html.NewTokenizer(strings.NewReader(source))
	links := 0
	for at := 0; ; {
		kind := z.Next()
		if kind == html.ErrorToken {
			return
		}
		t := markup{kind: kind, start: at, end: at + len(z.Raw())}
		at = t.end
		switch kind {
		case html.TextToken:
			t.text = source[t.start:t.end]
		case html.StartTagToken, html.SelfClosingTagToken, html.EndTagToken:
			name, more := z.TagName()
			t.name = atom.Lookup(name)
			if t.opens(atom.Noscript) {
				z.NextIsNotRawText() // nothing runs scripts in mail
			}
			for more && t.opens(atom.A, atom.Area, atom.Img) {
				var key, value []byte
				key, value, more = z.TagAttr()
				t.attributes = append(t.attributes, html.Attribute{Key: string(key), Val: string(value)})
			}
		}
		if !visit(links, t) {
			return
		}
		if t.link() {
			links++
		}
	}
}

// labelsOf gives what each link shows: the words and the alternative texts of pictures in it.
func labelsOf(source string) []string {
	var labels []string
	var label strings.Builder
	open, silent := -1, atom.Atom(0)
	finish := func() {
		if open >= 0 {
			labels[open] = cutLabel(label.String())
		}
		label.Reset()
		open = -1
	}
	walk(source, func(n int, t markup) bool {
		switch {
		case t.link():
			finish()
			labels = append(labels, cutLabel(attributeOf(t.attributes, "alt")))
			if t.name == atom.A {
				open = n
			}
		case t.kind == html.EndTagToken && t.name == atom.A:
			finish()
		case t.opens(atom.Script, atom.Style):
			silent = t.name
		case t.kind == html.EndTagToken && t.name == silent:
			silent = 0
		case open < 0 || silent != 0 || label.Len() > 16*maxLabel:
		case t.kind == html.TextToken:
			label.WriteString(html.UnescapeString(t.text[:min(len(t.text), 16*maxLabel)]))
		case t.opens(atom.Img):
			label.WriteString(" " + attributeOf(t.attributes, "alt") + " ")
		case slices.Contains(breaking, t.name):
			label.WriteByte(' ')
		}
		return true
	})
	finish()
	return labels
}

// breaking elements part words.
var breaking = []atom.Atom{
	atom.Br, atom.P, atom.Div, atom.Table, atom.Tr, atom.Td, atom.Th, atom.Ul, atom.Ol, atom.Li, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6,
}

func cutLabel(s string) string {
	s = strings.Join(strings.Fields(invisible.Replace(strings.ToValidUTF8(s, ""))), " ")
	if runes := []rune(s); len(runes) > maxLabel {
		s = string(runes[:maxLabel])
	}
	return s
}

func attributeOf(all []html.Attribute, name string) string {
	for _, a := range all {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

const htmlSpace = " \t\r\n\f"

// tag gives the tag of a link with the parameters in its href, or as it was.
func (l *links) tag(raw string, attributes []html.Attribute, label string) string {
	before := attributeOf(attributes, "href")
	address := strings.TrimLeft(before, htmlSpace)
	lead := len(before) - len(address)
	address = strings.TrimRight(address, htmlSpace)
	at, add := l.addition(address, label)
	if add == "" {
		return raw
	}
	start, end := hrefOf(raw)
	if start < 0 {
		return raw
	}
	// What is written stays as it is where the parameters can go in between, else the whole is written anew.
	written := raw[start:end]
	place := len(strings.TrimRight(written, htmlSpace))
	if i := fragmentOf(written); at < len(address) && i >= 0 {
		place = i
	}
	inserted := written[:place] + strings.ReplaceAll(add, "&", "&amp;") + written[place:]
	// A name behind an & could make a character reference of it; anything else added cannot.
	if html.UnescapeString(written[:place]) == before[:lead+at] && html.UnescapeString(written[place:]) == before[lead+at:] &&
		!strings.HasSuffix(written[:place], "&") {
		return raw[:start] + inserted + raw[end:]
	}
	after := before[:lead+at] + add + before[lead+at:]
	want := slices.Clone(attributes)
	for i := range want {
		if want[i].Key == "href" {
			want[i].Val = after
		}
	}
	for _, value := range []string{inserted, html.EscapeString(after)} {
		if changed := raw[:start] + value + raw[end:]; reads(changed, want) {
			return changed
		}
	}
	return raw
}

// reads tells whether s is one tag with just these attributes.
func reads(s string, want []html.Attribute) bool {
	same := false
	walk(s, func(_ int, t markup) bool {
		same = t.end == len(s) && slices.Equal(t.attributes, want)
		return false
	})
	return same
}

// hrefOf finds the value of a tag's first href, without quotes, as the tokenizer reads it.
func hrefOf(raw string) (start, end int) {
	is := func(i int, chars string) bool { return i < len(raw) && strings.IndexByte(chars, raw[i]) >= 0 }
	until := func(i int, chars string) int {
		for i < len(raw) && !is(i, chars) {
			i++
		}
		return i
	}
	skip := func(i int) int {
		for is(i, htmlSpace) {
			i++
		}
		return i
	}
	for i := skip(until(1, htmlSpace+"/>")); i < len(raw) && raw[i] != '>'; i = skip(i) {
		key := i
		if i = until(i, htmlSpace+"/>="); i == key && is(i, "=") { // a name may begin with it
			i = until(i+1, htmlSpace+"/>=")
		}
		name := raw[key:i]
		start, end = skip(i), skip(i)
		switch i = start; {
		case is(i, "/"):
			i++
		case is(i, "="):
			start = skip(i + 1)
			switch {
			case is(start, `"'`):
				start++
				end = until(start, raw[start-1:start])
				i = end + 1
			default:
				end = until(start, htmlSpace+">")
				i = end
			}
		}
		if strings.EqualFold(name, "href") {
			return start, min(end, len(raw))
		}
	}
	return -1, -1
}

// fragmentOf finds the # of a written address, which is not that of a numeric character reference.
func fragmentOf(written string) int {
	for i := range len(written) {
		if written[i] != '#' {
			continue
		}
		rest := strings.TrimLeft(written[i+1:], "xX")
		if i > 0 && written[i-1] == '&' && rest != "" && strings.IndexByte("0123456789abcdefABCDEF", rest[0]) >= 0 {
			continue
		}
		return i
	}
	return -1
}
