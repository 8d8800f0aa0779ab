package store

import (
	"context"
	"crypto/sha256"
	"net/netip"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// clientOf is clientDigest of who sent the request.
func clientOf(ctx context.Context) []byte {
	cause, _ := driver.CauseOf(ctx)
	return clientDigest(cause.Origin)
}

// clientDigest is what two requests have in common that come from one client: the IPv4 address or IPv6 /64, by which
// attempts are counted too, and the browser.
func clientDigest(o driver.Origin) []byte {
	addr := o.Addr.Unmap().WithZone("")
	bits := 64
	if addr.Is4() {
		bits = 32
	}
	place := ""
	if addr.IsValid() {
		place = netip.PrefixFrom(addr, bits).Masked().String()
	}
	sum := sha256.Sum256([]byte(place + "\n" + cutUserAgent(o.UserAgent)))
	return sum[:]
}
