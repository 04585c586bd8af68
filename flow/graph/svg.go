package graph

import (
	"encoding/xml"
	"fmt"
	"strings"
	"unicode"

	"github.com/legato-flow/legato/flow/plan"
)

const (
	titleSize, detailSize = 13.0, 11.0 // pixels
	widest                = 260.0      // of a node
	narrowest             = 110.0
)

// SVG draws the plan as a picture: no scripts, no fonts, nothing that is loaded from elsewhere.
func SVG(p *plan.Plan, o Options) []byte {
	d := draw(p, o)
	l := arrange(d, func(b *box) { measure(b, o) })
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%.0f" viewBox="0 0 %.0f %.0f" role="img">`+"\n",
		l.width, l.height, l.width, l.height)
	fmt.Fprintf(&b, "<title>%s</title>\n", text(p.Name))
	b.WriteString(style)
	fmt.Fprintf(&b, `<rect width="%.0f" height="%.0f" fill="#fff"/>`+"\n", l.width, l.height)
	for _, line := range l.lines {
		drawLine(&b, line)
	}
	for _, rank := range l.ranks {
		for _, box := range rank {
			switch {
			case box.node != nil:
				drawNode(&b, box, o)
			case box.label != "":
				drawLabel(&b, box)
			}
		}
	}
	b.WriteString("</svg>\n")
	return []byte(b.String())
}

const style = `<style>
text { font-family: system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; fill: #1f2937 }
.t { font-size: 13px; font-weight: 600; text-anchor: middle }
.d { font-size: 11px; fill: #4b5563; text-anchor: middle }
.l { font-size: 11px; fill: #374151; text-anchor: middle }
.b { font-size: 10px; font-weight: 600; fill: #fff; text-anchor: middle }
.n { stroke-width: 1.5 }
.start { fill: #ede9fe; stroke: #7c3aed }
.wait { fill: #fef9c3; stroke: #ca8a04 }
.decision { fill: #dbeafe; stroke: #2563eb }
.message { fill: #dcfce7; stroke: #16a34a }
.action { fill: #f3f4f6; stroke: #6b7280 }
.exit { fill: #fee2e2; stroke: #dc2626 }
.end { fill: #374151; stroke: #374151 }
.draft { stroke-dasharray: 5 4; fill-opacity: .45 }
.link { fill: none; stroke: #6b7280; stroke-width: 1.5; marker-end: url(#arrow) }
.aside { stroke-dasharray: 4 4 }
</style>
<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto" markerUnits="userSpaceOnUse"><path d="M0 0 8 4 0 8z" fill="#6b7280"/></marker></defs>
`

// measure gives a box its size.
func measure(b *box, o Options) {
	switch {
	case b.node == nil && b.label == "":
		b.width, b.height = 2, 2
	case b.node == nil:
		b.width, b.height = extent(fitted(b.label, detailSize, 200), detailSize)+12, 18
	case b.node.class == classEnd:
		b.width, b.height = 14, 14
	default:
		b.height = 34
		b.width = extent(b.node.title, titleSize) + 28
		if b.node.detail != "" && b.node.detail != b.node.title {
			b.height = 48
			b.width = max(b.width, extent(oneLine(b.node.detail), detailSize)+28)
		}
		b.width = max(narrowest, min(b.width, widest), 2*extent(remarks(*b.node, o), 10)+20) // the remark leaves the middle free
	}
}

func drawNode(b *strings.Builder, box *box, o Options) {
	n := box.node
	left, top := box.x-box.width/2, box.y-box.height/2
	fmt.Fprintf(b, "<g><title>%s</title>", text(strings.TrimSpace(n.title+"\n"+n.detail)))
	if n.class == classEnd {
		fmt.Fprintf(b, `<circle class="end" cx="%.1f" cy="%.1f" r="7"/></g>`+"\n", box.x, box.y)
		return
	}
	round := 6.0
	if n.class == classStart || n.class == classExit {
		round = box.height / 2
	}
	class := "n " + n.class
	if n.status == plan.Draft {
		class += " draft"
	}
	fmt.Fprintf(b, `<rect class="%s" x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="%.1f"/>`, class, left, top, box.width, box.height, round)
	title := fitted(n.title, titleSize, box.width-20)
	if n.detail == "" || n.detail == n.title {
		fmt.Fprintf(b, `<text class="t" x="%.1f" y="%.1f">%s</text>`, box.x, box.y+4.5, text(title))
	} else {
		fmt.Fprintf(b, `<text class="t" x="%.1f" y="%.1f">%s</text>`, box.x, box.y-4, text(title))
		fmt.Fprintf(b, `<text class="d" x="%.1f" y="%.1f">%s</text>`, box.x, box.y+13, text(fitted(n.detail, detailSize, box.width-20)))
	}
	if said := remarks(*n, o); said != "" {
		colour := "#6b7280"
		switch {
		case n.waiting > 0:
			colour = "#7c3aed"
		case n.status == plan.Manual:
			colour = "#d97706"
		}
		width := extent(said, 10) + 14
		fmt.Fprintf(b, `<rect x="%.1f" y="%.1f" width="%.1f" height="16" rx="8" fill="%s"/>`, left+box.width-width+6, top-9, width, colour)
		fmt.Fprintf(b, `<text class="b" x="%.1f" y="%.1f">%s</text>`, left+box.width-width/2+6, top+2.5, text(said))
	}
	b.WriteString("</g>\n")
}

func drawLabel(b *strings.Builder, box *box) {
	fmt.Fprintf(b, `<g><title>%s</title><rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="4" fill="#fff" fill-opacity=".92"/>`,
		text(box.label), box.x-box.width/2, box.y-box.height/2, box.width, box.height)
	fmt.Fprintf(b, `<text class="l" x="%.1f" y="%.1f">%s</text></g>`+"\n", box.x, box.y+4, text(fitted(box.label, detailSize, 200)))
}

// drawLine draws a link from the foot of a node to the head of another: straight down in each rank, where other
// boxes are, and in a curve between ranks.
func drawLine(b *strings.Builder, l line) {
	class := "link"
	if l.aside {
		class += " aside"
	}
	from := l.path[0]
	fmt.Fprintf(b, `<path class="%s" d="M%.1f %.1f`, class, from.x, from.y+from.height/2)
	for _, to := range l.path[1:] {
		top := to.top - 8 // so that arrows point down
		half := (top - from.foot) / 2
		fmt.Fprintf(b, ` V%.1f C%.1f %.1f %.1f %.1f %.1f %.1f`, from.foot, from.x, from.foot+half, to.x, top-half, to.x, top)
		from = to
	}
	fmt.Fprintf(b, ` V%.1f"/>`+"\n", from.y-from.height/2-1)
}

// extent estimates how wide text is: no font is at hand, and the browser's is not known.
func extent(s string, size float64) float64 {
	width := 0.0
	for _, r := range s {
		switch {
		case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul) || r > 0x1F000:
			width++
		case strings.ContainsRune("iljtf.,:;'|!()[] ", r):
			width += .36
		case strings.ContainsRune("mwMW@%", r):
			width += .92
		case unicode.IsUpper(r):
			width += .70
		default:
			width += .60
		}
	}
	return width * size
}

// fitted cuts text to a width.
func fitted(s string, size, width float64) string {
	s = oneLine(s)
	if extent(s, size) <= width {
		return s
	}
	runes := []rune(s)
	for len(runes) > 1 && extent(string(runes)+"…", size) > width {
		runes = runes[:len(runes)-1]
	}
	return strings.TrimSpace(string(runes)) + "…"
}

// text is text as XML takes it.
func text(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a Builder takes everything
	return b.String()
}
