package ginauth

import (
	"context"

	"github.com/gin-gonic/gin"
)

// recordFailure stores a failed login where the store of users keeps events, by the same statement for an account
// and for none (SEC-29). What was typed is hidden (SEC-165). The attempt was counted already, so that its answer
// stays what it is when the event cannot be stored: then it is in the log alone (SEC-163).
func (m *mount) recordFailure(c *gin.Context, users any, user UserID, identifier string) {
	recorder, ok := users.(EventRecorder)
	if !ok {
		return
	}
	ctx := context.WithoutCancel(AuditContext(c)) // who guesses may hang up
	e := NewEvent(ctx, EventLoginFailed, user)
	if e.Actor != user {
		e.Actor = "" // whoever it is logged in as, it is not an operator
	}
	e.Detail = map[string]string{"identifier": hideIdentifier(identifier)}
	m.record(ctx, recorder, e)
}

func (m *mount) record(ctx context.Context, recorder EventRecorder, e Event) {
	if err := recorder.RecordEvent(ctx, e); err != nil {
		m.logger().WarnContext(ctx, "ginauth: a security event was not stored", "event", string(e.Kind), "user_id", e.User, "error", err)
	}
}

// recordSession stores that a session has begun or ended which another store keeps, and so nobody wrote
// down. It comes after the fact, so it is worth no more than a line in the log when it fails.
func (m *mount) recordSession(ctx context.Context, kind EventKind, user UserID, session Digest) {
	recorder, ok := m.users.(EventRecorder)
	if _, written := m.keeper.(EventRecorder); !ok || written || user == "" {
		return
	}
	e := NewEvent(ctx, kind, user)
	e.Actor, e.Session = user, session.String()
	m.record(context.WithoutCancel(ctx), recorder, e)
}
