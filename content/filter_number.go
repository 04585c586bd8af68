package content

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/osteele/liquid/values"
	"github.com/osteele/tuesday"
)

// decimal reads a number exactly as it was written: digits before and behind the point.
func decimal(value any) (negative bool, whole, fraction string, err error) {
	s := strings.TrimSpace(printed(value))
	f, convErr := strconv.ParseFloat(s, 64)
	if convErr != nil || math.IsInf(f, 0) || math.IsNaN(f) || strings.ContainsAny(s, "xX_") {
		return false, "", "", fmt.Errorf("%q is not a number", cut(s, 40))
	}
	if strings.ContainsAny(s, "eE") {
		s = strconv.FormatFloat(f, 'f', -1, 64)
	}
	negative = strings.HasPrefix(s, "-")
	whole, fraction, _ = strings.Cut(strings.TrimLeft(s, "+-"), ".")
	whole = strings.TrimLeft(whole, "0")
	if whole == "" {
		whole = "0"
	}
	return negative, whole, fraction, nil
}

// round cuts fraction to places digits, half away from zero. It counts in decimal digits: 1.005 is 1.01.
func round(whole, fraction string, places int) (string, string) {
	if len(fraction) <= places {
		return whole, fraction + strings.Repeat("0", places-len(fraction))
	}
	digits := []byte("0" + whole + fraction[:places])
	if fraction[places] >= '5' {
		for i := len(digits) - 1; ; i-- {
			if digits[i] != '9' {
				digits[i]++
				break
			}
			digits[i] = '0'
		}
	}
	s := string(digits)
	whole, fraction = strings.TrimLeft(s[:len(s)-places], "0"), s[len(s)-places:]
	if whole == "" {
		whole = "0"
	}
	return whole, fraction
}

const maxPlaces = 20

// floatformatFilter writes a number with that many decimals; with a negative count, or none given (-1), only if
// there are any.
func floatformatFilter(_ *run, value any, args []any) (any, error) {
	if value == nil || value == "" {
		return nil, nil
	}
	places, err := intArgument(args, 0, -1)
	if err != nil {
		return nil, err
	}
	trim := places < 0
	if places = max(places, -places); places > maxPlaces {
		return nil, fmt.Errorf("at most %d decimals can be asked for", maxPlaces)
	}
	negative, whole, fraction, err := decimal(value)
	if err != nil {
		return nil, err
	}
	whole, fraction = round(whole, fraction, places)
	if trim && strings.Trim(fraction, "0") == "" {
		fraction = ""
	}
	s := whole
	if fraction != "" {
		s += "." + fraction
	}
	if negative && strings.Trim(s, "0.") != "" {
		s = "-" + s
	}
	return s, nil
}

func currencyFilter(r *run, value any, args []any) (any, error) {
	if value == nil || value == "" {
		return nil, nil
	}
	code := ""
	if len(args) > 0 {
		if code = strings.ToUpper(strings.TrimSpace(printed(args[0]))); code != "" && !isCurrency(code) {
			return nil, fmt.Errorf("%q is not a currency code of three letters", cut(code, 20))
		}
	}
	if event, ok := r.vars["event"].(map[string]any); ok && code == "" {
		if s, ok := event["currency"].(string); ok && isCurrency(strings.ToUpper(s)) {
			code = strings.ToUpper(s)
		}
	}
	if code == "" {
		code = r.currency
	}
	negative, whole, fraction, err := decimal(value)
	if err != nil {
		return nil, err
	}
	return r.locale.money(code, negative, whole, fraction), nil
}

var wideDirective = regexp.MustCompile(`%[-_^#0:]*\d{3,}`)

// dateFilter writes a time as the format says, in the zone that the value carries.
func dateFilter(r *run, value any, args []any) (any, error) {
	var t time.Time
	switch v := value.(type) {
	case nil:
		return nil, nil
	case time.Time:
		t = v
	case float64, int, int64, json.Number:
		seconds, err := strconv.ParseFloat(printed(v), 64)
		if err != nil || math.Abs(seconds) > 1e12 {
			return nil, fmt.Errorf("%q is not a time in seconds", printed(v))
		}
		t = time.Unix(int64(seconds), 0).In(r.now.Location())
	default:
		s := strings.TrimSpace(printed(value))
		switch s {
		case "":
			return nil, nil
		case "now", "today":
			t = r.now
		default:
			var err error
			if t, err = values.ParseDate(s); err != nil {
				return nil, fmt.Errorf("%q is not a date", cut(s, 40))
			}
		}
	}
	format := printed(args[0])
	if wideDirective.MatchString(format) {
		return nil, fmt.Errorf("the date format %q asks for too wide a field", cut(format, 40))
	}
	return tuesday.Strftime(format, t)
}
