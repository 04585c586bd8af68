package content

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"
)

var shopParameters = []LinkParameter{{Name: "utm_source", Value: "legato"}, {Name: "utm_campaign", Value: "tea & cups"}}

const (
	shopHTML = "utm_source=legato&amp;utm_campaign=tea%20%26%20cups"
	shopText = "utm_source=legato&utm_campaign=tea%20%26%20cups"
)

func TestLinksOfHTMLGetParameters(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ html, want string }{ // $ stands for the parameters; no want is no change
		{`<a href="https://a.example">x</a>`, `<a href="https://a.example?$">x</a>`},
		{`<a href='http://a.example/b'>x</a>`, `<a href='http://a.example/b?$'>x</a>`},
		{`<a href=https://a.example/b>x</a>`, `<a href=https://a.example/b?$>x</a>`},
		{`<a href=https://a.example/b/ class=c>x</a>`, `<a href=https://a.example/b/?$ class=c>x</a>`},
		{"<A CLASS=b\n\tHREF = \"HTTPS://A.example/\"  >x</A>", "<A CLASS=b\n\tHREF = \"HTTPS://A.example/?$\"  >x</A>"},
		{`<area shape="rect" href="https://a.example/b"/>`, `<area shape="rect" href="https://a.example/b?$"/>`},
		{`<a href="https://a.example/?">x</a>`, `<a href="https://a.example/?$">x</a>`},
		{`<a href="https://a.example/?b=%c3&&amp;c=1;d+e&">x</a>`, `<a href="https://a.example/?b=%c3&&amp;c=1;d+e&$">x</a>`},
		{`<a href="https://a.example/?b=1&amp;c=2#d?e">x</a>`, `<a href="https://a.example/?b=1&amp;c=2&amp;$#d?e">x</a>`},
		{`<a href="https://a.example/?b&#61;1&#x26;c=2#d">x</a>`, `<a href="https://a.example/?b&#61;1&#x26;c=2&amp;$#d">x</a>`},
		{`<a href="https://a.example/b&#35;c">x</a>`, `<a href="https://a.example/b?$#c">x</a>`},
		{`<a href="https&colon;&sol;&sol;a.example/b">x</a>`, `<a href="https&colon;&sol;&sol;a.example/b?$">x</a>`},
		{`<a href="https://a.example/?b=1&copy=2&reg">x</a>`, `<a href="https://a.example/?b=1&copy=2&reg&amp;$">x</a>`},
		{"<a href=\" https://a.example/\n\">x</a>", "<a href=\" https://a.example/?$\n\">x</a>"},
		{`<a title="<a href=https://b.example>" href="https://a.example/">x</a>`, `<a title="<a href=https://b.example>" href="https://a.example/?$">x</a>`},
		{`<a href="https://a.example/" href="https://b.example/">x</a>`, `<a href="https://a.example/?$" href="https://b.example/">x</a>`},
		{`<a/href="https://a.example/"/>x`, `<a/href="https://a.example/?$"/>x`},
		{`<a =href="https://b.example/" href="https://a.example/">x</a>`, `<a =href="https://b.example/" href="https://a.example/?$">x</a>`},
		{`<a href="https://a.example/é?ü">x</a>`, `<a href="https://a.example/é?ü&amp;$">x</a>`},
		{`<noscript><a href="https://a.example">x</a></noscript>`, `<noscript><a href="https://a.example?$">x</a></noscript>`},
		{`<!--[if !mso]><!--><a href="https://a.example">x</a><!--<![endif]-->`, `<!--[if !mso]><!--><a href="https://a.example?$">x</a><!--<![endif]-->`},
		{`<a href="https://a.example/?utm_campaign=mine">x</a>`, `<a href="https://a.example/?utm_campaign=mine&amp;utm_source=legato">x</a>`},
		{`<a href="https://a.example/?utm%5Fsource=&amp;utm_campaign=mine">x</a>`, ""},
		{`<a href="https://a.example/?b=1&copy=2&">x</a>`, `<a href="https://a.example/?b=1&copy=2&$">x</a>`},
		{`<a href="https://a.example/#utm_source=1">x</a>`, `<a href="https://a.example/?$#utm_source=1">x</a>`},
		// What is left alone.
		{`<a href="mailto:a@b.example?body=https://a.example">x</a><a href="tel:+43123">y</a><a href="data:text/html,x">z</a>`, ""},
		{`<a href="#top">x</a><a href="">y</a><a href>z</a><a>w</a><a href=>v</a><a name=href value="https://a.example">u</a>`, ""},
		{`<a href="javascript:location='https://a.example'">x</a><a href="/here">y</a><a href="//a.example/">z</a><a href="ftp://a.example/">w</a>`, ""},
		{`<a href="https:///b">x</a><a href="https:a">y</a><a href="https://a.example/%zz">z</a><a href="https://a.example:x/">w</a><a href="https://a b/">v</a>`, ""},
		{`<a href="https://shop.example/unsubscribe/1">x</a><a href="https://shop.example/unsubscribe/1?lang=de">y</a>`, ""},
		{`<img src="https://a.example/1.png"><link href="https://a.example/a.css"><base href="https://a.example/"><form action="https://a.example"><v:rect href="https://a.example">`, ""},
		{`<!-- <a href="https://a.example">x</a> --><!--[if mso]><a href="https://a.example">x</a><![endif]-->`, ""},
		{`<style>a[href="https://a.example"]{}</style><script>"<a href='https://a.example'>"</script><title><a href="https://a.example"></title>`, ""},
		{`<a title="https://a.example">https://a.example &AMP; <b>x</B ></a >`, ""},
		{`text only & <b>bold`, ""},
		{`<a href="https://a.example`, ""},
	} {
		want := strings.ReplaceAll(tc.want, "$", shopHTML)
		if tc.want == "" {
			want = tc.html
		}
		got, err := newLinks(shopParameters, []string{"", "https://shop.example/unsubscribe/1"}).html(tc.html)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v\n%s", tc.html, err, diff)
		}
	}
}

