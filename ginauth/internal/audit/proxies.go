package audit

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/internal/proxy"
	"github.com/ginauth/ginauth/ginauth/internal/route"
)

// proxies finds peers whose X-Forwarded-For Gin trusts and a Session does not, or the other way
// round. By default Gin trusts all peers. Without a named proxy that is ignored, because there is
// nothing to compare it with.
func (a audit) proxies() (faults []string) {
	believed := ginTrust{a.engine}
	for _, r := range a.routes {
		for _, session := range r.sessions {
			if session.mount == nil {
				continue
			}
			ours := session.facts.Proxies
			if len(ours.Networks) == 0 && believed.everybody() {
				continue
			}
			if fault := believed.differs(ours); fault != "" && !slices.Contains(faults, fault) {
				faults = append(faults, fault)
			}
		}
	}
	return faults
}

// ginTrust finds out which forwarded addresses an engine trusts.
type ginTrust struct{ engine *gin.Engine }

func (g ginTrust) trusts(peer netip.Addr) bool {
	const client = "192.0.2.254" // an address for documentation (RFC 5737)
	c := gin.CreateTestContextOnly(nil, g.engine)
	c.Request = &http.Request{RemoteAddr: netip.AddrPortFrom(peer, 1).String(), Header: http.Header{proxy.ForwardedFor: {client}}}
	return c.ClientIP() == client
}

func (g ginTrust) everybody() bool {
	return !slices.ContainsFunc(anyPeers, func(peer netip.Addr) bool { return !g.trusts(peer) })
}

// anyPeers has peers of all kinds.
var anyPeers = []netip.Addr{
	netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("172.16.0.1"), netip.MustParseAddr("192.168.0.1"),
	netip.MustParseAddr("203.0.113.7"), netip.MustParseAddr("::1"), netip.MustParseAddr("fd00::1"), netip.MustParseAddr("2001:db8::7"),
}

// differs returns the first peer that Gin and ours treat differently. It tries the edges of all
// networks.
func (g ginTrust) differs(ours proxy.Trusted) string {
	for _, peer := range append(edges(append(g.networks(), ours.Networks...)), anyPeers...) {
		gins, own := g.trusts(peer), ours.Trusts(peer)
		switch {
		case own && !gins:
			return fmt.Sprintf("X-Forwarded-For of %s is believed by Options.TrustedProxies and not by Gin, whose ClientIP is another client: call router.SetTrustedProxies(%s)", peer, ours)
		case gins && !own:
			return fmt.Sprintf("X-Forwarded-For of %s is believed by Gin's ClientIP and not by Options.TrustedProxies: call router.SetTrustedProxies(%s), or add the proxy to TrustedProxies", peer, ours)
		}
	}
	return ""
}

// networks returns the networks that the engine was given, as far as this version of Gin shows
// them.
func (g ginTrust) networks() (found []netip.Prefix) {
	for _, text := range route.TrustedProxies(g.engine) {
		if addr, err := netip.ParseAddr(text); err == nil {
			found = append(found, netip.PrefixFrom(addr, addr.BitLen()))
		} else if prefix, err := netip.ParsePrefix(text); err == nil {
			found = append(found, prefix.Masked())
		}
	}
	return found
}

// edges returns the first and the last address of each network, and their neighbours outside.
func edges(networks []netip.Prefix) (found []netip.Addr) {
	for _, network := range networks {
		first, last := network.Addr(), lastOf(network)
		for _, addr := range []netip.Addr{first, last, first.Prev(), last.Next()} {
			if addr.IsValid() {
				found = append(found, addr)
			}
		}
	}
	return found
}

func lastOf(network netip.Prefix) netip.Addr {
	bytes := network.Addr().AsSlice()
	for bit := network.Bits(); bit < len(bytes)*8; bit++ {
		bytes[bit/8] |= 1 << (7 - bit%8)
	}
	last, _ := netip.AddrFromSlice(bytes)
	return last
}
