package flow

import (
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// Limits on what goes out.
const (
	maxAddress    = 254 // characters
	maxRecipients = 20
	maxHeaders    = 50
	maxHeader     = 4_000 // bytes of a value
	maxParameters = 50
)

// fault is what is wrong with a value, and what to do instead; no message is a good value.
type fault struct {
	message string
	hint    string
}

// sound reports what is wrong at a place, if anything is, and says whether nothing is.
func (r *reader) sound(n *node, f fault) bool {
	if f.message != "" {
		r.fail(n, f.hint, "%s", f.message)
	}
	return f.message == ""
}

// checkAddress holds an email address to the form name@host, without a display name and without Liquid.
func checkAddress(what, s string) fault {
	parsed, err := mail.ParseAddress(s)
	if err != nil || parsed.Address != s || parsed.Name != "" || len(s) > maxAddress || strings.ContainsAny(s, " <>\",{}\r\n") {
		return fault{fmt.Sprintf("%s must be an email address, not %s", what, quoted(s)), "for example hello@shop.example"}
	}
	return fault{}
}

// address reads an email address.
func (r *reader) address(n *node, what string) string {
	s := r.string(n, what, maxName*2)
	if s == "" || !r.sound(n, checkAddress(what, s)) {
		return ""
	}
	return s
}

// checkWebhookURL allows https everywhere, and http to this machine, for development.
func checkWebhookURL(s string) fault {
	const hint = "for example https://hooks.shop.example/orders"
	u, err := url.Parse(s)
	switch {
	case len(s) > maxURL:
		return fault{fmt.Sprintf("url has %d characters, the limit is %d", len(s), maxURL), ""}
	case err != nil || u.Host == "" || u.Hostname() == "" || u.Opaque != "" || u.Scheme != "http" && u.Scheme != "https":
		return fault{"url must begin with https:// and name a host", hint}
	case u.User != nil:
		return fault{"url must not contain a user name or password", "put it into headers: {Authorization: …}"}
	case u.Fragment != "" || strings.Contains(s, "#"):
		return fault{"url must not contain a #: what follows it is never sent", ""}
	case strings.ContainsAny(s, "{} \\"):
		return fault{"url must not contain blanks, braces or backslashes: there is no Liquid in it", ""}
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return fault{"url must begin with https://; only a host on this machine, such as localhost, may have http://", ""}
	}
	return fault{}
}

// loopback says whether a host is this machine by its name alone.
func loopback(host string) bool {
	return host == "localhost" || host == "127.0.0.1" || net.ParseIP(host).Equal(net.IPv6loopback)
}

// ownHeaders are set by whoever sends the request.
var ownHeaders = []string{
	"connection", "content-encoding", "content-length", "host", "keep-alive", "proxy-connection", "te", "trailer",
	"transfer-encoding", "upgrade",
}

// headerPattern is a token of RFC 9110.
var headerPattern = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")

// checkHeader refuses what would break a request or belongs to whoever sends it.
func checkHeader(name, value string) fault {
	lower := strings.ToLower(name)
	switch {
	case len(name) > maxName || !headerPattern.MatchString(name):
		return fault{fmt.Sprintf("%s cannot be the name of a header", quoted(name)), "letters, digits and - make one: X-Shop"}
	case slices.Contains(ownHeaders, lower):
		return fault{fmt.Sprintf("the header %s cannot be set: it belongs to the connection", name), ""}
	case strings.HasPrefix(lower, "legato-"):
		return fault{fmt.Sprintf("the header %s cannot be set: it belongs to the signature", name), ""}
	case len(value) > maxHeader:
		return fault{fmt.Sprintf("the header %s has %d bytes, the limit is %d", name, len(value), maxHeader), ""}
	case strings.ContainsFunc(value, unicode.IsControl):
		return fault{fmt.Sprintf("the header %s contains a line break or another control character", name), ""}
	}
	return fault{}
}
