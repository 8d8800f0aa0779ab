package engine

import (
	"net"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// Headers in which browsers say where a request comes from (W3C Fetch Metadata).
const (
	fetchSite = "Sec-Fetch-Site"
	fetchMode = "Sec-Fetch-Mode"
	fetchDest = "Sec-Fetch-Dest"
)

// withCookies returns the request without its cookies if SameSite is None and an untrusted site
// made the browser send it. With Lax, browsers would leave them out. Most do so with None too,
// because the cookie is Partitioned.
func (m *Mount) withCookies(r *http.Request) *http.Request {
	if !m.Cookie.crossSite() || !comesFromAnotherSite(r) || isNavigation(r) || m.trustsOrigin(r) {
		return r
	}
	without := *r
	without.Header = r.Header.Clone()
	without.Header.Del("Cookie")
	return &without
}

// keepsCookies says whether the browser keeps the answer's cookies. It does not for an image in a
// page of another site.
func (m *Mount) keepsCookies(r *http.Request) bool {
	return !comesFromAnotherSite(r) || isNavigation(r) || m.Cookie.crossSite() && m.trustsOrigin(r)
}

// isNavigation says whether the user followed a link. Browsers send Lax cookies then.
func isNavigation(r *http.Request) bool {
	return (r.Method == http.MethodGet || r.Method == http.MethodHead) && r.Header.Get(fetchMode) == "navigate" && r.Header.Get(fetchDest) == "document"
}

// trustsOrigin checks the request's origin as for an unsafe method.
func (m *Mount) trustsOrigin(r *http.Request) bool { return m.Origins.Check(asUnsafe(r)) == nil }

// comesFromAnotherSite reads Sec-Fetch-Site. Without that header it compares the registered
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

// siteOf returns the registered domain of a host, or the host if there is none.
func siteOf(host string) string {
	if site, err := publicsuffix.EffectiveTLDPlusOne(host); err == nil {
		return site
	}
	return host
}

// hostname returns the host of a URL or request in lower case, without the port, the brackets of an
// IPv6 address and the final dot of a complete name. A client may also omit the brackets.
func hostname(hostport string) string {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil { // there is no port
		host = strings.TrimSuffix(strings.TrimPrefix(hostport, "["), "]")
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// isAbsoluteForm says whether the client chose the host in the request's URL, which redirects of
// Gin and of the app may repeat (SEC-142). A net/http server then takes Host from there too.
// Elsewhere, as in tests and adapters of other servers, URLs usually have a host; it counts if it
// differs from the request's.
func isAbsoluteForm(r *http.Request) bool {
	if r.URL.Host == "" && r.URL.Scheme == "" {
		return false
	}
	_, served := r.Context().Value(http.ServerContextKey).(*http.Server)
	return served || r.URL.Host != r.Host
}
