package ginauth

import (
	"context"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/internal/route"
)

// Cause is under which circumstances something is done, for the events that a store writes.
type Cause struct {
	// Actor is the user who does it; empty when nobody is logged in.
	Actor UserID
	// Session is the first digits of the digest of the actor's session, as in the log; empty for none.
	Session string
	Origin  Origin
	// Operation is the name of the handler of this module that serves the request, such as "login", or else the
	// method and the route's template.
	Operation string
	// RequestID is the answer's X-Request-Id, which a middleware of the app's sets.
	RequestID string
}

type causeKey struct{}

// AuditContext returns the request's context with its Cause. Give it to the methods of a store that change an
// account, so that the events they write say who did it and from where:
//
//	err := db.DisableUser(ginauth.AuditContext(c), id)
func AuditContext(c *gin.Context) context.Context {
	st := attached(c)
	if st == nil {
		return WithCause(requestContext(c), causeOf(c, &unmounted))
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.audit(c)
}

// WithCause returns a context with a cause, for what is not done by a request of Gin's, such as a command that
// knows who runs it.
func WithCause(ctx context.Context, cause Cause) context.Context {
	return context.WithValue(ctx, causeKey{}, cause)
}

// CauseOf returns the cause that a context carries, for stores. False: nobody said, so the app's own code did it.
func CauseOf(ctx context.Context) (cause Cause, known bool) {
	cause, known = ctx.Value(causeKey{}).(Cause)
	return cause, known
}

// audit is AuditContext for who holds mu.
func (st *state) audit(c *gin.Context) context.Context {
	cause := causeOf(c, st.m)
	cause.Actor = st.proof.account.ID
	switch {
	case st.proof.session != "":
		cause.Session = string(st.proof.session)
	case st.hasToken && st.live():
		cause.Session = st.digest.String()
	}
	return WithCause(requestContext(c), cause)
}

// auditSave gives ctx the cause for what the middleware does of itself, as long as the request runs.
func (st *state) auditSave(ctx context.Context) context.Context {
	if !st.life.enter() {
		return ctx
	}
	defer st.life.leave()
	cause, _ := CauseOf(st.audit(st.writer.context))
	return WithCause(ctx, cause)
}

func causeOf(c *gin.Context, m *mount) Cause {
	if c.Request == nil {
		return Cause{}
	}
	cause := Cause{Origin: m.proxies.origin(c.Request), RequestID: sentRequestID(c), Operation: c.Request.Method + " " + c.FullPath()}
	if info, ours := route.Of(c.Handler()); ours {
		cause.Operation = info.Name
	}
	return cause
}