func TestLinksOfTextGetParameters(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ text, want string }{
		{"https://a.example", "https://a.example?$"},
		{"Shop now (https://a.example/b).\nBye", "Shop now (https://a.example/b?$).\nBye"},
		{"See https://a.example/?, or HTTP://b.example/?c=1#d!", "See https://a.example/?$?, or HTTP://b.example/?c=1&$#d!"},
		{"(https://a.example/Tea_(drink)) <https://b.example> [c](https://c.example)", "(https://a.example/Tea_(drink)?$) <https://b.example?$> [c](https://c.example?$)"},
		{"“https://a.example/ü” https://b.example…", "“https://a.example/ü?$” https://b.example?$…"},
		{"https://a.example/?utm_source=1&utm_campaign=2", ""},
		{"Unsubscribe (https://shop.example/unsubscribe/1)", ""},
		{"mailto:a@b.example?body=https://a.example xhttps://a.example https:// http://. ://a https://%", ""},
		{"https://a.example/?to=https://b.example", "https://a.example/?to=https://b.example&$"},
		{"a.example www.b.example ftp://c.example /d", ""},
	} {
		want := strings.ReplaceAll(tc.want, "$", shopText)
		if tc.want == "" {
			want = tc.text
		}
		got, err := newLinks(shopParameters, []string{"https://shop.example/unsubscribe/1"}).text(tc.text)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v\n%s", tc.text, err, diff)
		}
	}
}

func TestWhatALinkShowsCanBeAParameter(t *testing.T) {
	t.Parallel()
	m := Message{
		HTML: `<a href="https://a.example">Tea <b>p</b>ots &amp;<br>more<style>x</style></a><a href="https://b.example"><img alt="A cup"> now</a>` +
			`<area href="https://c.example" alt="Map"><a href="https://d.example"><img src="x"></a><a href="https://e.example">` + strings.Repeat("ü", 300),
		Text: "https://a.example",
	}
	got, err := m.WithParameters([]LinkParameter{{Name: "l", Label: true}, {Name: "n", Value: ""}, {Name: "l", Value: "twice"}})
	want := Message{
		HTML: `<a href="https://a.example?l=Tea%20pots%20%26%20more">Tea <b>p</b>ots &amp;<br>more<style>x</style></a><a href="https://b.example?l=A%20cup%20now"><img alt="A cup"> now</a>` +
			`<area href="https://c.example?l=Map" alt="Map"><a href="https://d.example"><img src="x"></a><a href="https://e.example?l=` + strings.Repeat("%C3%BC", 255) + `">` + strings.Repeat("ü", 300),
		Text: "https://a.example",
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(err, diff)
	}
}

func TestTooManyLinksAndParametersAreAnError(t *testing.T) {
	t.Parallel()
	long := []LinkParameter{{Name: "a", Value: strings.Repeat("x", 2000)}}
	short := []LinkParameter{{Name: "a", Value: "b"}}
	for _, tc := range []struct {
		m          Message
		parameters []LinkParameter
		want       error
	}{
		{Message{HTML: strings.Repeat("<a href=http://a>", 5_000)}, long, ErrOutputTooLong},
		{Message{Text: strings.Repeat("http://a ", 5_000)}, long, ErrOutputTooLong},
		{Message{HTML: strings.Repeat("<a href=http://a>", 10_001)}, short, ErrTooManyLinks},
		{Message{Text: strings.Repeat("http://a ", 10_001)}, short, ErrTooManyLinks},
		{Message{HTML: strings.Repeat("<a href=http://a>", 10_000) + strings.Repeat("<a href=#>", 10_000)}, short, nil},
	} {
		if _, err := tc.m.WithParameters(tc.parameters); !errors.Is(err, tc.want) {
			t.Errorf("got %v, want %v", err, tc.want)
		}
	}
}

