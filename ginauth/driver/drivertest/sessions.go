package drivertest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
)

func sessionsGroup[U any]() group[U] {
	return group[U]{"Sessions", implements[driver.Sessions], map[string]func(*env[U]){
		"FindSession returns the session that was created":                    createdSessionIsFound[U],
		"a session keeps how its user has proved who they are":                keepsMethods[U],
		"an unknown digest is ErrNoSession, and no error for DeleteSession":   unknownSession[U],
		"CreateSession refuses a digest that exists":                          digestExists[U],
		"CreateSession deletes what it replaces":                              replacesSession[U],
		"CreateSession wants an enabled user with this password":              sessionNeedsUser[U],
		"a session ends at its idle timeout":                                  idleTimeout[U],
		"a session ends at its absolute end, however much it is used":         absoluteEnd[U],
		"UpdateSession changes the values that it names":                      updatesValues[U],
		"UpdateSession keeps the values that parallel calls write":            updatesInParallel[U],
		"UpdateSession never brings an ended session back":                    updateOfEnded[U],
		"UpdateSession marks as authenticated only a user's session":          authenticates[U],
		"UpdateSession skips a session that was seen just now":                unlessSeen[U],
		"CreateSession ends the sessions beyond the limit":                    sessionLimit[U],
		"CreateSession keeps the limit in parallel":                           sessionLimitRace[U],
		"a session ends when its user is disabled":                            sessionOfDisabled[U],
		"a session is not brought back by writers that its end has overtaken": deleteAgainstWriters[U],
	}}
}

func createdSessionIsFound[U any](e *env[U]) {
	id, _ := e.user()
	n := newSession(id)
	n.Data, n.Persistent = json.RawMessage(`{"a":1,"b":{"c":"d"}}`), true
	n.Origin = driver.Origin{Addr: netip.MustParseAddr("203.0.113.7"), UserAgent: "Firefox"}
	created := e.loginAs(n)
	found, err := e.sessions.FindSession(e.Context(), n.Digest)
	e.must("finding it", err)
	for _, s := range []driver.Session{created, found} {
		if s.ID == "" || s.ID != created.ID || s.Digest != n.Digest || s.UserID != id || !s.Persistent || s.Origin != n.Origin || s.IdleTimeout != idle {
			e.Errorf("the session is %+v", s)
		}
		if at := s.ReadAt; !s.CreatedAt.Equal(at) || !s.LastSeenAt.Equal(at) || !s.AuthenticatedAt.Equal(at) || !s.ExpiresAt.Equal(at.Add(lifetime)) {
			e.Errorf("its times are %+v", s)
		}
		e.sameJSON("its data", s.Data, `{"a":1,"b":{"c":"d"}}`)
	}
	anonymous := e.login("")
	if anonymous.UserID != "" || !anonymous.AuthenticatedAt.IsZero() || anonymous.ID == created.ID {
		e.Errorf("an anonymous session is %+v", anonymous)
	}
	e.sameJSON("its data", anonymous.Data, `{}`)
	n = newSession("")
	n.Authenticated = true
	if s := e.loginAs(n); !s.AuthenticatedAt.Equal(s.ReadAt) {
		e.Errorf("an anonymous session of somebody who has proved who they are: %+v", s)
	}
}

