package engine

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// MaxRotationGrace is the longest grace that SEC-66 allows.
const MaxRotationGrace = 30 * time.Second

// Rotate gives the session a new token and makes the change. Without a session of the request's
// user it does nothing.
func (st *State) Rotate(c *gin.Context, change driver.SessionChange) error {
	if st.writer.begun {
		return errBegun
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	ctx := st.audit(c)
	if err := st.load(ctx); err != nil {
		if errors.Is(err, driver.ErrNoSession) || errors.Is(err, ErrSessionRequired) {
			return nil
		}
		return err
	}
	change.Grace = st.Mount.RotationGrace
	return st.renew(ctx, change)
}

// renew makes the change under a new token. Of parallel requests within a grace, only the first
// gives the session its new token: if two did, one of the tokens would be dead. The caller holds
// mu.
func (st *State) renew(ctx context.Context, change driver.SessionChange) error {
	token := driver.NewToken()
	change.Digest = token.Digest().In(st.realm)
	if err := st.update(ctx, &change); err != nil || change.Digest == (driver.Digest{}) {
		return err
	}
	st.token, st.fresh, st.reply = token, true, replySet
	return nil
}

// afterRotation looks for the session whose token was replaced while this request was under way. It
// returns ErrNoSession if there is none, or if the request does more than read: the answer with the
// new token may already have changed the same things. The caller holds mu.
func (st *State) afterRotation(ctx context.Context) (driver.Session, error) {
	record, err := st.findRotated(ctx)
	if record, err = st.foundRotated(st.digest, record, err); err != nil { //nolint:contextcheck // the request's own
		return driver.Session{}, err
	}
	st.digest = record.Digest
	return record, nil
}

// foundRotated interprets the answer of FindRotated to a replaced token. The caller holds mu.
func (st *State) foundRotated(used driver.Digest, record driver.Session, err error) (driver.Session, error) {
	if errors.Is(err, driver.ErrTokenReused) {
		if st.life.enter() {
			defer st.life.leave()
			st.Mount.Event(st.writer.context, driver.TokenReused, "session", used)
		}
		return driver.Session{}, driver.ErrNoSession
	}
	if err != nil {
		return driver.Session{}, err
	}
	st.reportGrace(record)
	if method := st.request.Method; method != http.MethodGet && method != http.MethodHead {
		return driver.Session{}, driver.ErrNoSession
	}
	return record, nil
}

// findRotated finds the session that had this digest before, if there is a grace at all.
func (st *State) findRotated(ctx context.Context) (driver.Session, error) {
	if st.Mount.RotationGrace == 0 || st.rechecks { // a recheck is no second holder of the token
		return driver.Session{}, driver.ErrNoSession
	}
	return st.Store.FindRotated(st.auditSave(ctx), st.digest)
}

// overtaken returns the session if another request has rotated it since this request found it
// alive. The request then goes on under the new digest. The caller holds mu.
func (st *State) overtaken(ctx context.Context) (driver.Session, bool) {
	record, err := st.findRotated(ctx)
	if err != nil || record.ID != st.record.ID {
		return driver.Session{}, false
	}
	st.reportGrace(record) //nolint:contextcheck // the request's own
	st.digest = record.Digest
	return record, true
}

// reportGrace logs that a replaced token was used by a client other than the one that replaced it.
func (st *State) reportGrace(record driver.Session) {
	if c := st.writer.context; c != nil && record.Elsewhere {
		st.Mount.Event(c, driver.TokenUsedInGrace, "user_id", record.UserID, "session", st.digest)
	}
}

// Confirm makes the session Fresh after a proof other than the password. It needs at least one
// method.
func Confirm(c *gin.Context, methods []driver.Method) error {
	if len(methods) == 0 {
		return errors.New("confirming who the user is: name the method")
	}
	if err := driver.MethodsOf(methods...).Check(); err != nil {
		return fmt.Errorf("confirming who the user is: %w", err)
	}
	st, err := Changing(c)
	if err != nil {
		return err
	}
	if err := st.MayConfirm(c); err != nil {
		return err
	}
	if err := st.Confirm(c, driver.MethodsOf(methods...)); err != nil {
		return err
	}
	st.Mount.Event(c, driver.LoginSucceeded, "user_id", st.Proof().Account.ID, "methods", methods)
	return nil
}

// MayConfirm refuses requests without a user, and requests that no session authenticated: only a
// session can become fresh.
func (st *State) MayConfirm(c *gin.Context) error {
	if _, err := st.CurrentUser(c); err != nil {
		return err
	}
	if st.Proof().Via != SessionScheme {
		return ErrSessionRequired
	}
	return nil
}

// Confirm records that the user has just proved who they are. The session gets that time, the
// methods and a new token.
func (st *State) Confirm(c *gin.Context, methods driver.Methods) error {
	change := driver.SessionChange{Authenticated: true, Methods: methods, SecondFactor: isSecond(st.Record(), methods)}
	if err := st.Rotate(c, change); err != nil {
		return err
	}
	st.Mount.RecordSession(AuditContext(c), driver.LoginSucceeded, st.Proof().Account.ID, st.Digest(), methods)
	return nil
}

// isSecond says whether the methods prove a second factor in this session. One that proves a thing,
// such as a code, does so unless the session rests on such things alone.
func isSecond(session driver.Session, methods driver.Methods) bool {
	switch {
	case methods.TwoFactors():
		return true
	case !methods.Has(driver.ByOneTimeCode) && !methods.Has(driver.ByHardwareKey):
		return false
	}
	return session.Methods == "" || !session.SecondFactorAt.IsZero() || session.Methods.And(methods).TwoFactors()
}
