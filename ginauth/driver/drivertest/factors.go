package drivertest

import (
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/ginauth/ginauth/ginauth/driver"
)

func factorsGroup[U any]() group[U] {
	return group[U]{"Factors", implements[driver.Factors], map[string]func(*env[U]){
		"AddFactor, ConfirmFactor and RemoveFactor keep what a user has":        keepsFactors[U],
		"a factor belongs to one user":                                          factorOfAnother[U],
		"a login needs a second factor while a confirmed one gates":             gateOfSessions[U],
		"a login by refresh tokens needs a second factor":                       gateOfFamilies[U],
		"an admission needs a second factor":                                    gateOfAdmissions[U],
		"an exchange needs a second factor":                                     gateOfExchanges[U],
		"a factor goes when an account goes to the owner of its mailbox":        takeoverRemoves[U],
		"a factor stays when a password is reset":                               resetKeepsFactor[U],
		"what a login would have ended stays when its second factor is missing": gateChangesNothing[U],
	}}
}

func pendingGroup[U any]() group[U] {
	return group[U]{"PendingLogins", implements[driver.PendingLogins], map[string]func(*env[U]){
		"FindPendingLogin returns the login that was stored":        findsPending[U],
		"CreatePendingLogin wants an enabled user of this password": pendingNeedsUser[U],
		"a login under way is no session":                           pendingIsNoSession[U],
		"a login under way ends in time":                            pendingExpires[U],
		"a login under way ends with all sessions of its user":      pendingEnds[U],
		"a user has at most five logins under way":                  pendingLimit[U],
		"CreateSession completes a login under way once":            completesOnce[U],
		"CreateSession completes a login of its user alone":         completesOwn[U],
		"CreateRefreshFamily completes a login under way once":      completesFamily[U],
		"AdmitSession completes a login under way once":             completesAdmission[U],
		"of parallel callers one completes a login under way":       completionRace[U],
	}}
}

func (e *env[U]) factors() driver.Factors {
	e.Helper()
	return need[driver.Factors](e)
}

func (e *env[U]) newFactorID() driver.FactorID {
	e.Helper()
	id, err := uuid.NewRandom()
	e.must("making an id", err)
	return driver.FactorID(id.String())
}

// factor adds a factor.
func (e *env[U]) factor(id driver.UserID, gates, confirmed bool) driver.FactorID {
	e.Helper()
	n := driver.NewFactor{ID: e.newFactorID(), UserID: id, Kind: "toy", Gates: gates, Confirmed: confirmed}
	e.must("adding a factor", e.factors().AddFactor(e.Context(), n))
	return n.ID
}

func keepsFactors[U any](e *env[U]) {
	id, _ := e.user()
	first := e.factor(id, true, false)
	e.Advance(time.Second)
	second := e.factor(id, false, true)
	at := e.now()
	list, err := e.factors().UserFactors(e.Context(), id)
	e.must("listing factors", err)
	if len(list) != 2 || list[0].ID != first || list[1].ID != second || list[0].Kind != "toy" || !list[0].Gates || list[1].Gates ||
		!list[0].ConfirmedAt.IsZero() || !list[1].ConfirmedAt.Equal(at) || !list[1].CreatedAt.Equal(at) {
		e.Errorf("the factors are %+v", list)
	}
	for range 2 {
		e.must("confirming it", e.factors().ConfirmFactor(e.Context(), id, first))
		if list, err = e.factors().UserFactors(e.Context(), id); err != nil || !list[0].ConfirmedAt.Equal(at) {
			e.Errorf("the confirmed factor is %+v, %v", list, err)
		}
		e.Advance(time.Second)
	}
	e.must("removing it", e.factors().RemoveFactor(e.Context(), id, first))
	for _, unknown := range []driver.FactorID{first, "", e.newFactorID()} {
		e.want("removing it again", e.factors().RemoveFactor(e.Context(), id, unknown), driver.ErrNoFactor)
		e.want("confirming it again", e.factors().ConfirmFactor(e.Context(), id, unknown), driver.ErrNoFactor)
	}
	n := driver.NewFactor{ID: second, UserID: id, Kind: "toy"}
	e.refused("adding it again", e.factors().AddFactor(e.Context(), n))
	e.refused("a factor without a kind", e.factors().AddFactor(e.Context(), driver.NewFactor{ID: e.newFactorID(), UserID: id}))
	for _, unknown := range e.strangers() {
		n := driver.NewFactor{ID: e.newFactorID(), UserID: driver.UserID(unknown), Kind: "toy"}
		e.stranger("a factor of "+unknown, e.factors().AddFactor(e.Context(), n))
	}
}

