package ginauth

import (
	"log/slog"
	"net/http"
	"reflect"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/internal/form"
	"github.com/ginauth/ginauth/ginauth/internal/route"
)

// stateFor returns the request's state for a handler that changes something, if it was
// made from the handler's own configuration.
func (m *mount) stateFor(c *gin.Context) (*state, error) {
	if err := route.CheckMethod(c, http.MethodPost); err != nil {
		return nil, err
	}
	_, st, err := stateOf(c)
	if err != nil {
		return nil, err
	}
	return st, m.fits(st.m)
}

// welcome answers a login or sign-up: a browser is sent on, to "next" if it asked for a path of this site.
func (m *mount) welcome(c *gin.Context, status int, view any) {
	if !m.sendOn(c) {
		Reply(c, status, view)
	}
}

// sendOn redirects a browser of a logged-in user, and says whether it did.
func (m *mount) sendOn(c *gin.Context) bool {
	if m.pages.AfterLogin == "" || !browses(c) {
		return false
	}
	m.redirect(c, m.next(c))
	return true
}

// next is where a browser that has logged in goes on.
func (m *mount) next(c *gin.Context) string {
	next := form.Value(c, "next")
	if next == "" {
		next = c.Query("next")
	}
	if !isLocalPath(next) || !staysIn(m.prefix, next) {
		return m.prefix + m.pages.AfterLogin
	}
	return next
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

func (m *mount) farewell(c *gin.Context) {
	if m.clearSiteData != "" {
		c.Header("Clear-Site-Data", m.clearSiteData)
	}
	if m.pages.AfterLogout != "" && browses(c) {
		m.redirect(c, m.prefix+m.pages.AfterLogout)
		return
	}
	noContent(c)
}

func noContent(c *gin.Context) {
	setReplyHeaders(c.Writer.Header())
	c.Status(http.StatusNoContent)
}

// shown is the type of what View makes of a user, for the OpenAPI document. It is asked when a document
// is built, with a user that nobody is, and nil when View cannot make anything of that one.
func shown[U any](cfg *Config[U]) func() reflect.Type {
	return func() (t reflect.Type) {
		defer func() {
			if recover() != nil {
				t = nil
			}
		}()
		var nobody U
		return reflect.TypeOf(cfg.o.View(nobody))
	}
}