func keepsMethods[U any](e *env[U]) {
	id, _ := e.user()
	n, before := newSession(id), e.login(id)
	n.Methods, n.SecondFactor = "pwd", false
	created := e.loginAs(n)
	changed := func(methods driver.Methods, second bool) driver.Session {
		e.Advance(moment)
		s, err := e.sessions.UpdateSession(e.Context(), n.Digest, driver.SessionChange{Authenticated: true, Methods: methods, SecondFactor: second})
		e.must("proving it again", err)
		return s
	}
	e.proved("a login", created, "pwd", time.Time{})
	e.proved("a password again", changed("pwd", false), "pwd", time.Time{})
	second := changed("otp", true)
	e.proved("a code", second, "otp pwd", second.ReadAt)
	e.proved("a password after it", changed("pwd", false), "otp pwd", second.ReadAt)
	e.proved("a proof of which nothing is known", changed("", false), "otp pwd", second.ReadAt)
	e.Advance(moment)
	for _, change := range []driver.SessionChange{
		{Methods: "fed", SecondFactor: true},
		{Set: json.RawMessage(`{"a":1}`), Methods: "fed", SecondFactor: true},
		{Digest: newDigest(), Grace: time.Minute},
	} {
		s, err := e.sessions.UpdateSession(e.Context(), n.Digest, change)
		e.must("another change", err)
		e.proved("another change", s, "otp pwd", second.ReadAt)
		n.Digest = s.Digest
	}
	s, err := e.sessions.UpdateSession(e.Context(), n.Digest, driver.SessionChange{Set: json.RawMessage(`{"a":2}`), Authenticated: true, Methods: "hwk user", SecondFactor: true})
	e.must("a key and a value at once", err)
	e.proved("a key and a value at once", s, "hwk otp pwd user", s.ReadAt)
	found, err := e.sessions.FindSession(e.Context(), n.Digest)
	e.must("finding it", err)
	e.proved("the session that is found", found, "hwk otp pwd user", s.ReadAt)
	if finder, ok := e.store.(driver.SessionFinder[U]); ok {
		_, joined, err := finder.FindUserSession(e.Context(), n.Digest)
		e.must("finding it with its user", err)
		e.proved("the session with its user", joined, "hwk otp pwd user", s.ReadAt)
	}
	untouched, err := e.sessions.FindSession(e.Context(), before.Digest)
	e.must("finding the other one", err)
	e.proved("a session of which nothing is known", untouched, "", time.Time{})
	n = newSession(id)
	n.Methods, n.SecondFactor = "hwk user", true
	two := e.loginAs(n)
	e.proved("a login with two factors", two, "hwk user", two.ReadAt)
	n = newSession("")
	n.Authenticated, n.Methods = true, "fed"
	e.proved("a session of somebody whom the store does not know", e.loginAs(n), "fed", time.Time{})
	s, err = e.sessions.UpdateSession(e.Context(), n.Digest, driver.SessionChange{Authenticated: true, Methods: "otp", SecondFactor: true})
	e.must("a code of somebody whom the store does not know", err)
	e.proved("a code of somebody whom the store does not know", s, "fed", time.Time{})
}

func (e *env[U]) proved(what string, s driver.Session, methods driver.Methods, second time.Time) {
	e.Helper()
	if s.Methods != methods || !s.SecondFactorAt.Equal(second) {
		e.Errorf("%s: the methods are %q with a second factor at %v, want %q and %v", what, s.Methods, s.SecondFactorAt, methods, second)
	}
}

func (e *env[U]) sameJSON(what string, got json.RawMessage, want string) {
	e.Helper()
	var a, b any
	if json.Unmarshal(got, &a) != nil || json.Unmarshal([]byte(want), &b) != nil || !reflect.DeepEqual(a, b) {
		e.Errorf("%s: got %s, want %s", what, got, want)
	}
}

func unknownSession[U any](e *env[U]) {
	e.login("")
	for _, d := range []driver.Digest{newDigest(), {}} {
		_, err := e.sessions.FindSession(e.Context(), d)
		e.want("finding it", err, driver.ErrNoSession)
		_, err = e.sessions.UpdateSession(e.Context(), d, driver.SessionChange{})
		e.want("updating it", err, driver.ErrNoSession)
		e.must("deleting it", e.sessions.DeleteSession(e.Context(), d))
	}
}

func digestExists[U any](e *env[U]) {
	id, _ := e.user()
	s, old := e.login(id), e.login("")
	n := newSession("")
	n.Digest, n.Replaces = s.Digest, old.Digest
	_, err := e.sessions.CreateSession(e.Context(), n)
	e.refused("creating it again", err)
	if found, err := e.sessions.FindSession(e.Context(), s.Digest); err != nil || found.ID != s.ID || found.UserID != id {
		e.Errorf("the first session: %+v, %v", found, err)
	}
	e.alive("what was to be replaced", true, old.Digest)
}

func replacesSession[U any](e *env[U]) {
	id, _ := e.user()
	old, other := e.login(""), e.login("")
	n := newSession(id)
	n.Replaces = old.Digest
	s := e.loginAs(n)
	e.alive("the replaced one", false, old.Digest)
	e.alive("the others", true, s.Digest, other.Digest)
}

