package engine

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/values"
)

// end deletes the session at once and drops it from the state.
func (st *State) end(ctx context.Context) error {
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.endLocked(ctx)
}

func (st *State) endLocked(ctx context.Context) error {
	if err := st.mayEnd(ctx); err != nil {
		return err
	}
	if st.hasToken {
		if err := st.Store.DeleteSession(ctx, st.digest); err != nil {
			return err
		}
	}
	st.forgetLocked()
	return nil
}

// EndUnknown ends a session whose user is unknown, or no longer known. Values that this request has
// set do not belong to that user: they begin a new session.
func (st *State) EndUnknown(ctx context.Context) error {
	st.mu.Lock()
	defer st.mu.Unlock()
	anew := st.values.Anew()
	if err := st.endLocked(ctx); err != nil {
		return err
	}
	st.values = anew
	return nil
}

// forgetLocked drops a session that has ended. The caller holds mu.
func (st *State) forgetLocked() {
	st.token, st.digest, st.hasToken, st.destroy, st.fresh = driver.Token{}, driver.Digest{}, false, false, false
	st.know(driver.Session{}, driver.ErrNoSession)
	st.values, st.barred = values.Values{}, nil
	st.reply = replyNothing
	if st.cookiesSent > 0 {
		st.reply = replyClear
	}
}

// save stores changes; announce sends the cookie later. A decision of a handler is stored even if
// the client hangs up or an inner context has ended. The store limits the time.
func (st *State) save() error {
	st.readUserKeys()
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.failure != nil {
		return st.failure
	}
	if !st.destroy && !st.values.Changed() && !st.touchDue() {
		return nil
	}
	ctx := context.WithoutCancel(st.request.Context())
	if st.destroy {
		if err := st.endLocked(st.auditSave(ctx)); err != nil {
			return err
		}
	}
	if !st.values.Changed() {
		st.touch(ctx)
		return nil
	}
	return st.saveValues(ctx)
}

// saveValues stores changed values. It needs to send a cookie if the session begins, if the cookie
// holds the session, or if the session's user changes. Once the answer has begun that is too late.
// The caller holds mu.
func (st *State) saveValues(ctx context.Context) error {
	err := st.load(ctx)
	switch {
	case errors.Is(err, driver.ErrNoSession) && !st.values.Sets():
		st.values.Saved()
		return nil
	case errors.Is(err, driver.ErrNoSession) && st.overtook:
		return errOvertook
	case errors.Is(err, driver.ErrNoSession) && st.announced:
		return errBegun
	case errors.Is(err, driver.ErrNoSession):
		return st.create(ctx, driver.NewSession{})
	case err != nil:
		return err
	}
	changesUser := !st.fresh && st.values.Differs(st.tellsUser)
	if st.announced && (changesUser || st.gorilla != nil && !st.gorilla.Remote) {
		return errBegun
	}
	if changesUser { // SEC-62
		return st.renew(ctx, driver.SessionChange{})
	}
	return st.update(ctx, &driver.SessionChange{})
}

// errOvertook: the session ended before a change was saved. It must not come back under a new token
// (SEC-75).
var errOvertook = fmt.Errorf("%w: the session ended while the request ran", ErrUnauthenticated)

func (st *State) touchDue() bool {
	return st.live() && st.record.ReadAt.Sub(st.record.LastSeenAt) >= st.Mount.TouchEvery
}

// touch records the session's use, once per interval. An error does not fail the request.
func (st *State) touch(ctx context.Context) {
	if !st.touchDue() {
		return
	}
	record, err := st.Store.UpdateSession(ctx, st.digest, driver.SessionChange{UnlessSeenFor: st.Mount.TouchEvery})
	if err != nil && !errors.Is(err, driver.ErrNoSession) { // a parallel request may have been first
		st.Mount.Log.WarnContext(ctx, "ginauth: a session's use was not written down", "session", st.digest, "error", err)
	}
	if err != nil {
		record = st.record
		record.LastSeenAt = record.ReadAt // once per request is enough
	}
	st.know(record, nil)
	st.reissue()
}

// update stores the changed values together with another change. If another request has just
// rotated the session within its grace, the session is not rotated again, and change.Digest is zero
// afterwards. The caller holds mu.
func (st *State) update(ctx context.Context, change *driver.SessionChange) error {
	change.Set, change.Unset = st.values.Delta()
	record, err := st.Store.UpdateSession(ctx, st.digest, *change)
	if errors.Is(err, driver.ErrNoSession) {
		if rotated, ok := st.overtaken(ctx); ok {
			record, err = st.updateRotated(ctx, rotated, change)
		}
	}
	if errors.Is(err, driver.ErrNoSession) {
		st.know(driver.Session{}, driver.ErrNoSession)
		st.overtook = true
		return errOvertook
	}
	if err != nil {
		return err
	}
	st.values.Saved()
	st.know(record, nil)
	st.reissue()
	return nil
}

