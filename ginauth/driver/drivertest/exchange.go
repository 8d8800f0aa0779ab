package drivertest

import (
	"context"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
)

func exchangeGroup[U any]() group[U] {
	return group[U]{"SessionExchanger", implements[driver.SessionExchanger], map[string]func(*env[U]){
		"ExchangeSession stores a session without a proof":            exchanges[U],
		"ExchangeSession takes a login once until the deadline":       exchangesOnce[U],
		"ExchangeSession has one winner":                              exchangeRace[U],
		"ExchangeSession that fails spends nothing":                   exchangeFails[U],
		"ExchangeSession takes no login after the deadline":           exchangeOver[U],
		"ExchangeSession takes no login that EndAdmitted ended":       exchangeEnded[U],
		"ExchangeSession takes no login once all sessions were ended": exchangeRevoked[U],
		"FindRotated finds what was exchanged within the grace":       exchangedInGrace[U],
		"FindRotated ends what was exchanged twice":                   exchangedTwice[U],
		"ExchangeSession replaces a session and evicts by its limit":  exchangeReplaces[U],
		"ExchangeSession wants a user, a digest, a deadline, a grace": exchangeIncomplete[U],
		"ExchangeSession is ErrNoUser for a disabled user":            exchangeDisabled[U],
	}}
}

const bridged = 30 * 24 * time.Hour

func (e *env[U]) exchangeOf(id driver.UserID) driver.Exchange {
	e.Helper()
	return driver.Exchange{Old: newDigest(), Until: e.now().Add(bridged), Grace: 10 * time.Second, Session: newSession(id)}
}

func (e *env[U]) exchange(x driver.Exchange) (driver.Session, error) {
	e.Helper()
	return need[driver.SessionExchanger](e).ExchangeSession(e.Context(), x)
}

func (e *env[U]) exchanged(id driver.UserID) (driver.Exchange, driver.Session) {
	e.Helper()
	x := e.exchangeOf(id)
	s, err := e.exchange(x)
	e.must("exchanging a login", err)
	return x, s
}

func exchanges[U any](e *env[U]) {
	id, _ := e.user()
	x := e.exchangeOf(id)
	x.Session.Data, x.Session.Persistent = []byte(`{"a":1}`), true
	s, err := e.exchange(x)
	e.must("exchanging a login", err)
	found, err := e.sessions.FindSession(e.Context(), x.Session.Digest)
	e.must("finding the session", err)
	for _, r := range []driver.Session{s, found} {
		if r.UserID != id || r.Digest != x.Session.Digest || !r.AuthenticatedAt.IsZero() || !r.Persistent || !r.ExpiresAt.Equal(r.CreatedAt.Add(lifetime)) {
			e.Errorf("got %+v", r)
		}
		e.sameJSON("the values", r.Data, `{"a":1}`)
	}
	e.alive("the old login as a token", false, x.Old)
}

func exchangesOnce[U any](e *env[U]) {
	id, _ := e.user()
	x, _ := e.exchanged(id)
	e.Advance(bridged - moment)
	x.Session = newSession(id)
	_, err := e.exchange(x)
	e.want("once more, just before the deadline", err, driver.ErrExchanged)
	e.alive("the second session", false, x.Session.Digest)
}

func exchangeRace[U any](e *env[U]) {
	id, _ := e.user()
	x := e.exchangeOf(id)
	digests := make([]driver.Digest, callers)
	e.oneWins("exchanging one login", driver.ErrExchanged, func(i int) error {
		mine := x
		mine.Session = newSession(id)
		mine.Session.Limit = 2
		digests[i] = mine.Session.Digest
		_, err := e.exchange(mine)
		return err
	})
	if live := e.liveOf(digests); live != 1 {
		e.Errorf("%d sessions are live", live)
	}
}

