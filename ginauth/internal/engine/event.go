package engine

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"sync"

	"github.com/ginauth/ginauth/ginauth/internal/route"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
)

func (m *Mount) logger() *slog.Logger {
	if m.Log == nil {
		return slog.Default()
	}
	return m.Log
}

// Event writes one security event to the log. It never holds what the user typed.
func (m *Mount) Event(c *gin.Context, kind driver.EventKind, args ...any) {
	cause, method := causeOf(c, m), ""
	if c.Request != nil {
		method = c.Request.Method
	}
	args = append([]any{
		"event", string(kind), "method", method, "route", c.FullPath(), "operation", cause.Operation,
		"ip", cause.Origin.Addr.String(), "user_agent", cause.Origin.UserAgent,
	}, args...)
	if cause.RequestID != "" {
		args = append(args, "request_id", cause.RequestID)
	}
	m.logger().Log(requestContext(c), level(kind), "ginauth: security event", args...)
}

// level makes failures warnings, and the use of a replaced token within its grace, which may be theft.
func level(kind driver.EventKind) slog.Level {
	if kind.Outcome() == driver.Failure || kind == driver.TokenUsedInGrace {
		return slog.LevelWarn
	}
	return slog.LevelInfo
}

// identifierKey makes failed identifiers comparable within one process and unreadable
// outside it: people type passwords into the wrong field (SEC-165).
var identifierKey = sync.OnceValue(func() []byte {
	key := make([]byte, sha256.Size)
	_, _ = rand.Read(key) // never fails
	return key
})

func hideIdentifier(s string) string {
	mac := hmac.New(sha256.New, identifierKey())
	mac.Write([]byte(s))
	return hex.EncodeToString(mac.Sum(nil)[:8])
}

// LogEvent writes a security event of the app's own, or of a backend, to the log, beside those of the
// library: with the client's address and browser, method and route. Kinds are those of the OWASP
// Logging Vocabulary where it has one. The arguments are slog's; they must hold no secret and
// nothing that the user typed. What has to be in the table too, a driver.EventLog records.
func LogEvent(c *gin.Context, kind driver.EventKind, args ...any) {
	m := &unmounted
	if st := Attached(c); st != nil {
		m = st.Mount
	}
	m.Event(c, kind, args...)
}

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

// DetailUnproved marks a failure at an address that was not proved: it may be its owner's, at an account that somebody
// else has made, who must not learn where the owner is (SEC-185).
const DetailUnproved = "address_unproved"

// recordFailure stores a failed login where the store of users keeps events, by the same statement for an account
// and for none (SEC-29). What was typed is hidden (SEC-165). The attempt was counted already, so that its answer
// stays what it is when the event cannot be stored: then it is in the log alone (SEC-163).
func (m *Mount) recordFailure(c *gin.Context, account driver.Account, identifier string) {
	recorder := m.EventLog()
	if recorder == nil {
		return
	}
	ctx := context.WithoutCancel(AuditContext(c)) // who guesses may hang up
	e := driver.NewEvent(ctx, driver.LoginFailed, account.ID)
	if e.Actor != account.ID {
		e.Actor = "" // whoever it is logged in as, it is not an operator
	}
	e.Detail = map[string]string{"identifier": hideIdentifier(identifier)}
	if !account.Verified {
		e.Detail[DetailUnproved] = "true"
	}
	record(ctx, m.logger(), recorder, e)
}

func record(ctx context.Context, log *slog.Logger, recorder driver.EventLog, e driver.Event) {
	if err := recorder.RecordEvent(ctx, e); err != nil {
		log.WarnContext(ctx, "ginauth: a security event was not stored", "event", string(e.Kind), "user_id", e.User, "error", err)
	}
}

// RecordSession stores that a session has begun or ended which another store keeps, and so nobody wrote
// down. It comes after the fact, so it is worth no more than a line in the log when it fails.
func (m *Mount) RecordSession(ctx context.Context, kind driver.EventKind, user driver.UserID, session driver.Digest) {
	recorder := m.EventLog()
	if _, written := m.Keeper.(driver.EventLog); recorder == nil || written || user == "" {
		return
	}
	e := driver.NewEvent(ctx, kind, user)
	e.Actor, e.Session = user, session.String()
	record(context.WithoutCancel(ctx), m.logger(), recorder, e)
}
