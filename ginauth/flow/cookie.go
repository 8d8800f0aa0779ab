package flow

import (
	"fmt"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/internal/engine"
)

// Cookie is a cookie of a way to log in. It has the prefix "__Host-", Secure, HttpOnly, Path=/ and
// SameSite=Lax; with Cookie.InsecureLocalhost it has neither prefix nor Secure. It is safe for
// concurrent use.
type Cookie struct{ cookie engine.Cookie }

// NewCookie returns a cookie with that name, to which it adds the prefix. The name must be a token
// of RFC 9110 with at most 64 characters; otherwise NewCookie returns an error.
func NewCookie[U any](cfg *ginauth.Config[U], name string) (Cookie, error) {
	if err := cfg.Engine().Made(); err != nil {
		return Cookie{}, err
	}
	if !engine.IsCookieName(name) {
		return Cookie{}, fmt.Errorf("flow.NewCookie: %q must be a token of RFC 9110 with at most 64 characters, without prefix", name)
	}
	return Cookie{cfg.Engine().NewCookie(name)}, nil
}

// Name returns the cookie's name with its prefix.
func (k Cookie) Name() string { return k.cookie.Name }

// For returns another cookie, with the suffix in its name, for ceremonies that one browser may have
// open several times. Read accepts any suffix; Set sends nothing if the name is not valid for a
// cookie.
func (k Cookie) For(suffix string) Cookie {
	k.cookie.Name += suffix
	return k
}

// Set sends the cookie with the answer. The browser keeps it for age, in whole seconds; with zero
// it deletes the cookie when it closes. On a copy of a gin.Context, which cannot answer, it only
// writes to the log.
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

// Read returns the cookie's value. It ignores two cookies of the same name, because one of them was
// planted.
func (k Cookie) Read(c *gin.Context) (value string, ok bool) {
	if c.Request == nil {
		return "", false
	}
	return k.cookie.Value(c.Request)
}
