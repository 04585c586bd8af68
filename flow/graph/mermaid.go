package graph

import (
	"fmt"
	"strings"

	"github.com/legato-flow/legato/flow/plan"
)

// Mermaid writes the plan as a Mermaid flowchart: https://mermaid.js.org/syntax/flowchart.html.
func Mermaid(p *plan.Plan, o Options) string {
	d := draw(p, o)
	var b strings.Builder
	b.WriteString("flowchart TD\n")
	names := make(map[string]string, len(d.nodes)) // Mermaid has reserved words, so steps are numbered
	for i, n := range d.nodes {
		names[n.id] = fmt.Sprintf("n%d", i)
		lines := []string{escaped(n.title, 60)}
		if n.detail != "" {
			lines = append(lines, escaped(n.detail, 60))
		}
		if said := remarks(n, o); said != "" {
			lines = append(lines, said)
		}
		fmt.Fprintf(&b, "    %s%s\n", names[n.id], fmt.Sprintf(shapes[n.class], strings.Join(lines, "<br/>")))
	}
	for _, l := range d.links {
		arrow := "-->"
		if l.aside {
			arrow = "-.->"
		}
		if l.label != "" {
			arrow += `|"` + escaped(l.label, 40) + `"|`
		}
		fmt.Fprintf(&b, "    %s %s %s\n", names[l.from], arrow, names[l.to])
	}
	for _, n := range d.nodes {
		if n.status != "" {
			fmt.Fprintf(&b, "    class %s %s\n", names[n.id], n.status)
		}
	}
	b.WriteString("    classDef draft stroke-dasharray: 4 3,opacity: 0.6\n")
	b.WriteString("    classDef manual stroke: #d97706,stroke-width: 2px\n")
	return b.String()
}

// shapes of the classes of nodes.
var shapes = map[string]string{
	classStart: `(["%s"])`, classWait: `[/"%s"/]`, classDecision: `{{"%s"}}`, classMessage: `["%s"]`, classAction: `[["%s"]]`,
	classExit: `(["%s"])`, classEnd: `(("%s"))`,
}

// remarks are what stands beside a node: its status and how many wait there.
func remarks(n node, o Options) string {
	var said []string
	if n.status != "" {
		said = append(said, n.status)
	}
	if o.Waiting != nil && n.waiting > 0 {
		said = append(said, fmt.Sprintf("%d waiting", n.waiting))
	}
	return strings.Join(said, ", ")
}

// escaped is text between quotes in Mermaid, which knows entities only and takes some text for Markdown.
func escaped(s string, most int) string {
	var b strings.Builder
	for _, r := range shortened(oneLine(s), most) {
		if strings.ContainsRune("\"<>&#;`*_|\\[]{}", r) {
			fmt.Fprintf(&b, "#%d;", r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// oneLine folds white space and leaves out what cannot be seen.
func oneLine(s string) string {
	return strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == '\uFFFE' || r == '\uFFFF' || r == '\u007f' {
			return -1
		}
		return r
	}, s)), " ")
}

// shortened cuts text to so many characters.
func shortened(s string, most int) string {
	if runes := []rune(s); len(runes) > most {
		return strings.TrimSpace(string(runes[:most-1])) + "…"
	}
	return s
}
