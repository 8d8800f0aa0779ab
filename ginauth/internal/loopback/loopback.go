// Package loopback says which hosts are this machine, where no other machine can listen.
package loopback

import (
	"net/netip"
	"strings"
)

// Is says whether a host, without a port, is this machine: a name of RFC 6761, 6.3, or an address
// of RFC 1122, 3.2.1.3 (g), or RFC 4291, 2.5.3. It does not use DNS.
func Is(host string) bool {
	host = strings.ToLower(host)
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}
