package engine

import (
	"net/http"
	"strings"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/loopback"
)

// Cookie is a cookie with its attributes, under its full name.
type Cookie struct {
	Name, domain  string
	sameSite      http.SameSite
	localhostOnly bool
}

// NewCookie adds the prefix that makes browsers refuse weaker attributes (RFC 6265bis, 4.1.3). With
// localhostOnly there is no prefix: it is for development without TLS, where browsers refuse
// prefixes.
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

// crossSite says whether browsers also send the cookie with requests from other sites.
func (k Cookie) crossSite() bool { return k.sameSite == http.SameSiteNoneMode }

// Set sends a value, to be kept for age. With zero the browser deletes the cookie when it closes.
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

// Value returns the value that the browser sent. It ignores two cookies of the same name, because
// one of them was planted.
func (k Cookie) Value(r *http.Request) (value string, ok bool) {
	found := r.CookiesNamed(k.Name)
	if len(found) != 1 || found[0].Quoted {
		return "", false
	}
	return found[0].Value, true
}

// IsCookieName says whether a name is a token of RFC 9110 with at most 64 characters and no prefix.
func IsCookieName(name string) bool {
	return len(name) <= 64 && !strings.HasPrefix(name, "__") && (&http.Cookie{Name: name, Value: "x", Path: "/"}).Valid() == nil //nolint:gosec // only its name is looked at
}

// NewCookie returns another cookie of the mount, with SameSite=Lax and no Domain.
func (m *Mount) NewCookie(name string) Cookie {
	return NewCookie(name, "", http.SameSiteLaxMode, m.LocalhostOnly)
}

// read returns the digest of the request's token. It ignores two cookies of the same name, because
// one of them was planted.
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

// covers says whether the request's host is in the cookie's domain.
func (k Cookie) covers(r *http.Request) bool {
	host := hostname(r.Host)
	return host == k.domain || strings.HasSuffix(host, "."+k.domain)
}
