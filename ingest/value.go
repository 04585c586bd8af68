package ingest

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"
)

// Limits on what is taken in. Sizes are in bytes, lengths in characters.
const (
	MaxProfileSize    = 100 << 10 // a profile's properties
	MaxProperties     = 400       // top-level properties of an event or of a profile
	MaxStringSize     = 100 << 10 // a string in properties
	MaxDepth          = 10        // nesting of properties
	MaxItems          = 4000      // elements of an array in properties
	MaxNameLength     = 255       // a property's name
	MaxKeyLength      = 255       // external_id, anonymous_id, unique_id
	MaxMetricLength   = 127       // a metric's name; its service
	MaxTextLength     = 2048      // any other attribute
	MaxListNameLength = 255
)

// ParseEmail checks an address: one ASCII addr-spec with a domain of at least two labels, as mail servers accept
// it without SMTPUTF8. Space around it is dropped, the spelling is kept.
func ParseEmail(s string) (string, error) {
	s = strings.Trim(s, " \t\r\n")
	local, domain, ok := strings.Cut(s, "@")
	switch {
	case !ok:
		return "", errors.New("must be an email address such as ada@example.com")
	case len(s) > 254 || len(local) > 64:
		return "", errors.New("must be at most 254 characters long, 64 before the @")
	case !dotted(local, func(c byte) bool { return alphanumeric(c) || strings.IndexByte("!#$%&'*+-/=?^_`{|}~", c) >= 0 }):
		return "", errors.New("the part before the @ must be ASCII letters, digits and !#$%&'*+-/=?^_`{|}~ with single dots between")
	case !dotted(domain, func(c byte) bool { return alphanumeric(c) || c == '-' }) || !strings.Contains(domain, "."):
		return "", errors.New("the part after the @ must be a domain such as example.com; write international ones in xn-- form")
	}
	for label := range strings.SplitSeq(domain, ".") {
		if len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return "", errors.New("the part after the @ must be a domain such as example.com")
		}
	}
	return s, nil
}

func alphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// dotted says whether s is one or more runs of good characters with single dots between.
func dotted(s string, good func(byte) bool) bool {
	run := 0
	for i := range len(s) {
		switch {
		case good(s[i]):
			run++
		case s[i] == '.' && run > 0:
			run = 0
		default:
			return false
		}
	}
	return run > 0
}

// ParsePhone checks a number in E.164 form: + and the country code and number in digits only, of a length that
// the country uses. Numbering plans change, so it does not ask whether the number has been handed out.
func ParsePhone(s string) (string, error) {
	wrong := errors.New("must be a phone number in E.164 form, such as +12345678901")
	if len(s) < 4 || len(s) > 16 || s[0] != '+' || strings.Trim(s[1:], "0123456789") != "" {
		return "", wrong
	}
	number, err := phonenumbers.Parse(s, "")
	if err != nil || !phonenumbers.IsPossibleNumber(number) {
		return "", wrong
	}
	if phonenumbers.Format(number, phonenumbers.E164) != s {
		return "", wrong
	}
	return s, nil
}

// timeLayouts are ISO 8601 as RFC 3339 profiles it, and the same with the zone or the time of day left out.
var timeLayouts = []string{
	time.RFC3339,
	"2006-01-02T15:04:05Z0700",
	"2006-01-02T15:04:05",
	"2006-01-02T15:04Z07:00",
	"2006-01-02T15:04",
	"2006-01-02",
}

var errTime = errors.New("must be an ISO 8601 time such as 2026-11-08T09:30:00+01:00")

// ParseInstant reads an ISO 8601 time. Without a zone it is UTC.
func ParseInstant(s string) (time.Time, error) { return ParseInstantIn(s, time.UTC) }

// ParseInstantIn reads an ISO 8601 time. Without a zone it is what clocks show in the one given.
func ParseInstantIn(s string, zone *time.Location) (time.Time, error) {
	if len(s) < len("2006-01-02") || len(s) > 40 || strings.Contains(s, ",") {
		return time.Time{}, errTime
	}
	for _, layout := range timeLayouts {
		if t, err := time.ParseInLocation(layout, s, zone); err == nil && t.Year() >= 1 {
			return t.UTC(), nil
		}
	}
	return time.Time{}, errTime
}

var earliest = time.Date(1990, time.January, 1, 0, 0, 0, 0, time.UTC)

// ParseTime reads the time of an event, in whole seconds: from 1990 on and at most a year ahead of now.
func ParseTime(s string, now time.Time) (time.Time, error) {
	t, err := ParseInstant(s)
	if err != nil {
		return t, err
	}
	if t.Before(earliest) || t.After(now.AddDate(1, 0, 0)) {
		return t, errors.New("must be from 1990 on and at most one year in the future")
	}
	return t.Truncate(time.Second), nil
}

// ParseCurrency checks the form of an ISO 4217 code and gives it in upper case.
func ParseCurrency(s string) (string, error) {
	code := strings.ToUpper(s)
	if len(code) != 3 || strings.Trim(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return "", errors.New("must be an ISO 4217 currency code such as EUR")
	}
	return code, nil
}

// ParseKey checks an identifier, a metric's name or the like: not blank, at most max characters.
func ParseKey(s string, max int) (string, error) {
	if strings.TrimSpace(s) == "" {
		return "", errors.New("must not be empty")
	}
	return ParseText(s, max)
}

// ParseText checks a text of at most max characters.
func ParseText(s string, max int) (string, error) {
	if n := utf8.RuneCountInString(s); n > max {
		return "", fmt.Errorf("must be at most %d characters long, not %d", max, n)
	}
	return s, nil
}

// ParseAttribute checks a profile's identifier or attribute by its name.
func ParseAttribute(name, s string) (string, error) {
	switch name {
	case "email":
		return ParseEmail(s)
	case "phone_number":
		return ParsePhone(s)
	case "external_id", "anonymous_id":
		return ParseKey(s, MaxKeyLength)
	default:
		return ParseText(s, MaxTextLength)
	}
}
