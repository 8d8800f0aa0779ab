package flow

import (
	"fmt"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/internal/engine"
)

// Cookie is a cookie of a way to log in, by the rules of the session's: with the prefix "__Host-", Secure, HttpOnly,
// Path=/ and SameSite=Lax, and with Cookie.InsecureLocalhost neither prefix nor Secure. It is safe for concurrent use.
type Cookie struct{ cookie engine.Cookie }

// NewCookie returns the cookie of a name, to which the prefix is added. It returns an error for a name that is no token of
// RFC 9110 or is longer than 64 characters.
func NewCookie[U any](cfg *ginauth.Config[U], name string) (Cookie, error) {
	if err := cfg.Engine().Made(); err != nil {
		return Cookie{}, err
	}
	if !engine.IsCookieName(name) {
		return Cookie{}, fmt.Errorf("flow.NewCookie: %q must be a token of RFC 9110 with at most 64 characters, without prefix", name)
	}
	return Cookie{cfg.Engine().NewCookie(name)}, nil
}

// Name is the cookie's with its prefix.
func (k Cookie) Name() string { return k.cookie.Name }

// For returns a further cookie, whose name has the suffix, for ceremonies of which a browser may have several open. Read
// takes any suffix; Set sends nothing under one that makes no name of a cookie.
func (k Cookie) For(suffix string) Cookie {
	k.cookie.Name += suffix
	return k
}

// Set makes the answer bring the cookie, which the browser keeps for age, in whole seconds; zero is until it closes. On a
// copy of a gin.Context, which has no answer, it does nothing but tell the log.
func (k Cookie) Set(c *gin.Context, value string, age time.Duration) {
	if h := engine.Header(c); h != nil {
		k.cookie.Set(h, value, age)
	}
}

// Clear makes the browser forget the cookie.
func (k Cookie) Clear(c *gin.Context) {
	if h := engine.Header(c); h != nil {
		k.cookie.Clear(h)
	}
}

// Read returns the cookie's value. Two cookies of the name are none: one of them was planted.
func (k Cookie) Read(c *gin.Context) (value string, ok bool) {
	if c.Request == nil {
		return "", false
	}
	return k.cookie.Value(c.Request)
}
