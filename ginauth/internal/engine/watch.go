package engine

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"

	"github.com/ginauth/ginauth/ginauth/internal/proxy"
)

// watch logs, once each, mistakes between an app and its proxy or front end that would go
// unnoticed.
type watch struct {
	log                                       *slog.Logger
	saidProxy, saidCrossSite, saidOtherDomain atomic.Bool
}

// watches has one watch per logger, so that the mounts of one app log it once. They are made while
// routes are built.
var watches sync.Map

// WatchFor returns the watch of a logger.
func WatchFor(log *slog.Logger) *watch {
	w, _ := watches.LoadOrStore(log, &watch{log: log})
	return w.(*watch) //nolint:forcetypeassert,errcheck // nothing else is stored
}

func (w *watch) warn(r *http.Request, text string, args ...any) {
	w.log.WarnContext(context.WithoutCancel(r.Context()), text, args...)
}

// sharedAddresses are used between a provider and its customers (RFC 6598), and inside clouds.
var sharedAddresses = netip.MustParsePrefix("100.64.0.0/10")

// isInside says whether an address belongs to no client on the internet.
func isInside(addr netip.Addr) bool {
	return addr.IsPrivate() || addr.IsLoopback() || addr.IsLinkLocalUnicast() || sharedAddresses.Contains(addr)
}

// proxy notices a proxy that no option names: all of its clients would share one budget of
// attempts, and look like one client in lists of sessions. It only looks at the request's headers.
func (w *watch) proxy(r *http.Request, p proxy.Trusted) {
	if r.Header[proxy.ForwardedFor] == nil || w.saidProxy.Load() {
		return
	}
	addr, trusted := p.Peer(r)
	unix := proxy.OnUnixSocket(r)
	if trusted || !unix && !isInside(addr) || w.saidProxy.Swap(true) { // strangers may send anything
		return
	}
	name, gins := proxy.UnixSocket, "nil"
	if !unix {
		name = netip.PrefixFrom(addr, addr.BitLen()).String()
		gins = `[]string{"` + name + `"}`
	}
	w.warn(r, "ginauth: X-Forwarded-For comes from "+name+", which is not a trusted proxy, so all clients behind it count as one; "+
		"if it is your proxy, set ginauth's Options.TrustedProxies to []string{\""+name+"\"} and call router.SetTrustedProxies("+gins+") for Gin's ClientIP", "peer", name)
}

// cookie notices session cookies that the browser will drop, so that every further request gets
// 401.
func (w *watch) cookie(r *http.Request, k Cookie) {
	if k.domain != "" && !k.covers(r) && !w.saidOtherDomain.Swap(true) {
		w.warn(r, "ginauth: Options.Cookie.Domain is "+k.domain+", but a login came for another host, where browsers drop the cookie: "+
			"serve the app under that domain, or correct Cookie.Domain", "host", proxy.Printable(r.Host))
	}
	if !k.crossSite() && comesFromAnotherSite(r) && r.Header.Get(fetchMode) != "navigate" && !w.saidCrossSite.Swap(true) {
		w.warn(r, "ginauth: a front end on another site has logged in, but browsers drop a cookie with SameSite Lax or Strict there, so its next request gets 401: "+
			"set Options.Cookie.SameSite to http.SameSiteNoneMode, beside the front end's origin in TrustedOrigins, or serve both from one site", "origin", proxy.Printable(r.Header.Get("Origin")))
	}
}
