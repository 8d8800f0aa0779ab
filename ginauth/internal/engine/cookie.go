package engine

import (
	"net/http"
	"strings"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/loopback"
)

// Cookie is the session cookie as it is on the wire.
type Cookie struct {
	Name, domain  string
	sameSite      http.SameSite
	localhostOnly bool
}

// NewCookie puts the prefix in front of the name by which browsers refuse weaker attributes (RFC 6265bis, 4.1.3).
// LocalhostOnly is for development without TLS, where browsers take no prefix.
func NewCookie(name, domain string, sameSite http.SameSite, localhostOnly bool) Cookie {
	switch {
	case localhostOnly:
	case domain != "":
		name = "__Secure-" + name
	default:
		name = "__Host-" + name
	}
	return Cookie{Name: name, domain: domain, sameSite: sameSite, localhostOnly: localhostOnly}
}

// crossSite: browsers send it with requests of other sites, too.
func (k Cookie) crossSite() bool { return k.sameSite == http.SameSiteNoneMode }

// Set sends a credential. An age of zero leaves the cookie until the browser closes.
func (k Cookie) Set(h http.Header, value string, age time.Duration) {
	h.Add("Set-Cookie", k.header(value, int(age/time.Second)))
}

// Clear makes the browser forget the cookie.
func (k Cookie) Clear(h http.Header) { h.Add("Set-Cookie", k.header("", -1)) }

func (k Cookie) header(value string, maxAge int) string {
	c := http.Cookie{ //nolint:gosec // Secure is off on localhost alone
		Name: k.Name, Value: value, Path: "/", Domain: k.domain, MaxAge: maxAge,
		Secure: !k.localhostOnly, HttpOnly: true, SameSite: k.sameSite, Partitioned: k.crossSite(),
	}
	return c.String()
}

// Value is what the browser sent. Two cookies of the name are none: one of them was planted.
func (k Cookie) Value(r *http.Request) (value string, ok bool) {
	found := r.CookiesNamed(k.Name)
	if len(found) != 1 || found[0].Quoted {
		return "", false
	}
	return found[0].Value, true
}

// IsCookieName says whether a name is a token of RFC 9110 of decent length, without a prefix.
func IsCookieName(name string) bool {
	return len(name) <= 64 && !strings.HasPrefix(name, "__") && (&http.Cookie{Name: name, Value: "x", Path: "/"}).Valid() == nil //nolint:gosec // only its name is looked at
}

// NewCookie is a further cookie of a mount, of its own host and Lax.
func (m *Mount) NewCookie(name string) Cookie {
	return NewCookie(name, "", http.SameSiteLaxMode, m.LocalhostOnly)
}

// read returns the digest of the request's token. Two cookies of the name are none: one of
// them was planted.
func (k Cookie) read(r *http.Request) (d driver.Digest, sent int, ok bool) {
	found := r.CookiesNamed(k.Name)
	if len(found) != 1 || found[0].Quoted {
		return d, len(found), false
	}
	d, ok = driver.ParseDigest(found[0].Value)
	return d, 1, ok
}

// allows says whether the request's host may use this cookie.
func (k Cookie) allows(r *http.Request) bool {
	return !k.localhostOnly || loopback.Is(hostname(r.Host))
}

// covers says whether the request is for a host that may set a cookie of this domain.
func (k Cookie) covers(r *http.Request) bool {
	host := hostname(r.Host)
	return host == k.domain || strings.HasSuffix(host, "."+k.domain)
}
