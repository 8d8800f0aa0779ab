package drivertest

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
)

func rotationGroup[U any]() group[U] {
	return group[U]{"Sessions rotation", implements[driver.Sessions], map[string]func(*env[U]){
		"UpdateSession gives a session another digest":              rotates[U],
		"UpdateSession has one winner of rotations":                 rotationRace[U],
		"FindRotated finds the session within the grace":            foundInGrace[U],
		"FindRotated ends the session after the grace":              reusedAfterGrace[U],
		"FindRotated has one answer of reuse":                       reuseRace[U],
		"FindRotated is ErrNoSession without a trace":               noTrace[U],
		"FindRotated says once that another client used the token":  elsewhere[U],
		"DeleteSession ends a session that was rotated meanwhile":   deleteRotated[U],
		"a rotation keeps values, times and the owner of a session": rotationKeeps[U],
	}}
}

func (e *env[U]) rotate(s driver.Session, grace time.Duration) driver.Session {
	e.Helper()
	next, err := e.sessions.UpdateSession(e.Context(), s.Digest, driver.SessionChange{Digest: newDigest(), Grace: grace})
	e.must("rotating a session", err)
	return next
}

func rotates[U any](e *env[U]) {
	s := e.login("")
	next := e.rotate(s, 0)
	if next.ID != s.ID || next.Digest == s.Digest {
		e.Errorf("got %+v after %+v", next, s)
	}
	e.alive("the old digest", false, s.Digest)
	e.alive("the new digest", true, next.Digest)
	other := e.login("")
	_, err := e.sessions.UpdateSession(e.Context(), other.Digest, driver.SessionChange{Digest: next.Digest})
	e.refused("a digest that exists", err)
	e.alive("both", true, other.Digest, next.Digest)
}

func rotationRace[U any](e *env[U]) {
	s := e.login("")
	digests := make([]driver.Digest, callers)
	e.oneWins("rotating one session", driver.ErrNoSession, func(i int) error {
		digests[i] = newDigest()
		_, err := e.sessions.UpdateSession(e.Context(), s.Digest, driver.SessionChange{Digest: digests[i], Grace: time.Minute})
		return err
	})
	if live := e.liveOf(digests); live != 1 {
		e.Errorf("%d digests are live", live)
	}
}

func foundInGrace[U any](e *env[U]) {
	id, _ := e.user()
	s := e.login(id)
	next := e.rotate(s, time.Minute)
	e.Advance(time.Minute - moment)
	for range 2 {
		found, err := e.sessions.FindRotated(e.Context(), s.Digest)
		if err != nil || found.ID != s.ID || found.Digest != next.Digest || found.UserID != id {
			e.Errorf("just before the end of the grace: %+v, %v", found, err)
		}
	}
	e.alive("the session", true, next.Digest)
}

func reusedAfterGrace[U any](e *env[U]) {
	id, _ := e.user()
	s := e.login(id)
	next := e.rotate(s, time.Minute)
	e.Advance(time.Minute)
	ended, err := e.sessions.FindRotated(e.Context(), s.Digest)
	e.want("at the end of the grace", err, driver.ErrTokenReused)
	if ended.ID != s.ID || ended.UserID != id {
		e.Errorf("what has ended is %+v", ended)
	}
	e.alive("the session", false, next.Digest)
	_, err = e.sessions.FindRotated(e.Context(), s.Digest)
	e.want("once more", err, driver.ErrNoSession)
}

func reuseRace[U any](e *env[U]) {
	s := e.login("")
	e.rotate(s, time.Second)
	e.Advance(time.Minute)
	reused := 0
	for _, err := range e.together(callers, func(int) error {
		_, err := e.sessions.FindRotated(e.Context(), s.Digest)
		return err
	}) {
		if errors.Is(err, driver.ErrTokenReused) {
			reused++
			continue
		}
		e.want("a call that lost", err, driver.ErrNoSession)
	}
	if reused != 1 {
		e.Errorf("%d calls have got ErrTokenReused", reused)
	}
}

func noTrace[U any](e *env[U]) {
	s := e.login("")
	second := e.rotate(s, 0)
	_, err := e.sessions.FindRotated(e.Context(), s.Digest)
	e.want("a rotation without grace", err, driver.ErrNoSession)
	third := e.rotate(e.rotate(second, time.Minute), time.Minute)
	_, err = e.sessions.FindRotated(e.Context(), second.Digest)
	e.want("the digest before the last one", err, driver.ErrNoSession)
	for _, d := range []driver.Digest{third.Digest, newDigest(), {}} {
		_, err = e.sessions.FindRotated(e.Context(), d)
		e.want("a digest that nothing has replaced", err, driver.ErrNoSession)
	}
	e.alive("the session", true, third.Digest)
	ended := e.login("")
	e.must("deleting it", e.sessions.DeleteSession(e.Context(), e.rotate(ended, time.Minute).Digest))
	_, err = e.sessions.FindRotated(e.Context(), ended.Digest)
	e.want("a session that has ended", err, driver.ErrNoSession)
}

// from is the context of a request of a client.
func (e *env[U]) from(addr, browser string) context.Context {
	return driver.WithCause(e.Context(), driver.Cause{Origin: driver.Origin{Addr: netip.MustParseAddr(addr), UserAgent: browser}})
}

func elsewhere[U any](e *env[U]) {
	s := e.login("")
	home, away := e.from("203.0.113.7", "Firefox"), e.from("198.51.100.9", "curl")
	_, err := e.sessions.UpdateSession(home, s.Digest, driver.SessionChange{Digest: newDigest(), Grace: time.Minute})
	e.must("rotating it", err)
	for i, call := range []struct {
		ctx  context.Context
		want bool
	}{{home, false}, {away, true}, {away, false}, {home, false}} {
		found, err := e.sessions.FindRotated(call.ctx, s.Digest)
		if err != nil || found.Elsewhere != call.want {
			e.Errorf("use %d: elsewhere %v, want %v, %v", i, found.Elsewhere, call.want, err)
		}
	}
}

func deleteRotated[U any](e *env[U]) {
	s := e.login("")
	next := e.rotate(s, time.Minute)
	e.must("deleting it by the old digest", e.sessions.DeleteSession(e.Context(), s.Digest))
	e.alive("the session", false, next.Digest)
}

func rotationKeeps[U any](e *env[U]) {
	id, _ := e.user()
	n := newSession(id)
	n.Data = []byte(`{"a":1}`)
	s := e.loginAs(n)
	e.Advance(time.Minute)
	next := e.rotate(s, 0)
	if next.UserID != id || !next.CreatedAt.Equal(s.CreatedAt) || !next.ExpiresAt.Equal(s.ExpiresAt) || !next.AuthenticatedAt.Equal(s.AuthenticatedAt) ||
		next.Version != s.Version || !next.LastSeenAt.Equal(next.ReadAt) {
		e.Errorf("got %+v after %+v", next, s)
	}
	e.sameJSON("the values", next.Data, `{"a":1}`)
}
