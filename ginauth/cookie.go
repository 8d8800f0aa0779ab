package ginauth

import (
	"crypto/sha256"
	"errors"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/ginauth/ginauth/ginauth/internal/loopback"
)

// Cookie is the session cookie. The zero value is "__Host-session" with Secure, HttpOnly,
// SameSite=Lax and Path=/, gone when the browser closes. The prefix makes browsers refuse
// a Domain or another Path, so there are no options for them (RFC 6265bis, 4.1.3.2).
type Cookie struct {
	// Name without prefix. Default: "session".
	Name string
	// SameSite is Lax or Strict. Default: Lax.
	SameSite http.SameSite
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

func (k Cookie) validate() error {
	if strings.HasPrefix(k.Name, "__") {
		return errors.New("leave the prefix off Cookie.Name: it is added")
	}
	if k.Name == deviceCookie {
		return errors.New(`Cookie.Name must not be "device": that is the cookie of known devices`)
	}
	if len(k.Name) > 64 || (&http.Cookie{Name: k.Name, Value: "x", Path: "/"}).Valid() != nil { //nolint:gosec // only its name is looked at
		return errors.New("Cookie.Name must be a token of RFC 9110 with at most 64 characters")
	}
	if k.SameSite != http.SameSiteLaxMode && k.SameSite != http.SameSiteStrictMode {
		return errors.New("Cookie.SameSite must be Lax or Strict: with None, any site could send the cookie")
	}
	return nil
}

func (k Cookie) compile() cookie {
	if k.InsecureLocalhost {
		return cookie{name: k.Name, sameSite: k.SameSite, localhostOnly: true}
	}
	return cookie{name: "__Host-" + k.Name, sameSite: k.SameSite}
}

// cookie is the session cookie as it is on the wire.
type cookie struct {
	name          string
	sameSite      http.SameSite
	localhostOnly bool
}

// set sends a credential. An age of zero leaves the cookie until the browser closes.
func (k cookie) set(h http.Header, value string, age time.Duration) {
	h.Add("Set-Cookie", k.header(value, int(age/time.Second)))
}

func (k cookie) clear(h http.Header) { h.Add("Set-Cookie", k.header("", -1)) }

func (k cookie) header(value string, maxAge int) string {
	c := http.Cookie{Name: k.name, Value: value, Path: "/", MaxAge: maxAge, Secure: !k.localhostOnly, HttpOnly: true, SameSite: k.sameSite} //nolint:gosec // all three are set; Secure is off on localhost alone
	return c.String()
}

// read returns the digest of the request's token. Two cookies of the name are none: one of
// them was planted.
func (k cookie) read(r *http.Request) (d Digest, sent int, ok bool) {
	found := r.CookiesNamed(k.name)
	if len(found) != 1 || found[0].Quoted {
		return d, len(found), false
	}
	raw, ok := decodeToken(found[0].Value)
	return sha256.Sum256(raw[:]), 1, ok
}

// allows says whether the request's host may use this cookie.
func (k cookie) allows(r *http.Request) bool {
	return !k.localhostOnly || isLoopback(r.Host)
}

func isLoopback(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	return loopback.Is(strings.TrimSuffix(strings.TrimPrefix(strings.TrimSuffix(host, "]"), "["), "."))
}
