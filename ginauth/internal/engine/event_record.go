package engine

import (
	"context"
	"log/slog"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// DetailUnproved marks a failure at an address that was not proved: it may be its owner's, at an account that somebody
// else has made, who must not learn where the owner is (SEC-185).
const DetailUnproved = "address_unproved"

// recordFailure stores a failed login where the store of users keeps events, by the same statement for an account
// and for none (SEC-29). What was typed is hidden (SEC-165). The attempt was counted already, so that its answer
// stays what it is when the event cannot be stored: then it is in the log alone (SEC-163).
func recordFailure(c *gin.Context, log *slog.Logger, users any, account driver.Account, identifier string) {
	recorder, ok := users.(driver.EventLog)
	if !ok {
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
	record(ctx, log, recorder, e)
}

func record(ctx context.Context, log *slog.Logger, recorder driver.EventLog, e driver.Event) {
	if err := recorder.RecordEvent(ctx, e); err != nil {
		log.WarnContext(ctx, "ginauth: a security event was not stored", "event", string(e.Kind), "user_id", e.User, "error", err)
	}
}

// RecordSession stores that a session has begun or ended which another store keeps, and so nobody wrote
// down. It comes after the fact, so it is worth no more than a line in the log when it fails.
func (m *Mount) RecordSession(ctx context.Context, kind driver.EventKind, user driver.UserID, session driver.Digest) {
	recorder, ok := m.Users.(driver.EventLog)
	if _, written := m.Keeper.(driver.EventLog); !ok || written || user == "" {
		return
	}
	e := driver.NewEvent(ctx, kind, user)
	e.Actor, e.Session = user, session.String()
	record(context.WithoutCancel(ctx), m.logger(), recorder, e)
}