func sessionNeedsUser[U any](e *env[U]) {
	id, user := e.user()
	old, mine := e.login(""), e.login(id)
	var all []driver.Digest
	for _, unknown := range e.strangers() {
		n := newSession(driver.UserID(unknown))
		n.Replaces = old.Digest
		_, err := e.sessions.CreateSession(e.Context(), n)
		e.stranger("a session of "+unknown, err)
		all = append(all, n.Digest)
	}
	n := newSession(id)
	if !e.external {
		n.Credential, n.Limit = hash('x'), 1
		_, err := e.sessions.CreateSession(e.Context(), n)
		e.want("a session by another password", err, driver.ErrNoUser)
		all = append(all, n.Digest)
	}
	e.alive("a session that it would have ended", true, mine.Digest)
	e.alive("what was refused", false, all...)
	e.alive("what was to be replaced", true, old.Digest)
	n.Credential = user.Hash
	if s := e.loginAs(n); s.UserID != id {
		e.Errorf("a session by the password: %+v", s)
	}
}

func idleTimeout[U any](e *env[U]) {
	id, _ := e.user()
	s, used := e.login(id), e.login("")
	e.Advance(idle - moment)
	e.alive("just before", true, s.Digest, used.Digest)
	found, err := e.sessions.UpdateSession(e.Context(), used.Digest, driver.SessionChange{})
	if err != nil || !found.LastSeenAt.Equal(found.ReadAt) || !found.LastSeenAt.Equal(used.LastSeenAt.Add(idle-moment)) {
		e.Errorf("marking as seen: %+v, %v", found, err)
	}
	e.Advance(moment)
	_, err = e.sessions.UpdateSession(e.Context(), s.Digest, driver.SessionChange{})
	e.want("updating the session that has ended", err, driver.ErrNoSession)
	e.alive("at the timeout", false, s.Digest)
	e.alive("of the one that was used", true, used.Digest)
}

func absoluteEnd[U any](e *env[U]) {
	n := newSession("")
	n.Lifetime = 2*idle + idle/2
	s := e.loginAs(n)
	step := idle/2 + moment
	var last driver.Session
	for passed := time.Duration(0); passed+step < n.Lifetime; passed += step {
		e.Advance(step)
		var err error
		last, err = e.sessions.UpdateSession(e.Context(), s.Digest, driver.SessionChange{})
		e.must("using it", err)
	}
	if !last.ExpiresAt.Equal(s.ExpiresAt) {
		e.Errorf("use has moved the end from %s to %s", s.ExpiresAt, last.ExpiresAt)
	}
	e.Advance(s.ExpiresAt.Sub(last.ReadAt) - moment)
	e.alive("just before", true, s.Digest)
	e.Advance(moment)
	_, err := e.sessions.UpdateSession(e.Context(), s.Digest, driver.SessionChange{Set: json.RawMessage(`{"a":1}`)})
	e.want("updating it", err, driver.ErrNoSession)
	e.alive("at the end", false, s.Digest)
}

func updatesValues[U any](e *env[U]) {
	n := newSession("")
	n.Data = json.RawMessage(`{"a":1,"b":2,"c":3}`)
	s := e.loginAs(n)
	changed, err := e.sessions.UpdateSession(e.Context(), s.Digest, driver.SessionChange{Set: json.RawMessage(`{"b":"new","d":[4]}`), Unset: []string{"c", "unknown"}})
	e.must("updating it", err)
	found, err := e.sessions.FindSession(e.Context(), s.Digest)
	e.must("finding it", err)
	for _, got := range []driver.Session{changed, found} {
		e.sameJSON("the values", got.Data, `{"a":1,"b":"new","d":[4]}`)
		if got.Version != s.Version+1 || got.ID != s.ID {
			e.Errorf("got %+v after %+v", got, s)
		}
	}
	same, err := e.sessions.UpdateSession(e.Context(), s.Digest, driver.SessionChange{Set: json.RawMessage(`{"b":"new"}`)})
	if err != nil || same.Version != found.Version {
		e.Errorf("the same values again: version %d after %d, %v", same.Version, found.Version, err)
	}
}

func updatesInParallel[U any](e *env[U]) {
	s := e.login("")
	for _, err := range e.together(callers, func(i int) error {
		_, err := e.sessions.UpdateSession(e.Context(), s.Digest, driver.SessionChange{Set: json.RawMessage(fmt.Sprintf(`{"k%d":%d}`, i, i))})
		return err
	}) {
		e.must("updating it", err)
	}
	found, err := e.sessions.FindSession(e.Context(), s.Digest)
	e.must("finding it", err)
	e.sameJSON("the values", found.Data, `{"k0":0,"k1":1,"k2":2,"k3":3,"k4":4,"k5":5}`)
	if found.Version != s.Version+callers {
		e.Errorf("the version is %d after %d and %d changes", found.Version, s.Version, callers)
	}
}

