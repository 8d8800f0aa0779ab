// Package proxy finds the client of a request behind trusted proxies.
package proxy

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// UnixSocket is the name for the peers of a unix socket, which have no address.
const UnixSocket = "unix"

// Trusted are the peers whose X-Forwarded-For is trusted.
type Trusted struct {
	Networks []netip.Prefix
	Unix     bool
}

// Parse reads networks as in ginauth.Options.TrustedProxies.
func Parse(names []string) (p Trusted, err error) {
	for _, name := range names {
		if name == UnixSocket {
			p.Unix = true
			continue
		}
		prefix, err := netip.ParsePrefix(name)
		if err != nil {
			return p, fmt.Errorf("the trusted proxy %q must be a network such as 10.0.0.0/8, or %q for the peers of a unix socket", name, UnixSocket)
		}
		if prefix.Addr().Is4In6() {
			return p, fmt.Errorf("the trusted proxy %q must be written as an IPv4 network", name)
		}
		if prefix.Bits() == 0 {
			return p, fmt.Errorf("the trusted proxy %q would trust everybody", name)
		}
		p.Networks = append(p.Networks, prefix.Masked())
	}
	return p, nil
}

// Trusts says whether the address is in one of the networks.
func (p Trusted) Trusts(addr netip.Addr) bool {
	return slices.ContainsFunc(p.Networks, func(network netip.Prefix) bool { return network.Contains(addr) })
}

// Origin returns the client: it goes through X-Forwarded-For from the right as long as the last
// address is a trusted proxy.
func (p Trusted) Origin(r *http.Request) driver.Origin {
	if r == nil {
		return driver.Origin{}
	}
	o := driver.Origin{UserAgent: Printable(r.UserAgent())}
	var trusted bool
	o.Addr, trusted = p.Peer(r)
	forwarded := strings.Split(strings.Join(r.Header.Values(ForwardedFor), ","), ",")
	for i := len(forwarded) - 1; i >= 0 && trusted; i-- {
		before, err := parseForwarded(strings.TrimSpace(forwarded[i]))
		if err != nil {
			break
		}
		o.Addr = before.Unmap().WithZone("")
		trusted = p.Trusts(o.Addr)
	}
	return o
}

// Peer returns the other end of the connection, which has no address on a unix socket.
func (p Trusted) Peer(r *http.Request) (addr netip.Addr, trusted bool) {
	if OnUnixSocket(r) {
		return addr, p.Unix
	}
	if peer, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		addr = peer.Addr().Unmap().WithZone("")
	}
	return addr, p.Trusts(addr)
}

// OnUnixSocket asks the listener. Without one, as in tests, it recognises a unix socket by the
// peer's name.
func OnUnixSocket(r *http.Request) bool {
	if local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok {
		return strings.HasPrefix(local.Network(), "unix")
	}
	return r.RemoteAddr == "@"
}

// ForwardedFor names the header.
const ForwardedFor = "X-Forwarded-For" // in canonical form

// parseForwarded reads an address without a port, or with the client's port, as some proxies send
// it.
func parseForwarded(s string) (netip.Addr, error) {
	if withPort, err := netip.ParseAddrPort(s); err == nil {
		return withPort.Addr(), nil
	}
	if len(s) > 2 && s[0] == '[' && s[len(s)-1] == ']' {
		s = s[1 : len(s)-1]
	}
	return netip.ParseAddr(s)
}

// Printable keeps printable ASCII, so that the value is harmless in a log, a page or a database.
func Printable(s string) string {
	s = s[:min(len(s), driver.MaxUserAgent)]
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s)
}

// String returns the networks in a form for SetTrustedProxies.
func (p Trusted) String() string {
	if len(p.Networks) == 0 {
		return "nil"
	}
	quoted := make([]string, len(p.Networks))
	for i, network := range p.Networks {
		quoted[i] = fmt.Sprintf("%q", network)
	}
	return "[]string{" + strings.Join(quoted, ", ") + "}"
}
