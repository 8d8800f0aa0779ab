package email

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
)

const (
	// cookieLife is how long a browser may show the page before it sends the form.
	cookieLife = 15 * time.Minute
	// maxPages limits the cookies of a kind, so that planted links cannot fill up the browser's
	// cookies.
	maxPages = 4
)

// pageOf returns the name of a token's page in URLs. The token cannot be computed from it.
func pageOf(t driver.Token) string {
	sum := sha256.Sum256([]byte("page of a mailed link\x00" + t.Reveal()))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// keep moves a token into a cookie and returns its page, or "" if the text is not a token.
func (l link[U]) keep(c *gin.Context, token string) string {
	t, ok := driver.ParseToken(token)
	if !ok {
		return ""
	}
	page := pageOf(t)
	kept := l.pages(c)
	for i, old := range kept {
		if old != page && i <= len(kept)-maxPages { // browsers send the oldest first (RFC 6265, 5.4)
			l.cookie.For(old).Clear(c)
		}
	}
	l.cookie.For(page).Set(c, t.Reveal(), cookieLife)
	return page
}

// forget removes the cookie of a token that was spent.
func (l link[U]) forget(c *gin.Context, token string) {
	if t, ok := driver.ParseToken(token); ok {
		l.cookie.For(pageOf(t)).Clear(c)
	}
}

// pages returns the pages whose cookies the browser has, the oldest first.
func (l link[U]) pages(c *gin.Context) (list []string) {
	for _, k := range c.Request.Cookies() {
		if page, ours := strings.CutPrefix(k.Name, l.cookie.Name()); ours && l.tokenOf(c, page) != "" {
			list = append(list, page)
		}
	}
	return list
}

// tokenOf returns the token of a page, or "" if the browser does not have the page's cookie.
func (l link[U]) tokenOf(c *gin.Context, page string) string {
	sent, _ := l.cookie.For(page).Read(c)
	t, ok := driver.ParseToken(sent)
	if !ok || pageOf(t) != page {
		return ""
	}
	return t.Reveal()
}

// shown returns the token of the page that the request names. If it names none, shown returns the
// newest token, and bound is false.
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
