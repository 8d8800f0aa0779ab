package engine

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"sync"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/route"
)

func (m *Mount) logger() *slog.Logger {
	if m.Log == nil {
		return slog.Default()
	}
	return m.Log
}

// Event writes one security event to the log. It never contains what the user typed.
func (m *Mount) Event(c *gin.Context, kind driver.EventKind, args ...any) {
	cause, method := causeOf(c, m), ""
	if c.Request != nil {
		method = c.Request.Method
	}
	args = append([]any{
		"event", string(kind), "method", method, "route", c.FullPath(), "operation", cause.Operation,
		"ip", cause.Origin.Addr.String(), "user_agent", cause.Origin.UserAgent,
	}, args...)
	if realm := driver.Realm(requestContext(c)); realm != "" {
		args = append(args, "realm", realm)
	}
	if cause.RequestID != "" {
		args = append(args, "request_id", cause.RequestID)
	}
	m.logger().Log(requestContext(c), level(kind), "ginauth: security event", args...)
}

// level returns Warn for failures and for the use of a replaced token within its grace, which may
// be theft.
func level(kind driver.EventKind) slog.Level {
	if kind.Outcome() == driver.Failure || kind == driver.TokenUsedInGrace {
		return slog.LevelWarn
	}
	return slog.LevelInfo
}

// identifierKey hashes the identifiers of failed logins, so that they can be compared within one
// process but not read: people type passwords into the wrong field (SEC-165).
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

// LogEvent writes a security event of the app or of a backend to the log, in the format of
// ginauth's own events: with the client's address and browser, method and route. Use kinds of the
// OWASP Logging Vocabulary if it has a matching one. The arguments are slog's; they must contain no
// secret and nothing that the user typed. To store an event in the table too, use a
// driver.EventLog.
func LogEvent(c *gin.Context, kind driver.EventKind, args ...any) {
	m := &unmounted
	if st := Attached(c); st != nil {
		m = st.Mount
	}
	m.Event(c, kind, args...)
}

// audit is AuditContext for callers that hold mu.
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

// auditSave adds the cause to ctx for the middleware's own calls, while the request runs.
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

// AuditContext returns the request's context with its Cause, for calls of the store that write
// events.
func AuditContext(c *gin.Context) context.Context {
	st := Attached(c)
	if st == nil {
		return driver.WithCause(requestContext(c), causeOf(c, &unmounted))
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.audit(c)
}

// RequestOrigin returns the client of a request, as the trusted proxies report it.
func RequestOrigin(c *gin.Context) driver.Origin {
	m := &unmounted
	if st := Attached(c); st != nil {
		m = st.Mount
	}
	return m.Proxies.Origin(c.Request)
}

// DetailUnproved marks a failed login at an address that was not proved. The address's owner may
// have tried to log in to an account that somebody else made, who must not learn where the owner is
// (SEC-185).
const DetailUnproved = "address_unproved"

// recordFailure stores a failed login if a store keeps events, with the same statement whether or
// not the account exists (SEC-29). What was typed is hidden (SEC-165). If the event cannot be
// stored, the answer stays the same, because the attempt was already counted; the event is then
// only logged (SEC-163).
func (m *Mount) recordFailure(c *gin.Context, account driver.Account, identifier string) {
	recorder := m.EventLog()
	if recorder == nil {
		return
	}
	ctx := context.WithoutCancel(AuditContext(c)) // a guessing client may hang up
	e := driver.NewEvent(ctx, driver.LoginFailed, account.ID)
	if e.Actor != account.ID {
		e.Actor = "" // the logged-in user is not an operator here
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

// RecordSession stores the beginning or end of a session that another store keeps without writing
// events. The session has already changed, so an error is only logged.
func (m *Mount) RecordSession(ctx context.Context, kind driver.EventKind, user driver.UserID, session driver.Digest, methods driver.Methods) {
	recorder := m.EventLog()
	if _, written := m.Keeper.(driver.EventLog); recorder == nil || written || user == "" {
		return
	}
	e := driver.NewEvent(ctx, kind, user)
	e.Actor, e.Session = user, session.String()
	if methods != "" {
		e.Detail = map[string]string{driver.DetailMethods: string(methods)}
	}
	record(context.WithoutCancel(ctx), m.logger(), recorder, e)
}

// Observe gives a sample to Options.Observer.
func (m *Mount) Observe(ctx context.Context, s driver.Sample) {
	if m.Observer != nil {
		driver.Report(ctx, m.Observer, m.logger(), s)
	}
}

// count is Observe for one more of something.
func (m *Mount) count(ctx context.Context, metric driver.Metric, kind string, outcome driver.Outcome) {
	m.Observe(ctx, driver.Sample{Metric: metric, Value: 1, Kind: kind, Outcome: outcome})
}

// ObserveSignIn counts a login or a failed one.
func (m *Mount) ObserveSignIn(ctx context.Context, method driver.Method, outcome driver.Outcome) {
	if method == "" {
		method = driver.OtherMethod
	}
	m.count(ctx, driver.SignIns, string(method), outcome)
}

// ObserveCheck counts the look at a request's session, which ended with err.
func (st *State) ObserveCheck(ctx context.Context, err error) {
	if st.Mount.Observer == nil || st.rechecks {
		return
	}
	outcome := driver.Failure
	switch {
	case err == nil:
		outcome = driver.SessionValid
	case errors.Is(err, driver.ErrUnavailable):
		outcome = driver.Unavailable
	case errors.Is(err, ErrUnauthenticated) && st.cookiesSent == 0:
		outcome = driver.SessionNone
	case errors.Is(err, ErrUnauthenticated):
		outcome = driver.SessionEnded
	}
	st.Mount.count(ctx, driver.SessionChecks, "", outcome)
}
