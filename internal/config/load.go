package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
)

// Error is one option that is not as it must be.
type Error struct {
	Name     string // of the variable
	Value    string // as given; empty when it is missing or secret
	Expected string // in words
}

func (e *Error) Error() string {
	if e.Value == "" {
		return e.Name + ": " + e.Expected
	}
	return fmt.Sprintf("%s=%s: %s", e.Name, quote(e.Value), e.Expected)
}

// FromEnvironment loads the process's own environment and refuses LEGATO_ variables that nothing reads.
func FromEnvironment(needs ...string) (Config, error) {
	c, err := Load(os.Getenv, needs...)
	if err = errors.Join(Unknown(os.Environ()), err); err != nil {
		return Config{}, err
	}
	return c, nil
}

// Load fills the table from getenv, which gives an unset variable as "". The error joins an *Error for each
// option that is wrong, so that one attempt shows everything there is to mend.
//
// Whatever is set is checked. What must be set is, without needs, every option that production requires; with
// needs, the named options, in any mode, for commands that use only those.
func Load(getenv func(string) string, needs ...string) (Config, error) {
	var c Config
	var problems []error
	options := table(&c)
	for _, o := range options {
		given := getenv(o.Name)
		chosen := given
		if chosen == "" {
			chosen = o.standard(c.Mode) // LEGATO_MODE is the first of the table
		}
		switch {
		case chosen == "":
			if slices.Contains(needs, o.Name) || o.Required && len(needs) == 0 && c.Mode != Development {
				problems = append(problems, &Error{Name: o.Name, Expected: "not set; expected " + o.value.expected()})
			}
		case !o.value.read(chosen):
			problems = append(problems, wrong(o, given))
		}
	}
	for _, need := range needs {
		if !slices.ContainsFunc(options, func(o Option) bool { return o.Name == need }) {
			return Config{}, fmt.Errorf("%s is no option of Legato", need)
		}
	}
	if c.BaseURL == "" && c.Dev() {
		c.BaseURL = "http://" + c.Listen
	}
	problems = append(problems, together(c)...)
	if len(problems) > 0 {
		return Config{}, errors.Join(problems...)
	}
	return c, nil
}

func wrong(o Option, given string) *Error {
	if o.Secret {
		return &Error{Name: o.Name, Expected: "expected " + o.value.expected() + " (the value is secret and not shown)"}
	}
	return &Error{Name: o.Name, Value: given, Expected: "expected " + o.value.expected()}
}

// together checks what no option can know alone.
func together(c Config) []error {
	var problems []error
	if c.Dev() && c.Listen != "" && !loopback(c.Listen) {
		problems = append(problems, &Error{"LEGATO_LISTEN", c.Listen, "a development server listens on loopback only; expected an address such as 127.0.0.1:8080"})
	}
	if !c.Dev() && c.Speed > 1 {
		problems = append(problems, &Error{"LEGATO_SPEED", strconv.FormatFloat(c.Speed, 'f', -1, 64), "waits pass faster only in development; expected 1"})
	}
	if c.SMTP.Password != "" && c.SMTP.Username == "" {
		problems = append(problems, &Error{Name: "LEGATO_SMTP_USERNAME", Expected: "not set, but LEGATO_SMTP_PASSWORD is; expected both or neither"})
	}
	if c.SMTP.Username != "" && c.SMTP.Password == "" {
		problems = append(problems, &Error{Name: "LEGATO_SMTP_PASSWORD", Expected: "not set, but LEGATO_SMTP_USERNAME is; expected both or neither"})
	}
	if c.SMTP.Password != "" && c.SMTP.TLS == TLSNone && !loopback(c.SMTP.Address) {
		problems = append(problems, &Error{"LEGATO_SMTP_TLS", string(TLSNone), "the password would cross the network unprotected; expected starttls or tls"})
	}
	return problems
}

// loopback reports whether nothing outside this machine can reach the address.
func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// quote shows a hostile value harmlessly: escaped and cut.
func quote(s string) string {
	const most = 80
	if len(s) > most {
		return strconv.Quote(s[:most]) + "..."
	}
	return strconv.Quote(s)
}

// testPrefix starts the names of variables that tests read (internal/testkit); they are no options.
const testPrefix = "LEGATO_TEST_"

// Unknown refuses variables that start with LEGATO_ and that no option reads, as a misspelt one would otherwise
// be silently without effect. environ is a list of name=value as os.Environ gives it.
func Unknown(environ []string) error {
	var names []string
	for _, o := range Options() {
		names = append(names, o.Name)
	}
	var problems []error
	for _, entry := range environ {
		name, _, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, "LEGATO_") || strings.HasPrefix(name, testPrefix) || slices.Contains(names, name) {
			continue
		}
		hint := "legato config lists those there are"
		if near := nearest(name, names); near != "" {
			hint = "did you mean " + near + "?"
		}
		problems = append(problems, &Error{Name: name, Expected: "no such option; " + hint})
	}
	return errors.Join(problems...)
}
