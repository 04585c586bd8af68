package content

import "testing"

func TestTextOfHTML(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ html, want string }{
		{"", ""},
		{"<p>Hello  <b>you</b>,\n friend</p><p>Bye</p>", "Hello you, friend\n\nBye\n"},
		{`<a href="https://a.example/x">Shop now</a>`, "Shop now (https://a.example/x)\n"},
		{`See <a href="https://a.example/">a.example</a>, <a href="mailto:x@a.example">x@a.example</a>.`, "See a.example, x@a.example.\n"},
		{`<a href="https://a.example/x"><img src="x.png" alt="A cup"></a>`, "A cup (https://a.example/x)\n"},
		{`<a href="https://a.example/x"><img src="x.png"></a>`, "https://a.example/x\n"},
		{`<a href="https://a.example/x"><img src="x.png" alt=""></a>Cup`, "Cup\n"},
		{`<a href="#top">Up</a><a>no</a>`, "Upno\n"},
		{"one<br>two<br><br>three", "one\ntwo\n\nthree\n"},
		{"<ul><li>a</li><li>b</li></ul>", "- a\n- b\n"},
		{"<table><tr><td>Cup</td><td>2</td></tr><tr><td>Pot</td><td>1</td></tr></table>", "Cup 2\nPot 1\n"},
		{"<head><title>t</title><style>p{}</style></head><script>x</script><!-- c --><div style='display: none'>preview</div>x", "x\n"},
		{"<pre>a\n  b</pre>", "a\n  b\n"},
		{"&lt;b&gt; &amp; &nbsp;x&zwnj;", "<b> & x\n"},
		{"<table><tr><td><table><tr><td><p>in</p></td></tr></table></td></tr></table><hr>y", "in\n\n----\n\ny\n"},
	} {
		got, err := textOf(tc.html)
		if err != nil || got != tc.want {
			t.Errorf("%s\n got %q %v\nwant %q", tc.html, got, err, tc.want)
		}
	}
}