// TestANewsletterWithParameters is the golden file of a whole mail, as mail builders write it.
func TestANewsletterWithParameters(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("testdata/newsletter.html")
	if err != nil {
		t.Fatal(err)
	}
	m, err := Message{HTML: string(source)}.WithParameters(append(shopParameters, LinkParameter{Name: "utm_term", Label: true}), "https://shop.example/unsubscribe/1")
	if err != nil {
		t.Fatal(err)
	}
	const golden = "testdata/newsletter.html.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(m.HTML), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), m.HTML); diff != "" {
		t.Errorf("changed (-golden +now):\n%s", diff)
	}
}

// FuzzLinkParameters holds that nothing but hrefs changes, that parameters only come between what was there, and that
// doing it twice is doing it once.
func FuzzLinkParameters(f *testing.F) {
	for _, source := range []string{
		`<a href="https://a.example/?b=1&amp;c#d">Tea</a> <AREA HREF='http://b.example' alt=x>`, `<a href=https://a.example/><!-- <a href="http://x"> -->`,
		`<a href="https://a.example/b&#35;c&num;d">`, "<a href=' \nhttps://a.example/#\t'/>", `<a/=href=http://x href=http://y>`, "<style><a href=http://x></style>",
		"Shop (https://a.example/b_(c)), “http://c.example?utm_source=1”.", "<noscript><a href=http://x></noscript><plaintext><a href=http://x>", "<a href=http://x\x00&copy>", `<a href="http://x?&copy=1&#">`, "<a href='http://x?a\r\n'>",
	} {
		f.Add(source)
	}
	parameters := append([]LinkParameter{{Name: "utm_term", Label: true}, {Name: "ü &", Value: "<\"'>#."}, {Name: "copy ", Value: "x"}}, shopParameters...)
	f.Fuzz(func(t *testing.T, source string) {
		once, err := Message{HTML: source, Text: source}.WithParameters(parameters, "https://own.example")
		if err != nil {
			return
		}
		if !contains(once.Text, source) {
			t.Errorf("something is lost:\n%q\n%q", source, once.Text)
		}
		if a, b := outside(source), outside(once.HTML); a != b {
			t.Errorf("something beside links changed:\n%q\n%q", a, b)
		}
		before, after := hrefs(source), hrefs(once.HTML)
		if len(before) != len(after) {
			t.Fatalf("%d links became %d:\n%q\n%q", len(before), len(after), source, once.HTML)
		}
		for i := range before {
			if !contains(after[i], before[i]) || before[i] != after[i] && !strings.Contains(after[i], "copy%20=x") {
				t.Errorf("%q became %q", before[i], after[i])
			}
		}
		twice, err := once.WithParameters(parameters, "https://own.example")
		if err != nil || twice != once {
			t.Errorf("twice is not once: %v\n%q\n%q", err, once, twice)
		}
	})
}

// contains tells whether all of s stands in text, in its order.
func contains(text, s string) bool {
	at := 0
	for i := 0; i < len(text) && at < len(s); i++ {
		if text[i] == s[at] {
			at++
		}
	}
	return at == len(s)
}

// hrefs gives where the links of HTML lead.
func hrefs(source string) []string {
	var all []string
	walk(source, func(_ int, t markup) bool {
		if t.link() {
			all = append(all, attributeOf(t.attributes, "href"))
		}
		return true
	})
	return all
}

// outside gives HTML without the values of the hrefs of links. It finds them in another way than the code does: it takes
// the tags of links apart and keeps what they mean, and everything else byte by byte.
func outside(source string) string {
	var b strings.Builder
	z := html.NewTokenizer(strings.NewReader(source))
	for {
		kind := z.Next()
		raw := string(z.Raw())
		if kind == html.ErrorToken {
			return b.String() + raw
		}
		token := z.Token()
		if kind == html.StartTagToken && token.Data == "noscript" {
			z.NextIsNotRawText()
		}
		if (kind == html.StartTagToken || kind == html.SelfClosingTagToken) && (token.Data == "a" || token.Data == "area") {
			for i := range token.Attr {
				if token.Attr[i].Key == "href" {
					token.Attr[i].Val = ""
				}
			}
			raw = token.String()
		}
		b.WriteString(raw)
	}
}
