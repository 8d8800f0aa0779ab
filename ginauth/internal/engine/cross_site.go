package engine

import (
	"net/http"
	"net/url"

	"golang.org/x/net/publicsuffix"
)

// What browsers say about where a request comes from (W3C Fetch Metadata).
const (
	fetchSite = "Sec-Fetch-Site"
	fetchMode = "Sec-Fetch-Mode"
	fetchDest = "Sec-Fetch-Dest"
)

// withCookies is the request as it is for the session: with SameSite None, what another site than a
// trusted one made a browser send counts as sent without cookies, as browsers would treat it with Lax. Most
// browsers do so because the cookie is Partitioned.
func (m *Mount) withCookies(r *http.Request) *http.Request {
	if !m.Cookie.crossSite() || !comesFromAnotherSite(r) || isNavigation(r) || m.trustsOrigin(r) {
		return r
	}
	without := *r
	without.Header = r.Header.Clone()
	without.Header.Del("Cookie")
	return &without
}

// isNavigation says whether a link was followed, with which browsers send Lax cookies.
func isNavigation(r *http.Request) bool {
	return (r.Method == http.MethodGet || r.Method == http.MethodHead) && r.Header.Get(fetchMode) == "navigate" && r.Header.Get(fetchDest) == "document"
}

// trustsOrigin asks the check of unsafe requests, whatever the method is.
func (m *Mount) trustsOrigin(r *http.Request) bool { return m.Origins.Check(asUnsafe(r)) == nil }

// comesFromAnotherSite believes Sec-Fetch-Site, and where there is none, compares the registered
// domains.
func comesFromAnotherSite(r *http.Request) bool {
	if site := r.Header.Get(fetchSite); site != "" {
		return site == "cross-site"
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		return false
	}
	from, err := url.Parse(origin)
	return err != nil || siteOf(hostname(from.Host)) != siteOf(hostname(r.Host))
}

// siteOf is the registered domain, or the host where there is none.
func siteOf(host string) string {
	if site, err := publicsuffix.EffectiveTLDPlusOne(host); err == nil {
		return site
	}
	return host
}
