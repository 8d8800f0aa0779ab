package ginauth

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"

	"github.com/ginauth/ginauth/ginauth/internal/engine"
	"golang.org/x/net/publicsuffix"
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
	case k.Name == engine.BrowserCookie:
		return errors.New(`Cookie.Name must not be "device": that is the cookie of known browsers`)
	case !engine.IsCookieName(k.Name):
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

func (k Cookie) compile() engine.Cookie {
	return engine.NewCookie(k.Name, k.Domain, k.SameSite, k.InsecureLocalhost)
}

// compileBrowser is the cookie of known browsers: a browser is known to one host.
func (k Cookie) compileBrowser() engine.Cookie {
	return engine.NewCookie(engine.BrowserCookie, "", k.SameSite, k.InsecureLocalhost)
}