func factorOfAnother[U any](e *env[U]) {
	id, _ := e.user()
	other, _ := e.user()
	factor := e.factor(id, true, false)
	e.want("confirming it", e.factors().ConfirmFactor(e.Context(), other, factor), driver.ErrNoFactor)
	e.want("removing it", e.factors().RemoveFactor(e.Context(), other, factor), driver.ErrNoFactor)
	if list, err := e.factors().UserFactors(e.Context(), id); err != nil || len(list) != 1 || !list[0].ConfirmedAt.IsZero() {
		e.Errorf("the factors are %+v, %v", list, err)
	}
	if list, err := e.factors().UserFactors(e.Context(), other); err != nil || len(list) != 0 {
		e.Errorf("the other user has %+v, %v", list, err)
	}
}

// gate runs the ways in which a user's factors can be, and wants the error of a login with and
// without a second factor.
func (e *env[U]) gate(login func(id driver.UserID, second bool) error) {
	e.Helper()
	id, _ := e.user()
	other, _ := e.user()
	gates := func(when string, want error) {
		e.Helper()
		if err := login(id, false); !errors.Is(err, want) {
			e.Errorf("%s: got the error %v, want %v", when, err, want)
		}
		e.must(when+": with a second factor", login(id, true))
		e.must(when+": another user", login(other, false))
	}
	gates("no factor", nil)
	factor := e.factor(id, true, false)
	e.factor(id, false, true)
	gates("a factor that is not confirmed, and one that does not gate", nil)
	e.must("confirming it", e.factors().ConfirmFactor(e.Context(), id, factor))
	gates("a confirmed factor", driver.ErrSecondFactor)
	e.must("removing it", e.factors().RemoveFactor(e.Context(), id, factor))
	gates("a removed factor", nil)
}

func gateOfSessions[U any](e *env[U]) {
	e.gate(func(id driver.UserID, second bool) error {
		n := newSession(id)
		n.SecondFactor, n.Limit = second, 50
		_, err := e.sessions.CreateSession(e.Context(), n)
		if err != nil {
			e.alive("what was refused", false, n.Digest)
			return err
		}
		n = newSession(id)
		n.SecondFactor = second
		_, err = e.sessions.CreateSession(e.Context(), n)
		return err
	})
}

func gateOfFamilies[U any](e *env[U]) {
	tokens := e.tokens()
	e.gate(func(id driver.UserID, second bool) error {
		n := newFamily(id)
		n.SecondFactor = second
		_, err := tokens.CreateRefreshFamily(e.Context(), n)
		if err != nil {
			e.good("what was refused", n.Key, driver.ErrNoSession)
		}
		return err
	})
}

func gateOfAdmissions[U any](e *env[U]) {
	authority := need[driver.Authority[U]](e)
	e.gate(func(id driver.UserID, second bool) error {
		n := newSession(id)
		n.SecondFactor = second
		_, err := authority.AdmitSession(e.Context(), n)
		return err
	})
}

func gateOfExchanges[U any](e *env[U]) {
	need[driver.SessionExchanger](e)
	id, _ := e.user()
	e.factor(id, true, true)
	x := e.exchangeOf(id)
	_, err := e.exchange(x)
	e.want("exchanging a login", err, driver.ErrSecondFactor)
	list, err := e.factors().UserFactors(e.Context(), id)
	e.must("listing factors", err)
	e.must("removing it", e.factors().RemoveFactor(e.Context(), id, list[0].ID))
	_, err = e.exchange(x)
	e.must("exchanging it then", err)
}

func takeoverRemoves[U any](e *env[U]) {
	for _, kind := range []driver.MailKind{driver.MailLogin, driver.MailReset} {
		id, n := e.user()
		e.factor(id, true, true)
		_, err := e.useLink(kind, e.link(kind, id, n))
		e.must("using a link", err)
		if list, err := e.factors().UserFactors(e.Context(), id); err != nil || len(list) != 0 {
			e.Errorf("after the first proof by %s the user has %+v, %v", kind, list, err)
		}
		e.login(id)
	}
}

func resetKeepsFactor[U any](e *env[U]) {
	for _, kind := range []driver.MailKind{driver.MailLogin, driver.MailReset} {
		id, n := e.verified()
		e.factor(id, true, true)
		_, err := e.useLink(kind, e.link(kind, id, n))
		e.must("using a link", err)
		_, err = e.sessions.CreateSession(e.Context(), newSession(id))
		e.want("a login after "+string(kind), err, driver.ErrSecondFactor)
	}
}

func gateChangesNothing[U any](e *env[U]) {
	id, _ := e.user()
	old, visitor := e.login(id), e.login("")
	e.factor(id, true, true)
	n := newSession(id)
	n.Replaces, n.Limit = visitor.Digest, 1
	_, err := e.sessions.CreateSession(e.Context(), n)
	e.want("a login", err, driver.ErrSecondFactor)
	e.alive("the other sessions", true, old.Digest, visitor.Digest)
}

