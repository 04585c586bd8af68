package config

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// value reads one option's text into its field.
type value interface {
	kind() string
	expected() string
	// read reports whether the text is what was expected; only then is the field set.
	read(text string) bool
}

type reader struct {
	name, want string
	into       func(text string) bool
}

func (r reader) kind() string          { return r.name }
func (r reader) expected() string      { return r.want }
func (r reader) read(text string) bool { return r.into(text) }

func oneOf[T ~string](field *T, allowed ...T) value {
	names := make([]string, len(allowed))
	for i, a := range allowed {
		names[i] = string(a)
	}
	want := "one of " + strings.Join(names, ", ")
	return reader{"choice", want, func(s string) bool {
		for _, a := range allowed {
			if s == string(a) {
				*field = a
				return true
			}
		}
		return false
	}}
}

func boolean(field *bool) value {
	return reader{"choice", "true or false", func(s string) bool {
		*field = s == "true"
		return s == "true" || s == "false"
	}}
}

func onOff(field *bool) value {
	return reader{"choice", "on or off", func(s string) bool {
		*field = s == "on"
		return s == "on" || s == "off"
	}}
}

func integer(field *int, low, high int) value {
	return reader{"number", fmt.Sprintf("a whole number from %d to %d", low, high), func(s string) bool {
		n, err := strconv.Atoi(s)
		if err != nil || n < low || n > high {
			return false
		}
		*field = n
		return true
	}}
}

func decimal(field *float64, low, high float64) value {
	want := "a number from " + strconv.FormatFloat(low, 'f', -1, 64) + " to " + strconv.FormatFloat(high, 'f', -1, 64)
	return reader{"number", want, func(s string) bool {
		n, err := strconv.ParseFloat(s, 64)
		if err != nil || math.IsNaN(n) || n < low || n > high {
			return false
		}
		*field = n
		return true
	}}
}

func duration(field *time.Duration, low, high time.Duration) value {
	want := fmt.Sprintf("a duration such as 30s, 15m or 2h, from %s to %s", short(low), short(high))
	return reader{"duration", want, func(s string) bool {
		d, err := time.ParseDuration(s)
		if err != nil || d < low || d > high {
			return false
		}
		*field = d
		return true
	}}
}

func hours(field *Hours) value {
	return reader{"hours", "hours of the day such as 21:00-08:00, or none", func(s string) bool {
		if s == "none" {
			*field = Hours{}
			return true
		}
		from, till, ok := strings.Cut(s, "-")
		if !ok || from == till {
			return false
		}
		for _, at := range []string{from, till} {
			if _, err := time.Parse("15:04", at); err != nil || len(at) != len("15:04") {
				return false
			}
		}
		*field = Hours{from, till}
		return true
	}}
}

// short drops the zero units that Duration prints: 1h, not 1h0m0s.
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

func text(field *string, limit int) value {
	return reader{"text", fmt.Sprintf("text of at most %d bytes without control characters", limit), func(s string) bool {
		if len(s) > limit || !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
			return false
		}
		*field = s
		return true
	}}
}

func word(field *string, limit int) value {
	return reader{"text", fmt.Sprintf("at most %d letters, digits, dots, dashes and underscores", limit), func(s string) bool {
		if len(s) > limit || strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") != "" {
			return false
		}
		*field = s
		return true
	}}
}

func secret(field *Secret, least int) value {
	want := fmt.Sprintf("at least %d characters", least)
	if least == 1 {
		want = "text without control characters"
	}
	return reader{"text", want, func(s string) bool {
		if utf8.RuneCountInString(s) < least || len(s) > 4096 || strings.ContainsFunc(s, unicode.IsControl) {
			return false
		}
		*field = Secret(s)
		return true
	}}
}

func payloadKey(field *Secret) value {
	return reader{"key", "32 bytes in base64 or hex, as openssl rand -base64 32 prints", func(s string) bool {
		key, ok := decodeKey(s)
		if ok {
			*field = key
		}
		return ok
	}}
}

func payloadKeys(field *[]Secret) value {
	return reader{"keys", "at most 20 keys of 32 bytes in base64 or hex, separated by commas", func(s string) bool {
		var keys []Secret
		for text := range strings.SplitSeq(s, ",") {
			key, ok := decodeKey(strings.TrimSpace(text))
			if !ok || len(keys) == 20 {
				return false
			}
			keys = append(keys, key)
		}
		*field = keys
		return true
	}}
}

// decodeKey reads the 32 bytes of a key.
func decodeKey(text string) (Secret, bool) {
	for _, decode := range []func(string) ([]byte, error){hex.DecodeString, base64.StdEncoding.DecodeString} {
		if key, err := decode(text); err == nil && len(key) == 32 {
			return Secret(key), true
		}
	}
	return "", false
}

func databaseURL(field *Secret) value {
	return reader{"URL", "a URL such as postgres://user:password@host:5432/legato?sslmode=require", func(s string) bool {
		u, err := url.Parse(s)
		if err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") || strings.Trim(u.Path, "/") == "" {
			return false
		}
		if u.Hostname() == "" && u.Query().Get("host") == "" { // a socket's folder is given as ?host=
			return false
		}
		*field = Secret(s)
		return true
	}}
}

func webURL(field *string) value {
	return reader{"URL", "an http or https URL without query, fragment or password", func(s string) bool {
		u, err := url.Parse(s)
		if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" {
			return false
		}
		if u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
			return false
		}
		*field = strings.TrimRight(s, "/")
		return true
	}}
}

func origin(field *string) value {
	return reader{"origin", "scheme and host of an http or https URL, such as https://temporal.shop.example", func(s string) bool {
		var whole string
		if !webURL(&whole).read(s) || strings.Count(whole, "/") != 2 {
			return false
		}
		*field = strings.ToLower(whole) // as browsers write it
		return true
	}}
}

func networks(field *[]netip.Prefix) value {
	return reader{"networks", "at most 50 networks such as 10.0.0.0/8, separated by commas", func(s string) bool {
		var all []netip.Prefix
		for text := range strings.SplitSeq(s, ",") {
			network, err := netip.ParsePrefix(strings.TrimSpace(text))
			if err != nil || len(all) == 50 {
				return false
			}
			all = append(all, network)
		}
		*field = all
		return true
	}}
}

func address(field *string) value {
	return reader{"address", "host:port", func(s string) bool {
		host, port, err := net.SplitHostPort(s)
		if err != nil || strings.ContainsAny(host, " \t/") || strings.ContainsFunc(host, unicode.IsControl) {
			return false
		}
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return false
		}
		*field = s
		return true
	}}
}

func mailAddress(field *string) value {
	return reader{"email", "an email address such as hello@shop.example, without a name", func(s string) bool {
		a, err := mail.ParseAddress(s)
		if err != nil || a.Address != s || len(s) > 254 {
			return false
		}
		*field = s
		return true
	}}
}

func level(field *slog.Level) value {
	levels := map[string]slog.Level{
		"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError,
	}
	return reader{"choice", "one of debug, info, warn, error", func(s string) bool {
		l, ok := levels[s]
		if ok {
			*field = l
		}
		return ok
	}}
}
