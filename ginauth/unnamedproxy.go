package ginauth

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
)

// proxyWatch says once, to a logger, that a proxy seems to be in front of the app which no setting names: all of its
// clients would share one budget of attempts, and be one client in lists of sessions.
type proxyWatch struct {
	log  *slog.Logger
	said atomic.Bool
}

// proxyWatches are by logger, so that the mounts of one app say it once. They are made while routes are built.
var proxyWatches sync.Map

func watchProxies(log *slog.Logger) *proxyWatch {
	w, _ := proxyWatches.LoadOrStore(log, &proxyWatch{log: log})
	return w.(*proxyWatch) //nolint:forcetypeassert,errcheck // nothing else is stored
}

// sharedAddresses are the address space between a provider and its customers (RFC 6598), which clouds use inside, too.
var sharedAddresses = netip.MustParsePrefix("100.64.0.0/10")

// isInside says whether an address belongs to no client on the internet.
func isInside(addr netip.Addr) bool {
	return addr.IsPrivate() || addr.IsLoopback() || addr.IsLinkLocalUnicast() || sharedAddresses.Contains(addr)
}

// look costs a request no more than a look at its headers.
func (w *proxyWatch) look(r *http.Request, p proxies) {
	if r.Header[forwardedFor] == nil || w.said.Load() {
		return
	}
	addr, trusted := p.peer(r)
	unix := onUnixSocket(r)
	if trusted || !unix && !isInside(addr) { // strangers may send anything
		return
	}
	if w.said.Swap(true) {
		return
	}
	name, gin := "", "nil"
	if unix {
		name = unixSocket
	} else {
		name = addr.String() + "/32"
		if addr.Is6() {
			name = addr.String() + "/128"
		}
		gin = `[]string{"` + name + `"}`
	}
	w.log.WarnContext(context.WithoutCancel(r.Context()), "ginauth: X-Forwarded-For comes from "+name+", which is not a trusted proxy, so that all clients behind it count as one; "+
		"if it is your proxy, set ginauth's Config.TrustedProxies to []string{\""+name+"\"} and call router.SetTrustedProxies("+gin+") for Gin's ClientIP", "peer", name)
}
