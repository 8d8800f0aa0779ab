package engine

import (
	"net"
	"strings"
)

// hostname is the host of a URL or a request: in lower case, without port, the brackets of an IPv6
// address and the final dot of a complete name. A client may leave the brackets out, too.
func hostname(hostport string) string {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil { // there is no port
		host = strings.TrimSuffix(strings.TrimPrefix(hostport, "["), "]")
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}
