package schema

import (
	"fmt"
	"strings"

	"github.com/legato-flow/legato/expression"
	"github.com/legato-flow/legato/flow"
)

// Markdown is the reference page of the flow language.
func Markdown() []byte {
	var b strings.Builder
	b.WriteString(`# Flow files

Generated from the specs in flow/ and expression/ by ` + "`go test ./flow/schema -update`" + `. A flow is a YAML file in
` + "`definitions/flows`" + `; ` + "`legato flow lint`" + ` checks it. YAML's anchors, aliases and tags are not used. Editors complete and
check it with the [JSON Schema](flow.schema.json), which ` + "`legato flow schema`" + ` prints, too:

` + "```yaml\n# yaml-language-server: $schema=../../docs/reference/flow.schema.json\n```" + `

## Keys of a flow

`)
	table(&b, flow.FlowFields())
	b.WriteString("## Triggers\n\nWhat makes a person enter: one `trigger`, or a list of `triggers`.\n\n")
	for _, spec := range flow.Triggers() {
		kind(&b, spec)
	}
	b.WriteString("## Keys of every step\n\n")
	table(&b, flow.StepFields())
	b.WriteString("## Steps\n\n")
	for _, spec := range flow.Steps() {
		kind(&b, spec)
	}
	b.WriteString("## Types of values\n\n| type | what it is |\n| --- | --- |\n")
	for _, t := range flow.Types() {
		fmt.Fprintf(&b, "| %s | %s |\n", t.Name, cell(t.Summary))
	}
	b.WriteString("\n")
	functions(&b)
	return []byte(b.String())
}

// kind describes a kind of step or trigger.
func kind(b *strings.Builder, spec flow.Spec) {
	fmt.Fprintf(b, "### %s\n\n%s\n\n", spec.Kind, spec.Summary)
	if !spec.Live() {
		fmt.Fprintf(b, "It cannot go live yet: %s.\n\n", spec.Later)
	}
	fmt.Fprintf(b, "```yaml\n%s\n```\n\n", strings.TrimSpace(spec.Example))
	if spec.Value != "" {
		also := ""
		if len(spec.Fields) > 0 {
			also = ", or a mapping with these keys"
		}
		fmt.Fprintf(b, "Value: %s%s.\n\n", spec.Value, also)
	} else if spec.Many {
		fmt.Fprintf(b, "Value: a list of %d to %d mappings with these keys.\n\n", spec.Min, spec.Max)
	}
	if len(spec.Fields) > 0 {
		table(b, spec.Fields)
	}
	if len(spec.Beside) > 0 {
		fmt.Fprintf(b, "Beside `%s`:\n\n", spec.Kind)
		table(b, spec.Beside)
	}
	if spec.Link {
		b.WriteString("No key of every step stands beside it.\n\n")
	}
}

// table describes keys, and those below them.
func table(b *strings.Builder, fields []flow.Field) {
	b.WriteString("| key | type | default | meaning |\n| --- | --- | --- | --- |\n")
	rows(b, "", fields)
	b.WriteString("\n")
}

func rows(b *strings.Builder, above string, fields []flow.Field) {
	for _, f := range fields {
		usual := cell(f.Default)
		if f.Required {
			usual = "required"
			if f.Instead != "" {
				usual = fmt.Sprintf("required, or `%s`", f.Instead)
			}
		}
		meaning := cell(f.Summary)
		if f.Example != "" {
			meaning += " Example: `" + cell(f.Example) + "`."
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", above+f.Name, cell(typeOf(f)), usual, meaning)
		if above == "" && len(f.Fields) > 0 && !isMessage(f) {
			rows(b, f.Name+".", f.Fields)
		}
	}
}

// isMessage says whether the key is written like the step of its name, which is described there.
func isMessage(f flow.Field) bool {
	for _, spec := range flow.Steps() {
		if spec.Kind == f.Name && spec.Type != "" {
			return true
		}
	}
	return false
}

// typeOf says what a key takes.
func typeOf(f flow.Field) string {
	words := make([]string, len(f.Values))
	for i, word := range f.Values {
		words[i] = "`" + word + "`"
	}
	said := f.Type
	switch {
	case f.Type == "word" || f.Type == "weekday":
		said = strings.Join(words, ", ")
	case len(words) > 0:
		said += ", or " + strings.Join(words, ", ")
	}
	switch f.List {
	case flow.OrMore:
		said += fmt.Sprintf("; one, or a list of up to %d", f.Max)
	case flow.Several:
		said += fmt.Sprintf("; a list of 1 to %d", f.Max)
	}
	return said
}

// functions lists what expressions know.
func functions(b *strings.Builder) {
	b.WriteString("## Functions in expressions\n\nExpressions know `person`, `event`, `flow` and `now`. A comparison with a property that is " +
		"not there is false.\n")
	group := ""
	for _, f := range expression.Functions {
		if f.Group != group {
			group = f.Group
			fmt.Fprintf(b, "\n### %s\n\n| function | meaning |\n| --- | --- |\n", strings.ToUpper(group[:1])+group[1:])
		}
		fmt.Fprintf(b, "| `%s` | %s |\n", cell(f.Signature), cell(f.Meaning))
	}
}

// cell is text that does not break a table.
func cell(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(strings.TrimSpace(s), "\n", " "), "|", `\|`)
}
