package ginauth

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/ginauth/ginauth/ginauth/internal/engine"
)

// Cookie configures the session cookie. The zero value is "__Host-session" with Secure, HttpOnly,
// SameSite=Lax and Path=/, which browsers delete when they close. The prefix "__Host-" makes
// browsers refuse any other Path and any Domain (RFC 6265bis, 4.1.3). With a Domain the prefix is
// "__Secure-".
type Cookie struct {
	// Name is the cookie's name without its prefix. Default: "session".
	Name string
	// SameSite is Lax, Strict or None. None is for front ends on another site, which
	// Options.TrustedOrigins must name. The cookie is then Partitioned, so that browsers send it
	// under that site only. If a browser still sends it from any other site, it is ignored, as with
	// Lax. Default: Lax.
	SameSite http.SameSite
	// Domain, such as "example.com", shares the session with all its subdomains. Each of them can
	// then read and set the cookie. Default: none, only the host that set the cookie gets it.
	Domain string
	// InsecureLocalhost is for development without TLS. The cookie loses its prefix and Secure, and
	// every request for a host other than localhost or a loopback address is refused with 421.
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

// validate needs to know whether Options.TrustedOrigins has any entries.
func (k Cookie) validate(trusts bool) error {
	switch {
	case strings.HasPrefix(k.Name, "__"):
		return errors.New("leave the prefix off Cookie.Name: it is added")
	case k.Name == engine.BrowserCookie:
		return errors.New(`Cookie.Name must not be "device": that is the cookie of known browsers`)
	case !engine.IsCookieName(k.Name):
		return errors.New("Cookie.Name must be a token of RFC 9110 with at most 64 characters")
	case k.SameSite != http.SameSiteLaxMode && k.SameSite != http.SameSiteStrictMode && k.SameSite != http.SameSiteNoneMode:
		return errors.New("Cookie.SameSite must be Lax, Strict or None")
	case k.SameSite == http.SameSiteNoneMode && !trusts:
		return errors.New("Cookie.SameSite is None, which is for front ends on another site: name them in TrustedOrigins, or leave it Lax")
	case k.InsecureLocalhost && (k.SameSite == http.SameSiteNoneMode || k.Domain != ""):
		return errors.New("browsers accept a cookie with SameSite None or a Domain over TLS only: leave Cookie.InsecureLocalhost off, or SameSite and Domain at their defaults in development")
	case k.Domain != "" && !isCookieDomain(k.Domain):
		return fmt.Errorf("Cookie.Domain is %q: it must be a registered domain in lower case, such as example.com, without dot in front, port or scheme", k.Domain)
	}
	return nil
}

// isCookieDomain accepts the domains that browsers accept for cookies. It refuses public suffixes
// such as "co.uk", below which anybody can register a domain.
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

func (k Cookie) compile() engine.Cookie {
	return engine.NewCookie(k.Name, k.Domain, k.SameSite, k.InsecureLocalhost)
}

// compileBrowser makes the cookie of known browsers. It has no Domain: a browser is known to one
// host.
func (k Cookie) compileBrowser() engine.Cookie {
	return engine.NewCookie(engine.BrowserCookie, "", k.SameSite, k.InsecureLocalhost)
}
