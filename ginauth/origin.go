package ginauth

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// RequestOrigin returns the client of a request, seen through the proxies of
// Options.TrustedProxies where Session covers the route.
func RequestOrigin(c *gin.Context) driver.Origin {
	m := &unmounted
	if st := attached(c); st != nil {
		m = st.m
	}
	return m.proxies.origin(c.Request)
}

// unixSocket is the name of the peers of a unix socket, which have no address.
const unixSocket = "unix"

// proxies are the peers whose X-Forwarded-For is believed.
type proxies struct {
	networks []netip.Prefix
	unix     bool
}

func parseProxies(names []string) (p proxies, err error) {
	for _, name := range names {
		if name == unixSocket {
			p.unix = true
			continue
		}
		prefix, err := netip.ParsePrefix(name)
		if err != nil {
			return p, fmt.Errorf("the trusted proxy %q must be a network such as 10.0.0.0/8, or %q for the peers of a unix socket", name, unixSocket)
		}
		if prefix.Addr().Is4In6() {
			return p, fmt.Errorf("the trusted proxy %q must be written as an IPv4 network", name)
		}
		if prefix.Bits() == 0 {
			return p, fmt.Errorf("the trusted proxy %q would trust everybody", name)
		}
		p.networks = append(p.networks, prefix.Masked())
	}
	return p, nil
}

func (p proxies) trusts(addr netip.Addr) bool {
	return slices.ContainsFunc(p.networks, func(network netip.Prefix) bool { return network.Contains(addr) })
}

// origin walks X-Forwarded-For from the right while the address before is a trusted proxy's.
func (p proxies) origin(r *http.Request) driver.Origin {
	if r == nil {
		return driver.Origin{}
	}
	o := driver.Origin{UserAgent: cleanUserAgent(r.UserAgent())}
	var trusted bool
	o.Addr, trusted = p.peer(r)
	forwarded := strings.Split(strings.Join(r.Header.Values(forwardedFor), ","), ",")
	for i := len(forwarded) - 1; i >= 0 && trusted; i-- {
		before, err := parseForwarded(strings.TrimSpace(forwarded[i]))
		if err != nil {
			break
		}
		o.Addr = before.Unmap().WithZone("")
		trusted = p.trusts(o.Addr)
	}
	return o
}

// peer is the other end of the connection, which has no address on a unix socket.
func (p proxies) peer(r *http.Request) (addr netip.Addr, trusted bool) {
	if onUnixSocket(r) {
		return addr, p.unix
	}
	if peer, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		addr = peer.Addr().Unmap().WithZone("")
	}
	return addr, p.trusts(addr)
}

// onUnixSocket believes the listener, and where there is none, as in tests, the peer's name on a unix socket.
func onUnixSocket(r *http.Request) bool {
	if local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok {
		return strings.HasPrefix(local.Network(), "unix")
	}
	return r.RemoteAddr == "@"
}

const forwardedFor = "X-Forwarded-For" // in canonical form

// parseForwarded takes an address alone, and one with the client's port, as some proxies send it.
func parseForwarded(s string) (netip.Addr, error) {
	if withPort, err := netip.ParseAddrPort(s); err == nil {
		return withPort.Addr(), nil
	}
	if len(s) > 2 && s[0] == '[' && s[len(s)-1] == ']' {
		s = s[1 : len(s)-1]
	}
	return netip.ParseAddr(s)
}

// cleanUserAgent keeps printable ASCII, so that the value is harmless in a log, a page or a database.
func cleanUserAgent(s string) string {
	s = s[:min(len(s), driver.MaxUserAgent)]
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s)
}
