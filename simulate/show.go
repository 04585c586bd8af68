package simulate

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Span writes a length of time as flows do: 1d2h30m, and 0m for none.
func Span(d time.Duration) string {
	sign := ""
	if d < 0 {
		sign, d = "-", -d
	}
	if d = d.Round(time.Second); d == 0 {
		return "0m"
	}
	var b strings.Builder
	b.WriteString(sign)
	for _, unit := range []struct {
		length time.Duration
		name   string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "m"}, {time.Second, "s"}} {
		if n := d / unit.length; n > 0 {
			fmt.Fprintf(&b, "%d%s", n, unit.name)
			d -= n * unit.length
		}
	}
	return b.String()
}

// shown writes a value as JSON, shortened; nil is missing.
func shown(v any) string {
	if v == nil {
		return "missing"
	}
	if t, ok := v.(time.Time); ok {
		return t.UTC().Format(time.RFC3339)
	}
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	if len(data) > 200 {
		return strings.ToValidUTF8(string(data[:200]), "") + "…"
	}
	return string(data)
}
