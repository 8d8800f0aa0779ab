package driver

import "net/netip"

// Origin is the client of a request, as far as it can be known. It is for people
// who look at their sessions, not for decisions.
type Origin struct {
	// Addr is the client's address; invalid when unknown, as on a unix socket.
	Addr netip.Addr
	// UserAgent is the client's own word, at most 256 bytes of it.
	UserAgent string
}