func updateOfEnded[U any](e *env[U]) {
	s := e.login("")
	e.must("deleting it", e.sessions.DeleteSession(e.Context(), s.Digest))
	for _, change := range []driver.SessionChange{{}, {Set: json.RawMessage(`{"a":1}`)}, {Digest: newDigest(), Grace: time.Minute}} {
		_, err := e.sessions.UpdateSession(e.Context(), s.Digest, change)
		e.want("updating it", err, driver.ErrNoSession)
		e.alive("after an update", false, s.Digest, change.Digest)
	}
	e.must("deleting it again", e.sessions.DeleteSession(e.Context(), s.Digest))
}

func authenticates[U any](e *env[U]) {
	id, _ := e.user()
	s, anonymous := e.login(id), e.login("")
	e.Advance(time.Minute)
	found, err := e.sessions.UpdateSession(e.Context(), s.Digest, driver.SessionChange{})
	if err != nil || !found.AuthenticatedAt.Equal(s.AuthenticatedAt) {
		e.Errorf("a use is no proof: %s after %s, %v", found.AuthenticatedAt, s.AuthenticatedAt, err)
	}
	found, err = e.sessions.UpdateSession(e.Context(), s.Digest, driver.SessionChange{Authenticated: true})
	if err != nil || !found.AuthenticatedAt.Equal(found.ReadAt) {
		e.Errorf("a proof: %s at %s, %v", found.AuthenticatedAt, found.ReadAt, err)
	}
	found, err = e.sessions.UpdateSession(e.Context(), anonymous.Digest, driver.SessionChange{Authenticated: true})
	if err != nil || !found.AuthenticatedAt.IsZero() {
		e.Errorf("an anonymous session: %s, %v", found.AuthenticatedAt, err)
	}
}

func unlessSeen[U any](e *env[U]) {
	s := e.login("")
	skips := driver.SessionChange{UnlessSeenFor: time.Minute}
	e.Advance(time.Minute - moment)
	_, err := e.sessions.UpdateSession(e.Context(), s.Digest, skips)
	e.want("a session that was seen", err, driver.ErrNoSession)
	found, err := e.sessions.FindSession(e.Context(), s.Digest)
	if err != nil || !found.LastSeenAt.Equal(s.LastSeenAt) {
		e.Errorf("it was marked: %+v, %v", found, err)
	}
	e.Advance(moment)
	if found, err = e.sessions.UpdateSession(e.Context(), s.Digest, skips); err != nil || !found.LastSeenAt.Equal(found.ReadAt) {
		e.Errorf("after the time: %+v, %v", found, err)
	}
	if _, err = e.sessions.UpdateSession(e.Context(), s.Digest, driver.SessionChange{UnlessSeenFor: time.Minute, Set: json.RawMessage(`{"a":1}`)}); err != nil {
		e.Errorf("a change of values is not skipped: %v", err)
	}
}

func sessionLimit[U any](e *env[U]) {
	id, _ := e.user()
	other, _ := e.user()
	theirs := e.login(other)
	var list []driver.Session
	for range 3 {
		e.Advance(time.Second)
		list = append(list, e.login(id))
	}
	e.Advance(time.Second)
	_, err := e.sessions.UpdateSession(e.Context(), list[0].Digest, driver.SessionChange{})
	e.must("using the first one", err)
	n := newSession(id)
	n.Limit = 3
	s := e.loginAs(n)
	if s.Evicted != 1 {
		e.Errorf("evicted %d", s.Evicted)
	}
	e.alive("the one seen longest ago", false, list[1].Digest)
	e.alive("the others", true, list[0].Digest, list[2].Digest, s.Digest, theirs.Digest)
	n = newSession(id)
	n.Limit = 1
	if s = e.loginAs(n); s.Evicted != 3 {
		e.Errorf("evicted %d of 3", s.Evicted)
	}
	e.alive("the new one", true, n.Digest)
}

func sessionLimitRace[U any](e *env[U]) {
	id, _ := e.user()
	const limit = 2
	digests := make([]driver.Digest, callers)
	for _, err := range e.together(callers, func(i int) error {
		n := newSession(id)
		n.Limit, digests[i] = limit, n.Digest
		_, err := e.sessions.CreateSession(e.Context(), n)
		return err
	}) {
		e.must("creating a session", err)
	}
	live := 0
	for _, d := range digests {
		if _, err := e.sessions.FindSession(e.Context(), d); err == nil {
			live++
		}
	}
	if live != limit {
		e.Errorf("%d sessions live, want %d", live, limit)
	}
}

