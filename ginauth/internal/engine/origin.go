package engine

import (
	"net"
	"net/http"
	"net/url"
	"strings"

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

// hostname is the host of a URL or a request: in lower case, without port, the brackets of an IPv6
// address and the final dot of a complete name. A client may leave the brackets out, too.
func hostname(hostport string) string {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil { // there is no port
		host = strings.TrimSuffix(strings.TrimPrefix(hostport, "["), "]")
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// isAbsoluteForm says whether a client chose the host of the request's URL, which redirects of Gin's and of
// the app's may repeat (SEC-142). A server of net/http then takes the Host from there, too. Elsewhere, as in tests and in
// adapters of other servers, URLs have a host as a rule, and it counts when it is not the request's.
func isAbsoluteForm(r *http.Request) bool {
	if r.URL.Host == "" && r.URL.Scheme == "" {
		return false
	}
	_, served := r.Context().Value(http.ServerContextKey).(*http.Server)
	return served || r.URL.Host != r.Host
}
