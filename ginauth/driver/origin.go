package driver

import "net/netip"

// Origin is the client of a request, as far as it can be known. It is for people
// who look at their sessions, not for decisions.
type Origin struct {
	// Addr is the client's address; invalid when unknown, as on a unix socket.
	Addr netip.Addr
	// UserAgent is what the client calls itself, at most MaxUserAgent bytes of it.
	UserAgent string
}

// MaxUserAgent bounds what is kept of a User-Agent header, in bytes.
const MaxUserAgent = 256

// Prefix returns the network of the client's address: the leading bits4 bits of an IPv4 address, or
// bits6 of an IPv6 address. One client has 32 or 64. It is the zero Prefix, which is invalid, where
// the address is unknown or has fewer bits.
func (o Origin) Prefix(bits4, bits6 int) netip.Prefix {
	addr, bits := o.Addr.Unmap().WithZone(""), bits6
	if addr.Is4() {
		bits = bits4
	}
	return netip.PrefixFrom(addr, bits).Masked()
}
