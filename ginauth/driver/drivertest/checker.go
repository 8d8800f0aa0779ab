package drivertest

import "github.com/ginauth/ginauth/ginauth/driver"

func checkerGroup[U any]() group[U] {
	return group[U]{"SessionChecker", implements[driver.SessionChecker[U]], map[string]func(*env[U]){
		"FindTokenUser returns the user of a live session":                    checksSession[U],
		"FindTokenUser returns the user of a live login by refresh tokens":    checksFamily[U],
		"FindTokenUser is ErrNoSession for a disabled user and another one's": checksNobody[U],
	}}
}

func (e *env[U]) checks(when string, id driver.UserID, session driver.SessionID, want error) {
	e.Helper()
	u, err := need[driver.SessionChecker[U]](e).FindTokenUser(e.Context(), id, session)
	if want != nil {
		e.want(when, err, want)
	} else if err != nil || e.Account(u).ID != id {
		e.Errorf("%s: the user %s, %v", when, e.Account(u).ID, err)
	}
}

func checksSession[U any](e *env[U]) {
	id, _ := e.user()
	s := e.login(id)
	e.Advance(idle - moment)
	e.checks("just before its end", id, s.ID, nil)
	e.Advance(moment)
	e.checks("at its end", id, s.ID, driver.ErrNoSession)
	s = e.login(id)
	e.must("deleting it", e.sessions.DeleteSession(e.Context(), s.Digest))
	e.checks("a session that was deleted", id, s.ID, driver.ErrNoSession)
}

func checksFamily[U any](e *env[U]) {
	id, _ := e.user()
	_, f := e.family(id)
	e.Advance(idle - moment)
	e.checks("just before its end", id, f.ID, nil)
	e.Advance(moment)
	e.checks("at its end", id, f.ID, driver.ErrNoSession)
	k, f := e.family(id)
	_, err := e.tokens().RevokeRefreshToken(e.Context(), k)
	e.must("revoking it", err)
	e.checks("a login that was revoked", id, f.ID, driver.ErrNoSession)
}

func checksNobody[U any](e *env[U]) {
	id, _ := e.user()
	other, _ := e.user()
	s := e.login(id)
	for _, who := range append(unknownIDs(), string(other)) {
		e.checks("the session for "+who, driver.UserID(who), s.ID, driver.ErrNoSession)
	}
	for _, unknown := range unknownIDs() {
		e.checks("the session "+unknown, id, driver.SessionID(unknown), driver.ErrNoSession)
	}
	e.disable(id)
	e.checks("a disabled user", id, s.ID, driver.ErrNoSession)
}
