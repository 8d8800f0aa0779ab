package driver

import "net/netip"

// Origin is the client of a request, as far as it is known. It is for people who look at their
// sessions, not for decisions.
type Origin struct {
	// Addr is the client's address; it is invalid if unknown, as on a unix socket.
	Addr netip.Addr
	// UserAgent is the client's User-Agent header, cut to MaxUserAgent bytes.
	UserAgent string
}

// MaxUserAgent is the maximum length of a stored User-Agent header, in bytes.
const MaxUserAgent = 256

// Prefix returns the network of the client's address: the first bits4 bits of an IPv4 address, or
// bits6 of an IPv6 address. One client usually has 32 or 64. It returns the zero Prefix, which is
// invalid, if the address is unknown or has fewer bits.
func (o Origin) Prefix(bits4, bits6 int) netip.Prefix {
	addr, bits := o.Addr.Unmap().WithZone(""), bits6
	if addr.Is4() {
		bits = bits4
	}
	return netip.PrefixFrom(addr, bits).Masked()
}