// updateRotated is update for a session that another request has just rotated. The caller holds mu.
func (st *State) updateRotated(ctx context.Context, rotated driver.Session, change *driver.SessionChange) (driver.Session, error) {
	if change.Grace > 0 { // without a grace the old tokens must die at once
		change.Digest, change.Grace = driver.Digest{}, 0
		if !change.Authenticated && !st.values.Changed() {
			return rotated, nil
		}
	}
	return st.Store.UpdateSession(ctx, st.digest, *change)
}

// reissue sends the cookie again if the store has changed its value. After the answer has begun,
// the old value still works if it holds only an id. The caller holds mu.
func (st *State) reissue() {
	g := st.gorilla
	if g == nil || !g.Reissued || st.reply != replyNothing || st.announced && g.Remote {
		return
	}
	st.reply = replySet
}

// create starts a session with a new token and only those values that were set in this request. The
// caller holds mu.
func (st *State) create(ctx context.Context, n driver.NewSession) error {
	return st.createBy(ctx, n, st.Store.CreateSession)
}

// createBy is create for a store call that does more than create. The caller holds mu.
func (st *State) createBy(ctx context.Context, n driver.NewSession, store func(context.Context, driver.NewSession) (driver.Session, error)) error {
	token := driver.NewToken()
	n.Digest, n.Data = token.Digest().In(st.realm), st.values.Own()
	n.Lifetime, n.IdleTimeout = st.Mount.Lifetime, st.Mount.IdleTimeout
	if n.Persistent {
		n.Lifetime, n.IdleTimeout = st.Mount.RememberLifetime, st.Mount.RememberIdleTimeout
	}
	n.Origin = st.Mount.Proxies.Origin(st.request)
	record, err := store(ctx, n)
	if err != nil {
		return err
	}
	st.token, st.digest, st.hasToken, st.destroy, st.reply = token, n.Digest, true, false, replySet
	st.fresh, st.overtook, st.barred = true, false, nil
	st.values.Saved()
	st.know(record, nil)
	return nil
}

// settle records that it is too late to send a cookie.
func (st *State) settle() {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.announced = true
}

// announce adds the cookie and the caching rules to the answer's header (SEC-58).
func (st *State) announce(h http.Header) {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.announced = true
	if st.Mount.Old != nil && (st.oldSpent || st.live() && st.record.UserID != "") {
		st.Mount.Old.Clear(h, st.request)
	}
	switch st.reply {
	case replySet:
		st.Mount.Cookie.Set(h, st.cookieValue(), st.cookieAge())
		st.Mount.Watch.cookie(st.request, st.Mount.Cookie)
	case replyClear:
		st.Mount.Cookie.Clear(h)
	case replyNothing:
		if !st.asked && st.browser == "" {
			return
		}
	}
	if st.reply != replyNothing || st.browser != "" || (st.live() || st.proof.User != nil) && h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store")
	}
	if st.browser != "" {
		st.Mount.Browser.Set(h, st.browser, browserMemory)
	}
	addVary(h, st.Mount.varies...)
	st.reply, st.browser = replyNothing, ""
}

func (st *State) cookieValue() string {
	if st.gorilla != nil {
		st.gorilla.Reissued = false
		return st.gorilla.Cookie
	}
	return st.token.Reveal()
}

// cookieAge returns how long the browser keeps the cookie. Zero means until it closes.
func (st *State) cookieAge() time.Duration {
	if !st.record.Persistent {
		return 0
	}
	return st.record.ExpiresAt.Sub(st.record.ReadAt)
}

// fail keeps the first error of methods that cannot return one, for the next save.
func (st *State) fail(err error) {
	if st.failure == nil {
		st.failure = err
	}
}

// MayChange returns an error once the answer has begun.
func (st *State) MayChange() error {
	if st.writer.begun {
		return errBegun
	}
	return nil
}

// LeaveBehind ends the session of a deleted user. An error is only logged: a session without its
// user is invalid anyway.
func (st *State) LeaveBehind(ctx context.Context) {
	err := st.end(ctx)
	if errors.Is(err, ErrSessionRequired) { // the cookie's session belongs to another user
		st.SetUser(nil, driver.Account{})
		return
	}
	if err != nil {
		st.Mount.Log.WarnContext(ctx, "ginauth: the session of a deleted user is still stored", "error", err)
	}
	st.forget()
}