func exchangeFails[U any](e *env[U]) {
	id, _ := e.user()
	x := e.exchangeOf(id)
	x.Session.Digest = e.login(id).Digest
	_, err := e.exchange(x)
	e.refused("a digest that exists", err)
	over, cancel := context.WithCancel(e.Context())
	cancel()
	_, err = need[driver.SessionExchanger](e).ExchangeSession(over, x)
	e.refused("a call that is over", err)
	x.Session = newSession(id)
	_, err = e.exchange(x)
	e.must("exchanging it after that", err)
}

func exchangeOver[U any](e *env[U]) {
	id, _ := e.user()
	x := e.exchangeOf(id)
	e.Advance(bridged)
	_, err := e.exchange(x)
	e.want("at the deadline", err, driver.ErrExchanged)
	e.alive("the session", false, x.Session.Digest)
}

func exchangeEnded[U any](e *env[U]) {
	id, _ := e.user()
	x := e.exchangeOf(id)
	e.must("ending it", need[driver.SessionExchanger](e).EndAdmitted(e.Context(), x.Old, x.Until))
	_, err := e.exchange(x)
	e.want("what was ended", err, driver.ErrExchanged)
}

func exchangeRevoked[U any](e *env[U]) {
	logins := need[driver.Logins](e)
	id, _ := e.user()
	other, _ := e.user()
	e.exchanged(id)
	e.must("ending the user's", logins.RevokeUserSessions(e.Context(), id, ""))
	_, err := e.exchange(e.exchangeOf(id))
	e.want("another old login of the user", err, driver.ErrExchanged)
	e.exchanged(other)
	e.must("ending everybody's", logins.RevokeAllSessions(e.Context()))
	_, err = e.exchange(e.exchangeOf(other))
	e.want("an old login of another user", err, driver.ErrExchanged)
}

func exchangedInGrace[U any](e *env[U]) {
	id, _ := e.user()
	x, s := e.exchanged(id)
	e.Advance(x.Grace - moment)
	found, err := e.sessions.FindRotated(e.Context(), x.Old)
	if err != nil || found.ID != s.ID || found.Digest != s.Digest || found.UserID != id {
		e.Errorf("just before the end of the grace: %+v, %v", found, err)
	}
}

func exchangedTwice[U any](e *env[U]) {
	id, _ := e.user()
	x, s := e.exchanged(id)
	e.Advance(x.Grace)
	_, err := e.sessions.FindRotated(e.Context(), x.Old)
	e.want("at the end of the grace", err, driver.ErrTokenReused)
	e.alive("the session", false, s.Digest)
	_, err = e.exchange(driver.Exchange{Old: x.Old, Until: x.Until, Grace: x.Grace, Session: newSession(id)})
	e.want("exchanging it again", err, driver.ErrExchanged)
}

func exchangeReplaces[U any](e *env[U]) {
	id, _ := e.user()
	before, first := e.login(""), e.login(id)
	e.Advance(time.Second)
	x := e.exchangeOf(id)
	x.Session.Replaces, x.Session.Limit = before.Digest, 1
	s, err := e.exchange(x)
	e.must("exchanging a login", err)
	e.alive("what it replaces and evicts", false, before.Digest, first.Digest)
	e.alive("the session", true, s.Digest)
	if s.Evicted != 1 {
		e.Errorf("evicted %d", s.Evicted)
	}
}

func exchangeIncomplete[U any](e *env[U]) {
	id, _ := e.user()
	for name, spoil := range map[string]func(*driver.Exchange){
		"no user": func(x *driver.Exchange) { x.Session.UserID = "" }, "no login": func(x *driver.Exchange) { x.Old = driver.Digest{} },
		"no deadline": func(x *driver.Exchange) { x.Until = time.Time{} }, "no grace": func(x *driver.Exchange) { x.Grace = 0 },
		"no digest": func(x *driver.Exchange) { x.Session.Digest = driver.Digest{} },
	} {
		x := e.exchangeOf(id)
		spoil(&x)
		_, err := e.exchange(x)
		e.refused(name, err)
	}
}

func exchangeDisabled[U any](e *env[U]) {
	id, _ := e.user()
	e.disable(id)
	x := e.exchangeOf(id)
	_, err := e.exchange(x)
	e.want("a disabled user", err, driver.ErrNoUser)
}
