package engine

import (
	"log/slog"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/internal/form"
	"github.com/ginauth/ginauth/ginauth/internal/route"
)

// StateFor returns the request's state for a handler that changes something, if it was
// made from the handler's own configuration.
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

// Welcome answers a login or sign-up: a browser is sent on, to "next" if it asked for a path of this site.
func (m *Mount) Welcome(c *gin.Context, status int, view any) {
	if !m.SendOn(c) {
		Reply(c, status, view)
	}
}

// SendOn redirects a browser of a logged-in user, and says whether it did.
func (m *Mount) SendOn(c *gin.Context) bool {
	if m.Pages.AfterLogin == "" || !Browses(c) {
		return false
	}
	m.redirect(c, m.next(c))
	return true
}

// next is where a browser that has logged in goes on.
func (m *Mount) next(c *gin.Context) string {
	next := form.Value(c, "next")
	if next == "" {
		next = c.Query("next")
	}
	if !IsLocalPath(next) || !staysIn(m.Prefix, next) {
		return m.Prefix + m.Pages.AfterLogin
	}
	return next
}

func (m *Mount) Farewell(c *gin.Context) {
	if m.ClearSiteData != "" {
		c.Header("Clear-Site-Data", m.ClearSiteData)
	}
	if m.Pages.AfterLogout != "" && Browses(c) {
		m.redirect(c, m.Prefix+m.Pages.AfterLogout)
		return
	}
	noContent(c)
}

func noContent(c *gin.Context) {
	setReplyHeaders(c.Writer.Header())
	c.Status(http.StatusNoContent)
}

// Reply answers with JSON that nothing may cache or interpret, as the library's own handlers do. On a copy of a gin.Context,
// which has no answer, it does nothing but tell the log.
func Reply(c *gin.Context, status int, body any) {
	if !answers(c) {
		slog.ErrorContext(requestContext(c), "ginauth: a reply was for a request without an answer: it is over, or its gin.Context a copy", "route", c.FullPath())
		return
	}
	setReplyHeaders(c.Writer.Header())
	c.JSON(status, body)
}
