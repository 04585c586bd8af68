package content

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// LinkParameter is a query parameter for the links of a message.
type LinkParameter struct {
	Name  string
	Value string // "" leaves it out
	Label bool   // the value is what the link shows, in place of Value
}

// maxLinks bounds the links of the HTML, and those of the text, of a message whose links get parameters.
const maxLinks = 10_000

// ErrTooManyLinks is of a message with more links than can get parameters.
var ErrTooManyLinks = fmt.Errorf("more than %d links would get parameters", maxLinks)

// maxLabel bounds, in characters, what a link shows where it becomes a parameter.
const maxLabel = 255

// WithParameters adds query parameters to the links to web pages: in the HTML the href of a and area, in the text what
// stands there as an http or https address. A link that has a parameter of the name keeps its own, and links that begin
// with one of own are left alone; so is everything that is not such a link, byte by byte. In the text no link has a
// label, so that parameters which want one are left out. The error is ErrOutputTooLong or ErrTooManyLinks.
func (m Message) WithParameters(parameters []LinkParameter, own ...string) (Message, error) {
	l := newLinks(parameters, own)
	if len(l.parameters) == 0 {
		return m, nil
	}
	var err error
	if m.HTML, err = l.html(m.HTML); err != nil {
		return m, fmt.Errorf("adding parameters to the links of the HTML: %w", err)
	}
	if m.Text, err = l.text(m.Text); err != nil {
		return m, fmt.Errorf("adding parameters to the links of the text: %w", err)
	}
	return m, nil
}

// links is what links get.
type links struct {
	parameters []LinkParameter
	encoded    []string // name and value of each, ready for a query; name alone where the value is the label
	index      map[string]int
	own        []string
	labels     bool // some parameter wants to know what links show
}

func newLinks(parameters []LinkParameter, own []string) *links {
	l := &links{index: make(map[string]int, len(parameters))}
	for _, link := range own {
		if link != "" {
			l.own = append(l.own, link)
		}
	}
	for _, p := range parameters {
		if _, twice := l.index[p.Name]; twice || p.Name == "" || p.Value == "" && !p.Label {
			continue
		}
		encoded := escapeQuery(p.Name) + "="
		if !p.Label {
			encoded += escapeQuery(p.Value)
		}
		l.index[p.Name] = len(l.parameters)
		l.parameters, l.encoded = append(l.parameters, p), append(l.encoded, encoded)
		l.labels = l.labels || p.Label
	}
	return l
}

// escapeQuery encodes so that no reader takes it for anything else: a space is %20, as + is a plus to some.
func escapeQuery(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// addition gives what address gets, and where: before its fragment. It is "" for a link that stays as it is.
func (l *links) addition(address, label string) (at int, add string) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" ||
		slices.ContainsFunc(l.own, func(own string) bool { return strings.HasPrefix(address, own) }) {
		return 0, ""
	}
	at = len(address)
	if i := strings.IndexByte(address, '#'); i >= 0 {
		at = i
	}
	_, query, asked := strings.Cut(address[:at], "?")
	has := make([]bool, len(l.parameters))
	for pair := range strings.SplitSeq(query, "&") {
		name, _, _ := strings.Cut(pair, "=")
		if decoded, err := url.QueryUnescape(name); err == nil {
			name = decoded
		}
		if i, ok := l.index[name]; ok {
			has[i] = true
		}
	}
	var b strings.Builder
	for i, p := range l.parameters {
		if has[i] || p.Label && label == "" {
			continue
		}
		switch {
		case b.Len() > 0:
			b.WriteByte('&')
		case !asked:
			b.WriteByte('?')
		case query != "" && query[len(query)-1] != '&':
			b.WriteByte('&')
		}
		b.WriteString(l.encoded[i])
		if p.Label {
			b.WriteString(escapeQuery(label))
		}
	}
	return at, b.String()
}

// copied is a text that is made of another one with insertions.
type copied struct {
	source string
	b      strings.Builder
	done   int // of source
	times  int // that something was put in
}

// replace puts s in the place of source[from:to]. It refuses what makes the whole too long, or is one too many.
func (c *copied) replace(from, to int, s string) error {
	if c.b.Len()+len(s)+len(c.source)-c.done > maxOutput {
		return ErrOutputTooLong
	}
	if c.times++; c.times > maxLinks {
		return ErrTooManyLinks
	}
	c.b.WriteString(c.source[c.done:from])
	c.b.WriteString(s)
	c.done = to
	return nil
}

func (c *copied) String() string {
	if c.done == 0 {
		return c.source
	}
	c.b.WriteString(c.source[c.done:])
	c.done = len(c.source)
	return c.b.String()
}

// text adds the parameters to the addresses in plain text.
func (l *links) text(source string) (string, error) {
	out := copied{source: source}
	for from := 0; ; {
		start, end := nextAddress(source, from)
		if start < 0 {
			return out.String(), nil
		}
		if at, add := l.addition(source[start:end], ""); add != "" {
			if err := out.replace(start+at, start+at, add); err != nil {
				return "", err
			}
		}
		from = end
	}
}

// nextAddress finds an http or https address in plain text, as mail programs do: it begins where no word, no other
// address and no query can go on, and ends before a space, what cannot be in an address, a bracket that was opened before
// it, or the punctuation of its sentence.
func nextAddress(s string, from int) (start, end int) {
	for {
		i := strings.Index(s[from:], "://")
		if i < 0 {
			return -1, -1
		}
		after := from + i + len("://")
		start = -1
		for _, scheme := range []string{"https", "http"} {
			if b := from + i - len(scheme); b >= from && strings.EqualFold(s[b:b+len(scheme)], scheme) && begins(s[:b]) {
				start = b
				break
			}
		}
		if start < 0 {
			from = after
			continue
		}
		end = after + addressLength(s[after:])
		if end > after {
			return start, end
		}
		from = after
	}
}

// begins tells whether an address can begin behind before.
func begins(before string) bool {
	r, _ := utf8.DecodeLastRuneInString(before)
	return before == "" || unicode.IsSpace(r) || strings.ContainsRune("([{<>\"'*|,;«»„“”‘’‚‹›—–→、。", r)
}

var brackets = map[rune]rune{')': '(', ']': '[', '}': '{'}

func addressLength(s string) int {
	open := map[rune]int{}
	end := len(s)
scan:
	for i, r := range s {
		switch {
		case unicode.IsSpace(r), unicode.IsControl(r), strings.ContainsRune("<>\"`|\\^«»„“”‹›、。\u200b\ufeff", r):
			end = i
			break scan
		case r == '(' || r == '[' || r == '{':
			open[r]++
		case brackets[r] != 0:
			if open[brackets[r]]--; open[brackets[r]] < 0 {
				end = i
				break scan
			}
		}
	}
	return len(strings.TrimRight(s[:end], ".,;:!?'*‘’…"))
}
