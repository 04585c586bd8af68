package flow

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// scalar draws a text as written in YAML, at the indentation of a mapping's value.
func scalar(t *rapid.T) string {
	words := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "bc", "é", "日本", "x.y", "==", "(", `"q"`, "it's", "7", "-"}), 1, 8).Draw(t, "words")
	switch rapid.IntRange(0, 4).Draw(t, "style") {
	case 0: // plain, folded over lines
		written := "w" + words[0]
		for _, word := range words[1:] {
			written += rapid.SampledFrom([]string{" ", "  ", "\n    ", "\n\n    "}).Draw(t, "gap") + word
		}
		return written
	case 1:
		return "'" + strings.ReplaceAll(strings.Join(words, " "), "'", "''") + "'"
	case 2:
		escape := strings.NewReplacer(`"`, `\"`, "\t", `\t`, "é", `\u00e9`)
		return `"` + escape.Replace(strings.Join(words, "\t")) + `"`
	case 3:
		return "|\n    " + strings.Join(words, "\n    ")
	default:
		return ">-\n    " + strings.Join(words, "\n    ")
	}
}

// Positions are what all messages are made of, so they are checked on files nobody would write by hand.
func TestPlacesAreExactInEveryStyle(t *testing.T) {
	t.Parallel()
	blanks := rapid.SampledFrom([]string{"", " ", "   "})
	rapid.Check(t, func(t *rapid.T) {
		var file strings.Builder
		type place struct{ line, column int }
		var keys, values []place
		here := func() place {
			all := file.String()
			last := all[strings.LastIndex(all, "\n")+1:]
			return place{strings.Count(all, "\n") + 1, len([]rune(last)) + 1}
		}
		for i := range rapid.IntRange(1, 6).Draw(t, "entries") {
			file.WriteString(rapid.SampledFrom([]string{"", "# a comment\n", "\n", "  # another\n"}).Draw(t, "above"))
			keys = append(keys, here())
			fmt.Fprintf(&file, "%s%d%s: %s", rapid.SampledFrom([]string{"k", "clé", "a key "}).Draw(t, "key"), i,
				blanks.Draw(t, "before colon"), blanks.Draw(t, "after colon"))
			values = append(values, here())
			written := scalar(t)
			file.WriteString(written)
			if !strings.ContainsAny(written, "|>") {
				file.WriteString(blanks.Draw(t, "after value"))
				if !strings.Contains(written, "\n") {
					file.WriteString(rapid.SampledFrom([]string{"", " # a comment"}).Draw(t, "after"))
				}
			}
			file.WriteString("\n")
		}

		r, root := newReader("x.yaml", []byte(file.String()))
		if root == nil || len(root.entries) != len(keys) || len(r.problems) > 0 {
			t.Fatalf("not read: %v\n%s", r.problems, file.String())
		}
		for i, e := range root.entries {
			if got := (place{e.key.line, e.key.column}); got != keys[i] {
				t.Fatalf("key %q is at %v, found at %v in\n%s", e.key.text, keys[i], got, file.String())
			}
			if got := (place{e.value.line, e.value.column}); got != values[i] {
				t.Fatalf("value %q is at %v, found at %v in\n%s", e.value.text, values[i], got, file.String())
			}
			for offset, want := range e.value.text {
				line, column := r.locate(e.value, offset)
				row := []rune(r.line(line))
				if strings.ContainsRune(" \t\n", want) {
					continue // white space has no place of its own
				}
				if column > len(row) || row[column-1] != want && row[column-1] != '\\' {
					t.Fatalf("%q at %d of %q found at %d:%d in\n%s", want, offset, e.value.text, line, column, file.String())
				}
			}
		}
	})
}
