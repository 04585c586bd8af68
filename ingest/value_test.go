package ingest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/legato-flow/legato/ingest"
)

func TestEmailsAreChecked(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"ada@example.com": "ada@example.com", " Ada.L+x@Sub.Example.co.uk ": "Ada.L+x@Sub.Example.co.uk", "o'neil@xn--mnchen-3ya.de": "o'neil@xn--mnchen-3ya.de",
		"": "", "ada": "", "ada@": "", "@example.com": "", "ada@localhost": "", "a@@example.com": "", "a@b@example.com": "", "a..b@example.com": "",
		".a@example.com": "", "a.@example.com": "", "a b@example.com": "", "a@exa mple.com": "", "a@-x.com": "", "a@x-.com": "", "a@x..com": "", "a@x.com.": "",
		"ada@münchen.de": "", "a@x.com\r\nBcc: b@x.com": "", "<a@x.com>": "", "a\x00@x.com": "", strings.Repeat("a", 65) + "@example.com": "",
		"a@" + strings.Repeat("a", 64) + ".com": "",
	} {
		got, err := ingest.ParseEmail(in)
		if err != nil {
			got = ""
		}
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
}

func TestPhoneNumbersAreChecked(t *testing.T) {
	t.Parallel()
	for in, good := range map[string]bool{
		"+15005550006": true, "+12345678901": true, "+4915112345678": true, "+442079460958": true,
		"": false, "15005550006": false, "+1": false, "+1500555000": false, "+150055500061234567": false, "+1 500 555 0006": false,
		"+999123456789": false, "+49abc": false, "++15005550006": false, "555-1234": false, "+000000000": false,
	} {
		if got, err := ingest.ParsePhone(in); (err == nil) != good || good && got != in {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
}

func TestTimesOfEventsAreChecked(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"2026-11-08T09:30:00+01:00": "2026-11-08T08:30:00Z", "2026-11-08T09:30:00.987654Z": "2026-11-08T09:30:00Z", "2026-11-08T09:30:00": "2026-11-08T09:30:00Z",
		"2026-11-08": "2026-11-08T00:00:00Z", "1990-01-01T00:00:00Z": "1990-01-01T00:00:00Z", "2027-11-24T10:00:00Z": "2027-11-24T10:00:00Z",
		"2026-11-08T09:30:00+0100": "2026-11-08T08:30:00Z",
		"1989-12-31T23:59:59Z":     "", "2027-11-24T10:00:01Z": "", "": "", "1762594200": "", "2026-11-08t09:30:00z": "", "2026-11-08 09:30:00": "",
		"11/08/2026": "", "2026-02-30": "", "2026-11-08T25:00:00Z": "", "tomorrow": "", "2026-11-08T09:30:00,5Z": "",
	} {
		got, err := ingest.ParseTime(in, now.Truncate(1e9))
		s := ""
		if err == nil {
			s = got.Format("2006-01-02T15:04:05.999Z07:00")
		}
		if s != want {
			t.Errorf("%q: %q, %v; want %q", in, s, err, want)
		}
	}
}

func FuzzParseTime(f *testing.F) {
	for _, seed := range []string{"2026-11-08T09:30:00+01:00", "2026-11-08T09:30:00.987654Z", "2026-11-08", "1990-01-01T00:00:00Z", "2026-11-08T09:30:00+0100", "2026-11-08T24:00:00Z", "0000-01-01", "9999-12-31T23:59:59+23:59", "2026-11-08T09:30:60Z"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		at, err := ingest.ParseTime(s, now)
		if err != nil {
			if len(err.Error()) > 200 {
				t.Fatalf("a long error: %v", err)
			}
			return
		}
		if at.Year() < 1990 || at.After(now.AddDate(1, 0, 0)) || at.Nanosecond() != 0 || at.Location() != time.UTC {
			t.Fatalf("%q is %s", s, at)
		}
		again, err := ingest.ParseTime(at.Format(time.RFC3339), now)
		if err != nil || !again.Equal(at) {
			t.Fatalf("%q is %s, and that %s, %v", s, at, again, err)
		}
	})
}

func FuzzParseIdentifiers(f *testing.F) {
	for _, seed := range []string{"ada@example.com", " Ada.L+x@Sub.Example.co.uk ", "+15005550006", "+4915112345678", "", "a@b.c", "\x00", "a@x.com\r\nBcc: b@x.com"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for name, parse := range map[string]func(string) (string, error){"email": ingest.ParseEmail, "phone": ingest.ParsePhone, "currency": ingest.ParseCurrency} {
			good, err := parse(s)
			if err != nil {
				continue
			}
			if strings.ContainsAny(good, "\x00\r\n\t <>\",;") || len(good) > 254 {
				t.Fatalf("%q is the %s %q", s, name, good)
			}
			if again, err := parse(good); err != nil || again != good {
				t.Fatalf("%q is the %s %q, and that %q, %v", s, name, good, again, err)
			}
		}
	})
}
