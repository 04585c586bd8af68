package expression

import (
	"strconv"
	"strings"

	"github.com/lib/pq"
)

// fragment is a piece of SQL with its parameters in the order of its question marks. Nothing that a user wrote
// is ever part of the text.
type fragment struct {
	text string
	args []any
}

// sqlf puts fragments into the places marked %s.
func sqlf(format string, parts ...fragment) fragment {
	var b strings.Builder
	var args []any
	for i, piece := range strings.Split(format, "%s") {
		if i > 0 {
			b.WriteString(parts[i-1].text)
			args = append(args, parts[i-1].args...)
		}
		b.WriteString(piece)
	}
	return fragment{b.String(), args}
}

// bind is a parameter of an SQL type, sent as text.
func bind(sqlType, value string) fragment {
	return fragment{"?::" + sqlType, []any{value}}
}

func bindArray(sqlType string, values []string) fragment {
	return fragment{"?::" + sqlType + "[]", []any{pq.StringArray(values)}}
}

func bindNumber(f float64) fragment {
	return bind("numeric", strconv.FormatFloat(f, 'g', -1, 64))
}

// numbered gives the text with $n for the question marks, n counting on from the parameters already there.
func (f fragment) numbered(args []any) (string, []any) {
	var b strings.Builder
	for i, piece := range strings.Split(f.text, "?") {
		if i > 0 {
			args = append(args, f.args[i-1])
			b.WriteString("$" + strconv.Itoa(len(args)))
		}
		b.WriteString(piece)
	}
	return b.String(), args
}

func allOf(conditions []fragment) fragment {
	if len(conditions) == 0 {
		return fragment{text: "true"}
	}
	out := conditions[0]
	for _, c := range conditions[1:] {
		out = sqlf("%s and %s", out, c)
	}
	return out
}
