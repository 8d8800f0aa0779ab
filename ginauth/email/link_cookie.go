package email

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
)

const (
	// cookieLife is how long a browser may look at the page before it sends the form.
	cookieLife = 15 * time.Minute
	// maxPages bounds the cookies of a kind, so that whoever plants links cannot fill the browser's.
	maxPages = 4
)

// pageOf names the page of a token in URLs, where nobody can make the token of it.
func pageOf(t driver.Token) string {
	sum := sha256.Sum256([]byte("page of a mailed link\x00" + t.Reveal()))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// cookiePrefix precedes the page in a cookie's name: each page has its own, so that two that are
// open do not mix, and nobody can plant a token for a page but its own (SEC-187).
func (l link[U]) cookiePrefix() string {
	if l.secure {
		return "__Host-mail-" + string(l.kind) + "-"
	}
	return "mail-" + string(l.kind) + "-"
}

// keep moves a token into a cookie and returns its page; "" for what is no token.
func (l link[U]) keep(c *gin.Context, token string) string {
	t, ok := driver.ParseToken(token)
	if !ok {
		return ""
	}
	page := pageOf(t)
	kept := l.pages(c)
	for i, old := range kept {
		if old != page && i <= len(kept)-maxPages { // browsers send the oldest first (RFC 6265, 5.4)
			l.setCookie(c, old, "", -1)
		}
	}
	l.setCookie(c, page, t.Reveal(), int(cookieLife/time.Second))
	return page
}

// forget removes the cookie of a token that was spent.
func (l link[U]) forget(c *gin.Context, token string) {
	if t, ok := driver.ParseToken(token); ok {
		l.setCookie(c, pageOf(t), "", -1)
	}
}

// setCookie is Lax, since the browser comes from a mail.
func (l link[U]) setCookie(c *gin.Context, page, value string, maxAge int) {
	http.SetCookie(c.Writer, &http.Cookie{ //nolint:gosec // Secure is off on localhost alone
		Name: l.cookiePrefix() + page, Value: value, Path: "/", MaxAge: maxAge,
		Secure: l.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

// pages are those whose cookies the browser has, the oldest first.
func (l link[U]) pages(c *gin.Context) (list []string) {
	for _, k := range c.Request.Cookies() {
		if page, ours := strings.CutPrefix(k.Name, l.cookiePrefix()); ours && l.tokenOf(c, page) != "" {
			list = append(list, page)
		}
	}
	return list
}

// tokenOf is the token that a page stands for, or "" where the browser has no cookie of it, or
// another's.
func (l link[U]) tokenOf(c *gin.Context, page string) string {
	sent := c.Request.CookiesNamed(l.cookiePrefix() + page)
	if len(sent) != 1 {
		return ""
	}
	t, ok := driver.ParseToken(sent[0].Value)
	if !ok || pageOf(t) != page {
		return ""
	}
	return t.Reveal()
}

// shown is the token of the page that the request names. One that names none is about the newest,
// which bound tells.
func (l link[U]) shown(c *gin.Context) (token string, bound bool, err error) {
	page, named := c.GetQuery("page")
	switch list := l.pages(c); {
	case named && page != "":
		token = l.tokenOf(c, page)
		if token == "" {
			return "", true, errLinkCookie
		}
		return token, true, nil
	case named || len(list) == 0:
		return "", true, errLink
	default:
		return l.tokenOf(c, list[len(list)-1]), false, nil
	}
}
