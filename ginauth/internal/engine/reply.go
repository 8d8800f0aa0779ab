package engine

import (
	"log/slog"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/internal/accept"
	"github.com/ginauth/ginauth/ginauth/internal/form"
	"github.com/ginauth/ginauth/ginauth/internal/route"
)

// StateFor returns the request's state for a handler that changes something. It returns an error
// unless the state's Session has the handler's Config.
func (m *Mount) StateFor(c *gin.Context) (*State, error) {
	if err := route.CheckMethod(c, http.MethodPost); err != nil {
		return nil, err
	}
	_, st, err := StateOf(c)
	if err != nil {
		return nil, err
	}
	return st, m.fits(st.Mount)
}

// Welcome answers a login or sign-up. A browser is redirected, to "next" if that is a path of this
// site.
func (m *Mount) Welcome(c *gin.Context, status int, view any) {
	if !m.SendOn(c) {
		Reply(c, status, view)
	}
}

// SendOn redirects the browser of a logged-in user, and says whether it did.
func (m *Mount) SendOn(c *gin.Context) bool {
	if m.Pages.AfterLogin == "" || !Browses(c) {
		return false
	}
	m.redirect(c, m.next(c))
	return true
}

// next returns the page to show after a login.
func (m *Mount) next(c *gin.Context) string {
	next := form.Value(c, "next")
	if next == "" {
		next = c.Query("next")
	}
	prefix := m.prefix(c)
	if !IsLocalPath(next) || !staysIn(prefix, next) {
		return prefix + m.Pages.AfterLogin
	}
	return next
}

// Header returns the header of the answer. If there is no answer, it returns nil and logs that.
func Header(c *gin.Context) http.Header {
	if !answers(c) {
		slog.ErrorContext(requestContext(c), "ginauth: a cookie was for a request without an answer: it is over, or its gin.Context a copy", "route", c.FullPath())
		return nil
	}
	return c.Writer.Header()
}

// Farewell answers a logout. A browser is redirected, other clients get 204.
func (m *Mount) Farewell(c *gin.Context) {
	if m.ClearSiteData != "" {
		c.Header("Clear-Site-Data", m.ClearSiteData)
	}
	if m.Pages.AfterLogout != "" && Browses(c) {
		m.redirect(c, m.prefix(c)+m.Pages.AfterLogout)
		return
	}
	noContent(c)
}

func noContent(c *gin.Context) {
	setReplyHeaders(c.Writer.Header())
	c.Status(http.StatusNoContent)
}

// Reply answers with JSON that nothing may cache or interpret, as ginauth's own handlers do. On a
// copy of a gin.Context, which cannot answer, it only writes to the log.
func Reply(c *gin.Context, status int, body any) {
	if !answers(c) {
		slog.ErrorContext(requestContext(c), "ginauth: a reply was for a request without an answer: it is over, or its gin.Context a copy", "route", c.FullPath())
		return
	}
	setReplyHeaders(c.Writer.Header())
	c.JSON(status, body)
}

// maxNext is the maximum length of the parameter "next", in bytes.
const maxNext = 2048

// IsLocalPath says whether a browser that is redirected to s stays on this site. For browsers
// "//host", "/\host" and "/<TAB>/host" mean another host, where net/url sees a path.
func IsLocalPath(s string) bool {
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

// isPage says whether a URL is that of a page. Paths that Gin's own redirects treat as equal count
// as equal: a redirect from the login page to itself would never end.
func isPage(wanted *url.URL, page string) bool {
	u, err := url.Parse(page)
	return err == nil && strings.EqualFold(path.Clean(wanted.Path), path.Clean(u.Path))
}

// isLoginPage says whether a request is for the login page. It also knows the page if a proxy
// leaves the prefix of BaseURL in the path.
func (m *Mount) isLoginPage(c *gin.Context) bool {
	wanted, prefix := c.Request.URL, m.prefix(c)
	return isPage(wanted, m.Pages.Login) || prefix != "" && isPage(wanted, prefix+m.Pages.Login)
}

// Browses says whether the client may be redirected to a page: it wants a page, and no script is
// asking.
func Browses(c *gin.Context) bool {
	return PrefersHTML(c) && accept.Navigates(c.Request.Header)
}

// staysIn says whether the path of a URL is below a prefix, also after a browser has resolved its
// dots.
func staysIn(prefix, ref string) bool {
	u, err := url.Parse(ref)
	below, err2 := url.PathUnescape(prefix)
	if err != nil || err2 != nil {
		return false
	}
	cleaned := path.Clean(u.Path)
	return cleaned == below || strings.HasPrefix(cleaned, strings.TrimSuffix(below, "/")+"/")
}

// loginPage returns the URL of the login page with the wanted URL as "next". The prefix is the part
// of the path that a proxy has removed.
func loginPage(prefix, page string, wanted *url.URL) string {
	page, next := prefix+page, prefix+wanted.EscapedPath()
	if wanted.RawQuery != "" {
		next += "?" + wanted.RawQuery
	}
	if !IsLocalPath(next) {
		return page
	}
	joint := "?"
	if strings.Contains(page, "?") {
		joint = "&"
	}
	return page + joint + "next=" + url.QueryEscape(next)
}

// PrefersHTML says whether the client prefers a page to JSON, by the weights of its Accept header
// (RFC 9110, 12.5.1). A client without a preference gets JSON.
func PrefersHTML(c *gin.Context) bool {
	return c.Request != nil && accept.HTML(c.Request.Header)
}

// Pages are the paths of the app's pages; package ginauth exports them.
type Pages struct{ Login, AfterLogin, AfterLogout, ChangePassword string }
