package engine

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/problempage"
	"github.com/ginauth/ginauth/ginauth/internal/proxy"
	"github.com/ginauth/ginauth/ginauth/internal/route"
	"github.com/ginauth/ginauth/ginauth/problem"
)

// statusClientClosed is the status in access logs for a client that went away; nothing is sent.
const statusClientClosed = 499

// waiting returns a copy of a problem that says how long to wait, rounded up to seconds.
func waiting(p *problem.Details, wait time.Duration) *problem.Details {
	told := *p
	told.RetryAfter = (min(wait, maxRetryAfter) + time.Second - 1).Truncate(time.Second)
	return &told
}

// unmounted is the mount for handlers that Session does not cover.
var unmounted = Mount{}

func fail(c *gin.Context, m *Mount, err error) {
	c.Abort()
	ctx := requestContext(c)
	if st := Attached(c); st != nil {
		ctx = st.request.Context() // inner contexts may have ended already
	}
	if !answers(c) {
		m.logger().ErrorContext(ctx, "ginauth: a problem was for a request without an answer: it is over, or its gin.Context a copy", "route", c.FullPath(), "error", err)
		return
	}
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		c.Status(statusClientClosed)
		return
	}
	p := ProblemOf(err)
	if p.Code == ErrInvalidCredentials.Code && m != &unmounted { // the same words for every cause (SEC-29)
		p.Detail = m.Names.Wrong(ErrInvalidCredentials.Detail)
	}
	if p.Status >= http.StatusInternalServerError {
		level := slog.LevelWarn
		if p.Status == http.StatusInternalServerError {
			level, p.RequestID = slog.LevelError, requestID(c)
		}
		_ = c.Error(&p) // other middleware may send c.Errors to the client
		m.logger().Log(ctx, level, "ginauth: request failed", "code", p.Code, "route", c.FullPath(), "request_id", p.RequestID, "error", err)
	}
	if c.Writer.Written() {
		return
	}
	if p.Code == codePasswordChangeRequired && m.Pages.ChangePassword != "" && Browses(c) {
		m.redirect(c, m.prefix(c)+m.Pages.ChangePassword)
		return
	}
	if p.Code == codeUnauthenticated && m.Pages.Login != "" && Browses(c) && !m.isLoginPage(c) {
		m.sendToLogin(c)
		return
	}
	m.writeProblem(c, &p)
}

func (m *Mount) sendToLogin(c *gin.Context) {
	prefix := m.prefix(c)
	page := prefix + m.Pages.Login
	if c.Request.Method == http.MethodGet || c.Request.Method == http.MethodHead {
		page = loginPage(prefix, m.Pages.Login, c.Request.URL)
	}
	m.redirect(c, page)
}

// redirect sends a browser to a page with a GET.
func (m *Mount) redirect(c *gin.Context, path string) {
	setReplyHeaders(c.Writer.Header())
	c.Redirect(http.StatusSeeOther, path)
}

func (m *Mount) writeProblem(c *gin.Context, p *problem.Details) {
	h := c.Writer.Header()
	setReplyHeaders(h)
	switch {
	case p.Challenge != "":
		h["Www-Authenticate"] = []string{p.Challenge}
	case p.Status == http.StatusUnauthorized && len(m.challenges) > 0:
		h["Www-Authenticate"] = m.challenged(refuser(c))
	}
	if p.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(p.RetryAfter/time.Second)))
	}
	if p.Allow != "" {
		h.Set("Allow", p.Allow)
	}
	if m.Render != nil {
		if !c.Request.URL.Query().Has("token") { // a form on the page needs a referrer for its Origin (SEC-114)
			h.Set("Referrer-Policy", "same-origin")
		}
		m.Render(c, p)
		if c.Writer.Written() {
			return
		}
	}
	body, _ := json.Marshal(p) // strings and numbers only
	h.Set("Content-Type", "application/problem+json")
	c.Status(p.Status)
	_, _ = c.Writer.Write(append(body, '\n')) // the client may be gone
}

// setReplyHeaders sets the headers of the library's own answers: never cached, never interpreted as
// something else (OWASP REST Security; SEC-58, SEC-139).
func setReplyHeaders(h http.Header) {
	values := [...]string{"no-store", "nosniff", "default-src 'none'; frame-ancestors 'none'", "no-referrer", "same-origin", "Cookie", "Accept"}
	n := len(replyHeaders)
	for i, name := range replyHeaders {
		h[name] = values[i : i+1 : i+1] // one allocation for all
	}
	if h["Vary"] == nil {
		h["Vary"] = values[n:]
		return
	}
	addVary(h, values[n:]...)
}

// replyHeaders are in canonical form.
var replyHeaders = [...]string{"Cache-Control", "X-Content-Type-Options", "Content-Security-Policy", "Referrer-Policy", "Cross-Origin-Resource-Policy"}

// addVary adds request headers that the answer depends on, each once.
func addVary(h http.Header, names ...string) {
	for _, name := range names {
		if !slices.Contains(h["Vary"], name) {
			h["Vary"] = append(h["Vary"], name)
		}
	}
}

// requestID returns the id that the app's middleware has set in the answer, or a new one.
func requestID(c *gin.Context) string {
	if id := sentRequestID(c); id != "" {
		return id
	}
	return rand.Text()
}

// sentRequestID returns that id with only printable characters. It is empty if there is none, or if
// it is longer than 64 bytes.
func sentRequestID(c *gin.Context) string {
	if !answers(c) {
		return ""
	}
	if id := c.Writer.Header().Get("X-Request-Id"); len(id) <= 64 {
		return proxy.Printable(id)
	}
	return ""
}

// Invalid returns a 422 problem that names the fields at fault.
func Invalid(fields ...problem.Field) error {
	p := *errInvalid
	p.Errors = fields
	return &p
}

// Fail answers a request with the problem that err is or wraps, as ginauth.Fail documents it.
func Fail(c *gin.Context, err error) {
	if st := Attached(c); st != nil {
		fail(c, st.Mount, err)
		return
	}
	fail(c, &unmounted, err)
}

// ProblemOf returns the problem that Fail would answer with: the one that err is or wraps, the one
// for a store's error, or a 500.
func ProblemOf(err error) problem.Details {
	var p *problem.Details
	var method *route.MethodError
	switch {
	case errors.As(err, &p):
		return *p
	case errors.As(err, &method):
		p = problempage.New(http.StatusMethodNotAllowed, "method_not_allowed", "Use POST.")
		p.Allow, p.Detail = method.Allow(), method.Error()
	case errors.Is(err, driver.ErrUnavailable), errors.Is(err, context.DeadlineExceeded):
		return *errUnavailable
	case errors.Is(err, driver.ErrUsernameTaken):
		return *errUsernameTaken
	case errors.Is(err, driver.ErrIdentifierTaken):
		return *errIdentifierTaken
	case errors.Is(err, driver.ErrSessionTooLarge):
		return *errSessionTooLarge
	default:
		p = errInternal
	}
	return *p
}
