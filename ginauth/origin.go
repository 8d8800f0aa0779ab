package ginauth

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"

	"github.com/gin-gonic/gin"
)

// maxUserAgent bounds what is kept of a client's User-Agent, in bytes.
const maxUserAgent = 256

// Origin is the client of a request, as far as it can be known. It is for people
// who look at their sessions, not for decisions.
type Origin struct {
	// Addr is the client's address; invalid when unknown, as on a unix socket.
	Addr netip.Addr
	// UserAgent is the client's own word, at most 256 bytes of it.
	UserAgent string
}

// RequestOrigin returns the client of a request, seen through the proxies of
// Config.TrustedProxies where Session covers the route.
func RequestOrigin(c *gin.Context) Origin {
	m := &unmounted
	if st := attached(c); st != nil {
		m = st.m
	}
	return m.proxies.origin(c.Request)
}

type proxies []netip.Prefix

func parseProxies(cidrs []string) (proxies, error) {
	parsed := make(proxies, 0, len(cidrs))
	for _, cidr := range cidrs {
		prefix, err := netip.ParsePrefix(cidr)
		if err != nil {
			return nil, fmt.Errorf("the trusted proxy %q must be a network such as 10.0.0.0/8", cidr)
		}
		if prefix.Addr().Is4In6() {
			return nil, fmt.Errorf("the trusted proxy %q must be written as an IPv4 network", cidr)
		}
		if prefix.Bits() == 0 {
			return nil, fmt.Errorf("the trusted proxy %q would trust everybody", cidr)
		}
		parsed = append(parsed, prefix.Masked())
	}
	return parsed, nil
}

func (p proxies) trusts(addr netip.Addr) bool {
	for _, prefix := range p {
		if prefix.Contains(addr) {
			return true
		}
	}
	return false
}

// origin walks X-Forwarded-For from the right while the address before is a trusted proxy's.
func (p proxies) origin(r *http.Request) Origin {
	if r == nil {
		return Origin{}
	}
	o := Origin{UserAgent: cleanUserAgent(r.UserAgent())}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return o
	}
	o.Addr = peer.Addr().Unmap().WithZone("")
	forwarded := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(forwarded) - 1; i >= 0 && p.trusts(o.Addr); i-- {
		before, err := parseForwarded(strings.TrimSpace(forwarded[i]))
		if err != nil {
			break
		}
		o.Addr = before.Unmap().WithZone("")
	}
	return o
}

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
	s = s[:min(len(s), maxUserAgent)]
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s)
}
