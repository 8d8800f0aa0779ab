package ginauth

import (
	"net/url"
	"path"
	"strings"

	"github.com/gin-gonic/gin"
)

// maxNext bounds the "next" parameter, in bytes.
const maxNext = 2048

// isLocalPath says whether a browser that is sent to s stays on this site. Browsers read
// "//host", "/\host" and "/<TAB>/host" as another host, where net/url sees a path.
func isLocalPath(s string) bool {
	if len(s) == 0 || len(s) > maxNext || s[0] != '/' || strings.HasPrefix(s, "//") {
		return false
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] == 0x7f || s[i] == '\\' {
			return false
		}
	}
	u, err := url.Parse(s)
	return err == nil && u.Scheme == "" && u.Host == "" && u.User == nil && u.Opaque == ""
}

// prefersHTML says whether the client wants a page rather than JSON.
func prefersHTML(c *gin.Context) bool {
	return c.NegotiateFormat(gin.MIMEJSON, gin.MIMEHTML) == gin.MIMEHTML
}

// isPage says whether a URL is that of a page, as far as Gin's own redirects take one path for another. To
// send a browser from the login page to the login page would never end.
func isPage(wanted *url.URL, page string) bool {
	u, err := url.Parse(page)
	return err == nil && strings.EqualFold(path.Clean(wanted.Path), path.Clean(u.Path))
}

// loginPage is where a browser goes to log in and then come back.
func loginPage(page string, wanted *url.URL) string {
	next := wanted.EscapedPath()
	if wanted.RawQuery != "" {
		next += "?" + wanted.RawQuery
	}
	if !isLocalPath(next) {
		return page
	}
	joint := "?"
	if strings.Contains(page, "?") {
		joint = "&"
	}
	return page + joint + "next=" + url.QueryEscape(next)
}