func (e *env[U]) pendings() driver.PendingLogins {
	e.Helper()
	return need[driver.PendingLogins](e)
}

const pendingTime = 10 * time.Minute

func newPending(id driver.UserID) driver.NewPendingLogin {
	return driver.NewPendingLogin{Digest: newDigest(), UserID: id, Methods: "pwd", Lifetime: pendingTime}
}

// half begins a login of a user who has a second factor.
func (e *env[U]) half(id driver.UserID) driver.Digest {
	e.Helper()
	n := newPending(id)
	_, err := e.pendings().CreatePendingLogin(e.Context(), n)
	e.must("beginning a login", err)
	return n.Digest
}

// underWay compares whether logins are under way.
func (e *env[U]) underWay(when string, want bool, digests ...driver.Digest) {
	e.Helper()
	for i, d := range digests {
		_, err := e.pendings().FindPendingLogin(e.Context(), d)
		if want {
			e.must(when, err)
		} else if !errors.Is(err, driver.ErrNoPendingLogin) {
			e.Errorf("%s, %d: got the error %v, want %v", when, i, err, driver.ErrNoPendingLogin)
		}
	}
}

func findsPending[U any](e *env[U]) {
	id, user := e.user()
	n := newPending(id)
	n.Credential, n.Persistent, n.ReturnTo, n.Origin.UserAgent = user.Hash, true, "/next?a=b", "Firefox"
	made, err := e.pendings().CreatePendingLogin(e.Context(), n)
	e.must("beginning a login", err)
	found, err := e.pendings().FindPendingLogin(e.Context(), n.Digest)
	e.must("finding it", err)
	for _, p := range []driver.PendingLogin{made, found} {
		if p.Digest != n.Digest || p.UserID != id || p.Methods != "pwd" || !p.Persistent || p.ReturnTo != n.ReturnTo || p.Origin != n.Origin ||
			!p.CreatedAt.Equal(e.now()) || !p.ExpiresAt.Equal(e.now().Add(pendingTime)) || !p.ReadAt.Equal(e.now()) {
			e.Errorf("the login is %+v", p)
		}
	}
	_, err = e.pendings().CreatePendingLogin(e.Context(), n)
	e.refused("the same digest again", err)
	e.underWay("an unknown digest", false, newDigest(), driver.Digest{})
	e.must("ending an unknown one", e.pendings().DeletePendingLogin(e.Context(), newDigest()))
	e.underWay("the first one", true, n.Digest)
	e.must("ending it", e.pendings().DeletePendingLogin(e.Context(), n.Digest))
	e.underWay("after its end", false, n.Digest)
}

func pendingNeedsUser[U any](e *env[U]) {
	id, _ := e.user()
	for _, unknown := range e.strangers() {
		n := newPending(driver.UserID(unknown))
		_, err := e.pendings().CreatePendingLogin(e.Context(), n)
		e.stranger("a login of "+unknown, err)
	}
	if !e.external {
		n := newPending(id)
		n.Credential = hash('x')
		_, err := e.pendings().CreatePendingLogin(e.Context(), n)
		e.want("another password", err, driver.ErrNoUser)
		e.underWay("what was refused", false, n.Digest)
	}
	half := e.half(id)
	e.disable(id)
	_, err := e.pendings().CreatePendingLogin(e.Context(), newPending(id))
	e.want("a disabled user", err, driver.ErrNoUser)
	e.underWay("a login that was under way", false, half)
}

func pendingIsNoSession[U any](e *env[U]) {
	id, _ := e.user()
	half, s := e.half(id), e.login(id)
	e.alive("a login under way", false, half)
	_, err := e.sessions.UpdateSession(e.Context(), half, driver.SessionChange{Authenticated: true})
	e.want("updating it", err, driver.ErrNoSession)
	_, err = e.sessions.FindRotated(e.Context(), half)
	e.want("finding it after a rotation", err, driver.ErrNoSession)
	e.must("deleting it as a session", e.sessions.DeleteSession(e.Context(), half))
	e.underWay("a session's digest", false, s.Digest)
	e.underWay("the login", true, half)
}

func pendingExpires[U any](e *env[U]) {
	id, _ := e.user()
	half := e.half(id)
	e.Advance(pendingTime - moment)
	e.underWay("just before", true, half)
	e.Advance(moment)
	e.underWay("at its end", false, half)
	n := newSession(id)
	n.Pending = half
	_, err := e.sessions.CreateSession(e.Context(), n)
	e.want("completing it", err, driver.ErrNoPendingLogin)
}

