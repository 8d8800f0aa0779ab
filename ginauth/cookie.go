package ginauth

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/loopback"
)

// Cookie is the session cookie. The zero value is "__Host-session" with Secure, HttpOnly,
// SameSite=Lax and Path=/, gone when the browser closes. The prefix makes browsers refuse another
// Path, or a Domain, with which the prefix is "__Secure-" (RFC 6265bis, 4.1.3).
type Cookie struct {
	// Name without prefix. Default: "session".
	Name string
	// SameSite is Lax, Strict or None. None is for front ends on another site, which Options.TrustedOrigins must name;
	// the cookie is Partitioned then, so that it is sent under that site alone, and what browsers send for
	// other sites all the same is ignored, as with Lax. Default: Lax.
	SameSite http.SameSite
	// Domain, such as "example.com", shares the session with all its subdomains, of which each can then read
	// and plant it. Default: none, the host that set it alone.
	Domain string
	// InsecureLocalhost is for development without TLS: the cookie loses its prefix and Secure,
	// and every request that is not for localhost or a loopback address is refused with 421.
	InsecureLocalhost bool
}

func (k Cookie) withDefaults() Cookie {
	if k.Name == "" {
		k.Name = "session"
	}
	if k.SameSite == 0 {
		k.SameSite = http.SameSiteLaxMode
	}
	return k
}

// validate also takes whether Options.TrustedOrigins names somebody.
func (k Cookie) validate(trusts bool) error {
	switch {
	case strings.HasPrefix(k.Name, "__"):
		return errors.New("leave the prefix off Cookie.Name: it is added")
	case k.Name == browserCookie:
		return errors.New(`Cookie.Name must not be "device": that is the cookie of known browsers`)
	case len(k.Name) > 64 || (&http.Cookie{Name: k.Name, Value: "x", Path: "/"}).Valid() != nil: //nolint:gosec // only its name is looked at
		return errors.New("Cookie.Name must be a token of RFC 9110 with at most 64 characters")
	case k.SameSite != http.SameSiteLaxMode && k.SameSite != http.SameSiteStrictMode && k.SameSite != http.SameSiteNoneMode:
		return errors.New("Cookie.SameSite must be Lax, Strict or None")
	case k.SameSite == http.SameSiteNoneMode && !trusts:
		return errors.New("Cookie.SameSite is None, which is for front ends on another site: name them in TrustedOrigins, or leave it Lax")
	case k.InsecureLocalhost && (k.SameSite == http.SameSiteNoneMode || k.Domain != ""):
		return errors.New("browsers take a cookie with SameSite None or a Domain over TLS alone: leave Cookie.InsecureLocalhost off, or SameSite and Domain at their defaults in development")
	case k.Domain != "" && !isCookieDomain(k.Domain):
		return fmt.Errorf("Cookie.Domain is %q: it must be a registered domain in lower case, such as example.com, without dot in front, port or scheme", k.Domain)
	}
	return nil
}

// isCookieDomain takes the domains for which browsers take a cookie: none under which strangers register theirs.
func isCookieDomain(domain string) bool {
	if _, err := netip.ParseAddr(domain); err == nil || len(domain) > 253 {
		return false
	}
	for _, label := range strings.Split(domain, ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
	}
	_, err := publicsuffix.EffectiveTLDPlusOne(domain)
	return err == nil
}

func (k Cookie) compile() cookie {
	compiled := cookie{name: k.Name, domain: k.Domain, sameSite: k.SameSite, localhostOnly: k.InsecureLocalhost}
	switch {
	case k.InsecureLocalhost:
	case k.Domain != "":
		compiled.name = "__Secure-" + k.Name
	default:
		compiled.name = "__Host-" + k.Name
	}
	return compiled
}

// cookie is the session cookie as it is on the wire.
type cookie struct {
	name, domain  string
	sameSite      http.SameSite
	localhostOnly bool
}

// crossSite: browsers send it with requests of other sites, too.
func (k cookie) crossSite() bool { return k.sameSite == http.SameSiteNoneMode }

// set sends a credential. An age of zero leaves the cookie until the browser closes.
func (k cookie) set(h http.Header, value string, age time.Duration) {
	h.Add("Set-Cookie", k.header(value, int(age/time.Second)))
}

func (k cookie) clear(h http.Header) { h.Add("Set-Cookie", k.header("", -1)) }

func (k cookie) header(value string, maxAge int) string {
	c := http.Cookie{ //nolint:gosec // Secure is off on localhost alone
		Name: k.name, Value: value, Path: "/", Domain: k.domain, MaxAge: maxAge,
		Secure: !k.localhostOnly, HttpOnly: true, SameSite: k.sameSite, Partitioned: k.crossSite(),
	}
	return c.String()
}

// read returns the digest of the request's token. Two cookies of the name are none: one of
// them was planted.
func (k cookie) read(r *http.Request) (d driver.Digest, sent int, ok bool) {
	found := r.CookiesNamed(k.name)
	if len(found) != 1 || found[0].Quoted {
		return d, len(found), false
	}
	d, ok = driver.ParseDigest(found[0].Value)
	return d, 1, ok
}

// allows says whether the request's host may use this cookie.
func (k cookie) allows(r *http.Request) bool {
	return !k.localhostOnly || loopback.Is(hostname(r.Host))
}

// covers says whether the request is for a host that may set a cookie of this domain.
func (k cookie) covers(r *http.Request) bool {
	host := hostname(r.Host)
	return host == k.domain || strings.HasSuffix(host, "."+k.domain)
}
