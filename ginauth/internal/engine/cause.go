package engine

import (
	"context"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/route"
)

// audit is AuditContext for who holds mu.
func (st *State) audit(c *gin.Context) context.Context {
	cause := causeOf(c, st.Mount)
	cause.Actor = st.proof.Account.ID
	switch {
	case st.proof.Session != "":
		cause.Session = string(st.proof.Session)
	case st.hasToken && st.live():
		cause.Session = st.digest.String()
	}
	return driver.WithCause(requestContext(c), cause)
}

// auditSave gives ctx the cause for what the middleware does of itself, as long as the request runs.
func (st *State) auditSave(ctx context.Context) context.Context {
	if !st.life.enter() {
		return ctx
	}
	defer st.life.leave()
	cause, _ := driver.CauseOf(st.audit(st.writer.context))
	return driver.WithCause(ctx, cause)
}

func causeOf(c *gin.Context, m *Mount) driver.Cause {
	if c.Request == nil {
		return driver.Cause{}
	}
	cause := driver.Cause{Origin: m.Proxies.Origin(c.Request), RequestID: sentRequestID(c), Operation: c.Request.Method + " " + c.FullPath()}
	if info, ours := route.Of(c.Handler()); ours {
		cause.Operation = info.Name
	}
	return cause
}

// AuditContext returns the request's context with its Cause. Give it to the methods of a store that change an
// account, so that the events they write say who did it and from where:
//
//	err := db.DisableUser(ginauth.AuditContext(c), id)
func AuditContext(c *gin.Context) context.Context {
	st := Attached(c)
	if st == nil {
		return driver.WithCause(requestContext(c), causeOf(c, &unmounted))
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.audit(c)
}

// RequestOrigin is the client of a request, seen through the trusted proxies.
func RequestOrigin(c *gin.Context) driver.Origin {
	m := &unmounted
	if st := Attached(c); st != nil {
		m = st.Mount
	}
	return m.Proxies.Origin(c.Request)
}