func pendingEnds[U any](e *env[U]) {
	logins := need[driver.Logins](e)
	for when, end := range map[string]func(driver.UserID, driver.Session) error{
		"all sessions of the user end": func(id driver.UserID, s driver.Session) error {
			return logins.RevokeUserSessions(e.Context(), id, s.ID)
		},
		"all sessions end": func(driver.UserID, driver.Session) error { return logins.RevokeAllSessions(e.Context()) },
		"the password is changed": func(id driver.UserID, s driver.Session) error {
			accounts, ok := e.store.(driver.Accounts[U])
			if !ok {
				return logins.RevokeUserSessions(e.Context(), id, "")
			}
			_, err := accounts.SetPassword(e.Context(), driver.PasswordChange{UserID: id, Old: hash('a'), New: hash('b')})
			return err
		},
	} {
		id, _ := e.user()
		s, half := e.login(id), e.half(id)
		e.must(when, end(id, s))
		e.underWay(when, false, half)
		n := newSession(id)
		n.Pending = half
		_, err := e.sessions.CreateSession(e.Context(), n)
		e.want(when+": completing it", err, driver.ErrNoPendingLogin)
		e.underWay(when+": a new one", true, e.half(id))
	}
}

func pendingLimit[U any](e *env[U]) {
	id, _ := e.user()
	other, _ := e.user()
	foreign := e.half(other)
	var all []driver.Digest
	for range driver.MaxPendingLogins + 2 {
		all = append(all, e.half(id))
		e.Advance(time.Second)
	}
	e.underWay("the oldest", false, all[:2]...)
	e.underWay("the others", true, append(all[2:], foreign)...)
}

func completesOnce[U any](e *env[U]) {
	id, _ := e.user()
	e.factor(id, true, true)
	half, another := e.half(id), e.half(id)
	n := newSession(id)
	n.Pending, n.Methods, n.Limit = half, "otp pwd", 3
	s := e.loginAs(n)
	e.proved("the session", s, "otp pwd", s.ReadAt)
	e.underWay("the login", false, half)
	e.underWay("another login", true, another)
	for _, spent := range []driver.Digest{half, newDigest()} {
		n = newSession(id)
		n.Pending = spent
		_, err := e.sessions.CreateSession(e.Context(), n)
		e.want("completing it again", err, driver.ErrNoPendingLogin)
		e.alive("what was refused", false, n.Digest)
	}
	n = newSession("")
	n.Pending = another
	_, err := e.sessions.CreateSession(e.Context(), n)
	e.refused("an anonymous session", err)
	e.underWay("another login", true, another)
}

func completesOwn[U any](e *env[U]) {
	id, _ := e.user()
	other, _ := e.user()
	half := e.half(id)
	n := newSession(other)
	n.Pending = half
	_, err := e.sessions.CreateSession(e.Context(), n)
	e.want("another user", err, driver.ErrNoPendingLogin)
	e.alive("what was refused", false, n.Digest)
	e.underWay("the login", true, half)
}

func completesFamily[U any](e *env[U]) {
	id, _ := e.user()
	e.factor(id, true, true)
	half := e.half(id)
	n := newFamily(id)
	n.Pending = half
	f, err := e.tokens().CreateRefreshFamily(e.Context(), n)
	if e.must("completing a login", err); !f.SecondFactor {
		e.Errorf("the login is %+v", f)
	}
	n = newFamily(id)
	n.Pending = half
	_, err = e.tokens().CreateRefreshFamily(e.Context(), n)
	e.want("completing it again", err, driver.ErrNoPendingLogin)
	e.good("what was refused", n.Key, driver.ErrNoSession)
}

func completesAdmission[U any](e *env[U]) {
	id, _ := e.user()
	e.factor(id, true, true)
	n := newSession(id)
	n.Pending = e.half(id)
	a, err := need[driver.Authority[U]](e).AdmitSession(e.Context(), n)
	e.must("completing a login", err)
	e.admitted("the session", id, n.Digest, a.Epoch, nil)
	_, err = need[driver.Authority[U]](e).AdmitSession(e.Context(), n)
	e.want("completing it again", err, driver.ErrNoPendingLogin)
}

func completionRace[U any](e *env[U]) {
	id, _ := e.user()
	e.factor(id, true, true)
	const rounds, racers = 5, 16
	for range rounds {
		half, won := e.half(id), 0
		for _, err := range e.together(racers, func(i int) error {
			n := newSession(id)
			n.Pending, n.Limit = half, 50*(i%2)
			_, err := e.sessions.CreateSession(e.Context(), n)
			return err
		}) {
			if err == nil {
				won++
				continue
			}
			e.want("completing a login", err, driver.ErrNoPendingLogin)
		}
		if won != 1 {
			e.Errorf("%d callers completed one login", won)
		}
	}
}
