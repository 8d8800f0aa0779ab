package drivertest

import (
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
)

func authorityGroup[U any]() group[U] {
	return group[U]{"Authority", implements[driver.Authority[U]], map[string]func(*env[U]){
		"AdmitSession admits, and FindAdmitted finds":                admits[U],
		"AdmitSession wants an enabled user with this password":      admitsNobodyElse[U],
		"EndAdmitted ends one session for good":                      endsAdmitted[U],
		"FindAdmitted is ErrNoSession after all sessions were ended": epochMoves[U],
		"FindAdmitted is ErrNoSession after a change of password":    epochOfPassword[U],
		"FindAdmitted is ErrNoSession for a disabled user":           admittedOfDisabled[U],
	}}
}

func (e *env[U]) admit(id driver.UserID) driver.Admission {
	e.Helper()
	a, err := need[driver.Authority[U]](e).AdmitSession(e.Context(), newSession(id))
	e.must("admitting a session", err)
	return a
}

func (e *env[U]) admitted(when string, id driver.UserID, d driver.Digest, epoch int64, want error) {
	e.Helper()
	u, at, err := need[driver.Authority[U]](e).FindAdmitted(e.Context(), id, d, epoch)
	if want != nil {
		e.want(when, err, want)
		return
	}
	if err != nil || e.Account(u).ID != id || !at.Equal(e.now()) {
		e.Errorf("%s: the user %s at %s, %v", when, e.Account(u).ID, at, err)
	}
}

func admits[U any](e *env[U]) {
	id, n := e.user()
	a := e.admit(id)
	if !a.At.Equal(e.now()) {
		e.Errorf("the clock is %s, want %s", a.At, e.now())
	}
	s := newSession(id)
	s.Credential = n.Hash
	if by, err := need[driver.Authority[U]](e).AdmitSession(e.Context(), s); err != nil || by.Epoch != a.Epoch {
		e.Errorf("by the password: %+v, %v", by, err)
	}
	e.admitted("a session", id, newDigest(), a.Epoch, nil)
	e.admitted("under another epoch", id, newDigest(), a.Epoch+1, driver.ErrNoSession)
	e.admitted("under another epoch", id, newDigest(), a.Epoch-1, driver.ErrNoSession)
	for _, unknown := range unknownIDs() {
		e.admitted("of "+unknown, driver.UserID(unknown), newDigest(), a.Epoch, driver.ErrNoSession)
	}
}

func admitsNobodyElse[U any](e *env[U]) {
	authority := need[driver.Authority[U]](e)
	id, _ := e.user()
	if !e.external {
		s := newSession(id)
		s.Credential = hash('x')
		_, err := authority.AdmitSession(e.Context(), s)
		e.want("by another password", err, driver.ErrNoUser)
	}
	for _, unknown := range append(e.strangers(), "") {
		_, err := authority.AdmitSession(e.Context(), newSession(driver.UserID(unknown)))
		e.stranger("admitting "+unknown, err)
	}
	e.disable(id)
	_, err := authority.AdmitSession(e.Context(), newSession(id))
	e.want("admitting a disabled user", err, driver.ErrNoUser)
}

func endsAdmitted[U any](e *env[U]) {
	id, _ := e.user()
	a := e.admit(id)
	ended, other := newDigest(), newDigest()
	for range 2 {
		e.must("ending it", need[driver.Authority[U]](e).EndAdmitted(e.Context(), ended, a.At.Add(time.Hour)))
	}
	e.admitted("what was ended", id, ended, a.Epoch, driver.ErrNoSession)
	e.admitted("another one", id, other, a.Epoch, nil)
	e.Advance(time.Hour - moment)
	e.admitted("what was ended, just before it expires", id, ended, a.Epoch, driver.ErrNoSession)
}

func epochMoves[U any](e *env[U]) {
	logins := need[driver.Logins](e)
	id, _ := e.user()
	other, _ := e.user()
	a, theirs, d := e.admit(id), e.admit(other), newDigest()
	e.must("revoking", logins.RevokeUserSessions(e.Context(), id, ""))
	e.admitted("the user's", id, d, a.Epoch, driver.ErrNoSession)
	e.admitted("another user's", other, d, theirs.Epoch, nil)
	e.admitted("a new one", id, d, e.admit(id).Epoch, nil)
	e.must("revoking everything", logins.RevokeAllSessions(e.Context()))
	e.admitted("another user's", other, d, theirs.Epoch, driver.ErrNoSession)
}

func epochOfPassword[U any](e *env[U]) {
	id, n := e.user()
	a, d := e.admit(id), newDigest()
	changed, err := e.accounts().SetPassword(e.Context(), driver.PasswordChange{UserID: id, Old: n.Hash, New: hash('b')})
	e.must("setting a password", err)
	e.admitted("under the epoch of before", id, d, a.Epoch, driver.ErrNoSession)
	e.admitted("under the epoch that SetPassword returned", id, d, changed.Epoch, nil)
}

func admittedOfDisabled[U any](e *env[U]) {
	id, _ := e.user()
	a := e.admit(id)
	e.disable(id)
	e.admitted("a disabled user", id, newDigest(), a.Epoch, driver.ErrNoSession)
}
