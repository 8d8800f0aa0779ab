package jwt

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
)

const (
	cookiePrefix = "__Host-"
	// maxCookie is the longest cookie that browsers keep, name and value (RFC 6265, 6.1; SEC-55).
	maxCookie = 4096
)

// CookieOptions configure the cookie that holds a token. It is "__Host-token" with Secure,
// HttpOnly, SameSite=Lax and Path=/, which browsers accept over https only.
type CookieOptions struct {
	// Name is the cookie's name without its prefix. Default: "token".
	Name string
	// SameSite is Lax or Strict. Default: Lax.
	SameSite http.SameSite
}

func (k CookieOptions) withDefaults() CookieOptions {
	k.Name = cmp.Or(k.Name, "token")
	k.SameSite = cmp.Or(k.SameSite, http.SameSiteLaxMode)
	return k
}

func (k CookieOptions) validate() error {
	if strings.HasPrefix(k.Name, "__") {
		return errors.New("leave the prefix off CookieOptions.Name: it is added")
	}
	if len(k.Name) > 64 || (&http.Cookie{Name: k.Name, Value: "x"}).Valid() != nil { //nolint:gosec // only its name is looked at
		return errors.New("CookieOptions.Name must be a token of RFC 9110 with at most 64 characters")
	}
	if k.SameSite != http.SameSiteLaxMode && k.SameSite != http.SameSiteStrictMode {
		return errors.New("CookieOptions.SameSite must be Lax or Strict: with None, any site could send the cookie")
	}
	return nil
}

func (k CookieOptions) name() string { return cookiePrefix + k.Name }

// Cookie returns the backend that reads a token from a cookie, as Login sends it. A request without
// that cookie has no credentials of its kind. A request with two such cookies has bad credentials,
// because one of them was planted. If both are used, put it after Bearer. It panics when cfg is nil
// or the options cannot work.
func Cookie[U any](cfg *ginauth.Config[U], o BackendOptions[U], k CookieOptions) ginauth.Backend[U] {
	k = k.withDefaults()
	if err := k.validate(); err != nil {
		panic(fmt.Sprintf("jwt.Cookie: %v", err)) //nolint:forbidigo // construction
	}
	refuseHeader("Cookie", o)
	read := func(c *gin.Context) (string, error) { return k.read(c.Request) }
	return newBackend("Cookie", cfg, o, read, ginauth.Scheme{
		Name: "TokenCookie", Description: "A JSON web token in a cookie.",
		Type: "apiKey", In: "cookie", Parameter: k.name(),
	})
}

func (k CookieOptions) read(r *http.Request) (string, error) {
	found := r.CookiesNamed(k.name())
	switch {
	case len(found) == 0:
		return "", ginauth.ErrNoCredentials
	case len(found) > 1:
		return "", bad("there are two cookies of the token's name")
	case found[0].Quoted:
		return "", bad("the cookie's value is quoted")
	}
	return found[0].Value, nil
}

var errCookieTooLarge = errors.New("the token is too large for a cookie: give it fewer claims")

func (k CookieOptions) set(h http.Header, token string, age time.Duration) error {
	if len(k.name())+len(token) > maxCookie {
		return errCookieTooLarge
	}
	h.Add("Set-Cookie", k.Cookie(token, age).String())
	return nil
}

func (k CookieOptions) clear(h http.Header) { h.Add("Set-Cookie", k.Cookie("", -1).String()) }

// Cookie returns the cookie that Login sends for a token, for handlers of your own that set or read
// it. Its Name has the prefix. Browsers keep it for age, in whole seconds, and drop it if age is
// negative.
func (k CookieOptions) Cookie(token string, age time.Duration) *http.Cookie {
	k = k.withDefaults()
	maxAge := int(age / time.Second)
	if age < 0 {
		maxAge = -1
	}
	return &http.Cookie{Name: k.name(), Value: token, Path: "/", MaxAge: maxAge, Secure: true, HttpOnly: true, SameSite: k.SameSite} //nolint:gosec // SameSite is Lax or Strict: validate looked
}