func sessionOfDisabled[U any](e *env[U]) {
	id, user := e.user()
	s := e.login(id)
	e.disable(id)
	e.alive("the session", false, s.Digest)
	_, err := e.sessions.UpdateSession(e.Context(), s.Digest, driver.SessionChange{})
	e.want("updating it", err, driver.ErrNoSession)
	n := newSession(id)
	n.Credential = user.Hash
	_, err = e.sessions.CreateSession(e.Context(), n)
	e.want("a new session", err, driver.ErrNoUser)
}

func deleteAgainstWriters[U any](e *env[U]) {
	for range 5 {
		s := e.login("")
		e.together(callers, func(i int) error {
			if i == 0 {
				return e.sessions.DeleteSession(e.Context(), s.Digest)
			}
			_, err := e.sessions.UpdateSession(e.Context(), s.Digest, driver.SessionChange{Set: json.RawMessage(`{"a":1}`)})
			return err
		})
		e.alive("after the end", false, s.Digest)
	}
}

func finderGroup[U any]() group[U] {
	return group[U]{"SessionFinder", implements[driver.SessionFinder[U]], map[string]func(*env[U]){
		"FindUserSession returns the session with its user":                            findsUserSession[U],
		"FindUserSession is ErrNoSession for anonymous, ended and unknown sessions":    noUserSession[U],
		"FindUserSession is ErrNoSession at the idle timeout and for a disabled user":  userSessionEnds[U],
		"FindUserSession is ErrNoSession for the session of a user who is not enabled": userSessionOfDisabled[U],
	}}
}

func findsUserSession[U any](e *env[U]) {
	id, _ := e.user()
	n := newSession(id)
	n.Data = json.RawMessage(`{"a":1}`)
	want := e.loginAs(n)
	u, got, err := need[driver.SessionFinder[U]](e).FindUserSession(e.Context(), n.Digest)
	e.must("finding it", err)
	if e.Account(u).ID != id || got.ID != want.ID || got.Digest != n.Digest || got.UserID != id || !got.AuthenticatedAt.Equal(want.AuthenticatedAt) ||
		!got.LastSeenAt.Equal(want.LastSeenAt) || !got.ExpiresAt.Equal(want.ExpiresAt) || !got.ReadAt.Equal(want.ReadAt) {
		e.Errorf("got %s and %+v, want %s and %+v", e.Account(u).ID, got, id, want)
	}
	e.sameJSON("the values", got.Data, `{"a":1}`)
}

func noUserSession[U any](e *env[U]) {
	finder := need[driver.SessionFinder[U]](e)
	id, _ := e.user()
	ended := e.login(id)
	e.must("deleting it", e.sessions.DeleteSession(e.Context(), ended.Digest))
	for i, d := range []driver.Digest{e.login("").Digest, ended.Digest, newDigest(), {}} {
		_, _, err := finder.FindUserSession(e.Context(), d)
		e.want(fmt.Sprint("finding session ", i), err, driver.ErrNoSession)
	}
}

func userSessionEnds[U any](e *env[U]) {
	finder := need[driver.SessionFinder[U]](e)
	id, _ := e.user()
	s := e.login(id)
	e.Advance(idle - moment)
	if _, _, err := finder.FindUserSession(e.Context(), s.Digest); err != nil {
		e.Errorf("just before: %v", err)
	}
	e.Advance(moment)
	_, _, err := finder.FindUserSession(e.Context(), s.Digest)
	e.want("at the timeout", err, driver.ErrNoSession)
}

func userSessionOfDisabled[U any](e *env[U]) {
	finder := need[driver.SessionFinder[U]](e)
	id, _ := e.user()
	s := e.login(id)
	e.disable(id)
	_, _, err := finder.FindUserSession(e.Context(), s.Digest)
	e.want("finding it", err, driver.ErrNoSession)
}

// liveOf returns the digests that find a live session.
func (e *env[U]) liveOf(digests []driver.Digest) (live int) {
	for _, d := range digests {
		if _, err := e.sessions.FindSession(e.Context(), d); !errors.Is(err, driver.ErrNoSession) {
			live++
		}
	}
	return live
}
