package webhook

import (
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"syscall"

	"github.com/legato-flow/legato/channel"
)

// reserved are the networks besides those that netip knows by name in which nobody's public server is.
var reserved = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("240.0.0.0/4"),
	// Addresses that carry an IPv4 address, which a translator would unpack.
	netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("2002::/16"), netip.MustParsePrefix("2001::/32"),
}

// public says whether an address may be one of somebody else's public server.
func public(ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	if !ip.IsGlobalUnicast() || ip.IsPrivate() { // loopback, link-local, multicast and unspecified are no global unicast
		return false
	}
	return !slices.ContainsFunc(reserved, func(p netip.Prefix) bool { return p.Contains(ip) })
}

// publicOnly refuses to connect to an address that is not public. It sees the address that the name was resolved to,
// so no name leads around it.
func publicOnly(_, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil || !public(to.Addr()) {
		return channel.Permanentf("the address %s is not public (LEGATO_WEBHOOK_PRIVATE allows it)", address)
	}
	return nil
}

// sameHost follows redirects that repeat the call at the same host. Any other redirect is an answer that refuses.
func sameHost(request *http.Request, via []*http.Request) error {
	first := via[0].URL
	if request.Method != http.MethodPost || len(via) > maxHops || request.URL.Host != first.Host ||
		first.Scheme == "https" && request.URL.Scheme != "https" {
		return http.ErrUseLastResponse
	}
	return nil
}

var headerName = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$")

// ours are the headers that the connection or this package fills.
var ours = []string{"host", "content-length", "transfer-encoding", "connection", "te", "trailer", "upgrade", "expect", "accept-encoding"}

const maxHeader = 4000 // bytes of one value

func checkHeader(name, value string) error {
	lower := strings.ToLower(name)
	switch {
	case !headerName.MatchString(name):
		return channel.Permanentf("%q is not the name of a header", excerptOf(name))
	case slices.Contains(ours, lower) || strings.HasPrefix(lower, "legato-") || strings.HasPrefix(lower, "proxy-"):
		return channel.Permanentf("the header %s cannot be set", name)
	case len(value) > maxHeader:
		return channel.Permanentf("the header %s has %d bytes; at most %d are allowed", name, len(value), maxHeader)
	case strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }):
		return channel.Permanentf("the header %s has a line break or another control character in it", name)
	}
	return nil
}
