package content

import (
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/osteele/liquid/values"
)

// printed is the text that a value prints as: nothing for nil, numbers without an exponent, the items of a list one
// after another, maps as JSON.
func printed(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return v
	case safeText:
		return string(v)
	case bool:
		return strconv.FormatBool(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case float32:
		return strconv.FormatFloat(float64(v), 'f', -1, 32)
	case time.Time:
		return v.Format("2006-01-02 15:04:05 -0700")
	case values.Range:
		if v.Len() <= 0 {
			return ""
		}
		return fmt.Sprintf("%d..%d", v.Index(0), v.Index(v.Len()-1))
	case fmt.Stringer:
		return v.String()
	}
	switch v := reflect.ValueOf(value); v.Kind() {
	case reflect.Slice, reflect.Array:
		var b strings.Builder
		for i := range v.Len() {
			b.WriteString(printed(v.Index(i).Interface()))
		}
		return b.String()
	case reflect.Map:
		s, err := jsonText(value)
		if err != nil {
			return ""
		}
		return s
	}
	return fmt.Sprint(value)
}

func jsonText(value any) (string, error) {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return "", errors.New("this value cannot be written as JSON")
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}

func blank(s string) bool { return strings.TrimSpace(s) == "" }

func capitalize(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	if first == utf8.RuneError {
		return s
	}
	return string(unicode.ToUpper(first)) + s[size:]
}

// title writes every word with a capital and small letters behind it; an apostrophe does not begin a word.
func title(s string) string {
	inWord := false
	return strings.Map(func(r rune) rune {
		letter := unicode.IsLetter(r) || unicode.IsDigit(r)
		was := inWord
		inWord = letter || was && (r == '\'' || r == '’')
		switch {
		case !letter:
			return r
		case was:
			return unicode.ToLower(r)
		}
		return unicode.ToTitle(r)
	}, s)
}

func intArgument(args []any, i, otherwise int) (int, error) {
	if i >= len(args) {
		return otherwise, nil
	}
	n, err := values.Convert(args[i], reflect.TypeFor[int]())
	if err != nil {
		return 0, fmt.Errorf("%q is not a whole number", cut(printed(args[i]), 40))
	}
	return n.(int), nil
}

func truncateFilter(_ *run, value any, args []any) (any, error) {
	length, err := intArgument(args, 0, 50)
	if err != nil {
		return nil, err
	}
	ellipsis := []rune("...")
	if len(args) > 1 {
		ellipsis = []rune(printed(args[1]))
	}
	s := []rune(printed(value))
	if len(s) <= length {
		return string(s), nil
	}
	return string(s[:min(len(s), max(0, length-len(ellipsis)))]) + string(ellipsis), nil
}

func truncatewordsFilter(_ *run, value any, args []any) (any, error) {
	count, err := intArgument(args, 0, 15)
	if err != nil {
		return nil, err
	}
	ellipsis := "..."
	if len(args) > 1 {
		ellipsis = printed(args[1])
	}
	fields := strings.Fields(printed(value))
	if len(fields) <= count {
		return strings.Join(fields, " "), nil
	}
	return strings.Join(fields[:max(count, 0)], " ") + ellipsis, nil
}

// sliceFilter cuts letters from a text or items from a list; a negative start counts from the end.
func sliceFilter(_ *run, value any, args []any) (any, error) {
	start, err := intArgument(args, 0, 0)
	if err != nil {
		return nil, err
	}
	count, err := intArgument(args, 1, 1)
	if err != nil {
		return nil, err
	}
	within := func(size int) (int, int) {
		if start < 0 {
			start += size
		}
		if start < 0 || start > size || count <= 0 {
			return 0, 0
		}
		return start, start + min(count, size-start)
	}
	if v := reflect.ValueOf(value); v.Kind() == reflect.Slice {
		from, to := within(v.Len())
		return v.Slice(from, to).Interface(), nil
	}
	s := []rune(printed(value))
	from, to := within(len(s))
	return string(s[from:to]), nil
}

func replaceFilter(_ *run, value any, args []any) (any, error) {
	s, old, with := printed(value), printed(args[0]), printed(args[1])
	if growth := len(with) - len(old); growth > 0 && strings.Count(s, old) > (maxOutput-len(s))/growth {
		return nil, ErrOutputTooLong
	}
	return strings.ReplaceAll(s, old, with), nil
}

func joinFilter(_ *run, value any, args []any) (any, error) {
	separator := " "
	if len(args) > 0 {
		separator = printed(args[0])
	}
	v := reflect.ValueOf(value)
	if v.Kind() != reflect.Slice {
		return printed(value), nil
	}
	if v.Len()*len(separator) > maxOutput {
		return nil, ErrOutputTooLong
	}
	parts := make([]string, 0, v.Len())
	for i := range v.Len() {
		if item := v.Index(i).Interface(); item != nil {
			parts = append(parts, printed(item))
		}
	}
	return strings.Join(parts, separator), nil
}

// uniqFilter keeps the first of equal items.
func uniqFilter(_ *run, value any, _ []any) (any, error) {
	v := reflect.ValueOf(value)
	if v.Kind() != reflect.Slice {
		return value, nil
	}
	seen := map[string]bool{}
	out := []any{}
	for i := range v.Len() {
		item := v.Index(i).Interface()
		key, err := jsonText(item)
		if err != nil {
			return nil, err
		}
		if !seen[key] {
			seen[key] = true
			out = append(out, item)
		}
	}
	return out, nil
}

func newlineToBreakFilter(_ *run, value any, _ []any) (any, error) {
	s, ok := value.(safeText)
	if !ok {
		s = safeText(html.EscapeString(printed(value)))
	}
	return safeText(strings.ReplaceAll(string(s), "\n", "<br>\n")), nil
}
