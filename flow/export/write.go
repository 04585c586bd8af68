package export

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// object is a mapping with an order.
type object []pair

// pair is a key with its value: text, bool, float64, object, []any or nil.
type pair struct {
	key   string
	value any
}

// add appends a key, unless the value is nil.
func (o *object) add(key string, value any) {
	if value != nil {
		*o = append(*o, pair{key, value})
	}
}

// texts makes a list of texts, or nil of none.
func texts(all []string) any {
	if len(all) == 0 {
		return nil
	}
	list := make([]any, len(all))
	for i, s := range all {
		list[i] = s
	}
	return list
}

// document writes the object as a YAML document.
func (o object) document() []byte {
	var b bytes.Buffer
	writeObject(&b, o, "")
	return b.Bytes()
}

func writeObject(b *bytes.Buffer, o object, indent string) {
	for i, p := range o {
		if i > 0 {
			b.WriteString(indent)
		}
		if p.key == "on" { // which people write like this; our parser takes it for a boolean in no place
			b.WriteString("on")
		} else {
			b.WriteString(scalar(p.key, ""))
		}
		b.WriteString(":")
		writeValue(b, p.value, indent)
	}
}

// writeValue writes what follows a key that is indented so.
func writeValue(b *bytes.Buffer, value any, indent string) {
	deeper := indent + "  "
	switch value := value.(type) {
	case object:
		if len(value) == 0 {
			b.WriteString(" {}\n")
			return
		}
		b.WriteString("\n" + deeper)
		writeObject(b, value, deeper)
	case []any:
		writeList(b, value, deeper)
	default:
		if written := scalarOf(value, deeper); written != "" {
			b.WriteString(" " + written)
		}
		b.WriteString("\n")
	}
}

// writeList writes a list of scalars in one line, and one of mappings below each other.
func writeList(b *bytes.Buffer, list []any, indent string) {
	simple := make([]string, 0, len(list))
	for _, item := range list {
		if _, ok := item.(object); ok {
			break
		}
		simple = append(simple, inBrackets(item))
	}
	if len(simple) == len(list) {
		fmt.Fprintf(b, " [%s]\n", strings.Join(simple, ", "))
		return
	}
	b.WriteString("\n")
	for _, item := range list {
		b.WriteString(indent + "- ")
		if o, ok := item.(object); ok && len(o) > 0 {
			writeObject(b, o, indent+"  ")
			continue
		}
		b.WriteString(strings.TrimPrefix(scalarOf(item, indent+"  "), " ") + "\n")
	}
}

// scalarOf writes a value that is no mapping and no list.
func scalarOf(value any, indent string) string {
	switch value := value.(type) {
	case nil:
		return ""
	case bool:
		return fmt.Sprint(value)
	case float64:
		return number(value)
	case string:
		return scalar(value, indent)
	}
	return doubleQuoted(fmt.Sprint(value))
}

var (
	// plain is text that is nothing else without quotes, wherever it stands on a line of its own: an expression, a
	// name, a template. Everything else is quoted.
	plain = regexp.MustCompile(`^([\pL_]|\pN+ \pL)([\pL\pN_ .,()<>=!&+*/%"'\[\]?@;$-]|:[\pL\pN/])*$`)
	// tight is text that may stand without quotes between brackets.
	tight = regexp.MustCompile(`^[\pL_][\pL\pN_.-]*( [\pL\pN_.-]+)*$`)
	// length of time, which YAML takes for nothing else.
	duration = regexp.MustCompile(`^([0-9]+[wdhms])+$|^[0-9]+mo$`)
	// words that YAML, in any of its versions, takes for something else.
	reserved = regexp.MustCompile(`(?i)^(true|false|yes|no|on|off|null|y|n)$`)
	// folded is text over several lines that a block of lines gives back as it is.
	folded = regexp.MustCompile(`^[\pL\pN_{<(\["'][^\n\r\t]*(\n[^\n\r\t]*)*$`)
)

func inBrackets(value any) string {
	s, ok := value.(string)
	switch {
	case !ok:
		return scalarOf(value, "")
	case tight.MatchString(s) && !reserved.MatchString(s):
		return s
	}
	return quoted(s)
}

// scalar writes text, with an indentation for further lines ("" where there may be none).
func scalar(s, indent string) string {
	switch {
	case duration.MatchString(s):
		return s
	case plain.MatchString(s) && !strings.HasSuffix(s, " ") && !strings.Contains(s, "<<") && !reserved.MatchString(s):
		return s
	case indent != "" && strings.Contains(s, "\n") && blockable(s):
		mark := "|-"
		if strings.HasSuffix(s, "\n") {
			mark = "|"
		}
		lines := strings.Split(strings.TrimSuffix(s, "\n"), "\n")
		for i, line := range lines {
			if line != "" {
				lines[i] = indent + line
			}
		}
		return mark + "\n" + strings.Join(lines, "\n")
	}
	return quoted(s)
}

// blockable says whether a block of lines gives the text back: nothing in it depends on white space at the ends of
// lines or on how the text ends.
func blockable(s string) bool {
	if !folded.MatchString(s) || strings.HasSuffix(s, "\n\n") || strings.Contains(s, " \n") || strings.HasSuffix(s, " ") {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) })
}

// quoted puts text between quotes: single ones, in which nothing has a meaning, where that is possible.
func quoted(s string) string {
	if strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) || strings.Contains(s, `'`) && !strings.ContainsAny(s, `"\`) {
		return doubleQuoted(s)
	}
	return "'" + strings.ReplaceAll(s, "'", "''") + "'"
}

func doubleQuoted(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\r':
			b.WriteString(`\r`)
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
