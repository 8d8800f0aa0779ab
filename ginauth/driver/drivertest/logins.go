package drivertest

import (
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
)

func loginsGroup[U any]() group[U] {
	return group[U]{"Logins", implements[driver.Logins], map[string]func(*env[U]){
		"UserSessions lists the live sessions, the one seen last first":   listsSessions[U],
		"UserSessions shows how and where a user has logged in":           listsProofs[U],
		"UserSessions of an unknown user is empty":                        listsNobody[U],
		"RevokeSession ends a session of the user":                        revokesOne[U],
		"RevokeSession leaves a session of another user alone":            revokesForeign[U],
		"RevokeUserSessions ends all but one":                             revokesOthers[U],
		"RevokeUserSessions ends logins by refresh tokens by one rule":    revokesFamilies[U],
		"RevokeAllSessions ends the sessions of all users":                revokesAll[U],
		"a revoked session is not brought back by a writer under way":     revokeAgainstWriters[U],
		"a session that was revoked is not found by its rotated digest":   revokedIsNotFoundRotated[U],
		"a session that has ended is not spared by RevokeUserSessions":    exceptEnded[U],
		"a user logs in again after all sessions were revoked":            loginAfterRevocation[U],
		"UserSessions and RevokeSession pass over a user who is disabled": loginsOfDisabled[U],
	}}
}

func ids[U any](e *env[U], user driver.UserID) (list []driver.SessionID) {
	e.Helper()
	sessions, err := need[driver.Logins](e).UserSessions(e.Context(), user)
	e.must("listing sessions", err)
	for _, s := range sessions {
		if s.UserID != user {
			e.Errorf("the list of %s has %+v", user, s)
		}
		list = append(list, s.ID)
	}
	return list
}

func listsProofs[U any](e *env[U]) {
	id, _ := e.user()
	n := newSession(id)
	n.Methods, n.Provider = "fed", driver.ProviderSession{Issuer: "https://accounts.example", ID: "08a5019c"}
	if s := e.loginAs(n); s.Provider != n.Provider {
		e.Errorf("the new session is of %+v", s.Provider)
	}
	list, err := need[driver.Logins](e).UserSessions(e.Context(), id)
	e.must("listing sessions", err)
	if len(list) != 1 || list[0].Methods != "fed" || list[0].Provider != n.Provider {
		e.Errorf("the list is %+v", list)
	}
}

func listsSessions[U any](e *env[U]) {
	id, _ := e.user()
	other, _ := e.user()
	e.login(other)
	e.login("")
	var want []driver.SessionID
	var first driver.Session
	for i := range 4 {
		n := newSession(id)
		n.Origin.UserAgent = "Firefox"
		s := e.loginAs(n)
		e.Advance(time.Second)
		switch i {
		case 0:
			first = s
		case 1:
			e.must("deleting one", e.sessions.DeleteSession(e.Context(), s.Digest))
		default:
			want = append([]driver.SessionID{s.ID}, want...)
		}
	}
	_, err := e.sessions.UpdateSession(e.Context(), first.Digest, driver.SessionChange{})
	e.must("using the first", err)
	want = append([]driver.SessionID{first.ID}, want...)
	if got := ids(e, id); !slices.Equal(got, want) {
		e.Errorf("got %v, want %v", got, want)
	}
	list, err := need[driver.Logins](e).UserSessions(e.Context(), id)
	if err != nil || list[0].Origin.UserAgent != "Firefox" || !list[0].CreatedAt.Equal(first.CreatedAt) || !list[0].ExpiresAt.Equal(first.ExpiresAt) {
		e.Errorf("got %+v, %v", list, err)
	}
	e.Advance(idle - time.Second)
	if got := ids(e, id); !slices.Equal(got, want[:1]) {
		e.Errorf("after the idle timeout of the others: %v, want %v", got, want[:1])
	}
}

func listsNobody[U any](e *env[U]) {
	e.login("")
	for _, id := range unknownIDs() {
		if got := ids(e, driver.UserID(id)); len(got) > 0 {
			e.Errorf("%q has %v", id, got)
		}
	}
}

func revokesOne[U any](e *env[U]) {
	logins := need[driver.Logins](e)
	id, _ := e.user()
	s, other := e.login(id), e.login(id)
	e.must("revoking", logins.RevokeSession(e.Context(), id, s.ID))
	e.alive("the session", false, s.Digest)
	e.alive("the other", true, other.Digest)
	e.want("revoking again", logins.RevokeSession(e.Context(), id, s.ID), driver.ErrNoSession)
	for _, unknown := range unknownIDs() {
		e.want("revoking "+unknown, logins.RevokeSession(e.Context(), id, driver.SessionID(unknown)), driver.ErrNoSession)
	}
}

func revokesForeign[U any](e *env[U]) {
	logins := need[driver.Logins](e)
	id, _ := e.user()
	other, _ := e.user()
	s, anonymous := e.login(id), e.login("")
	for _, who := range append(unknownIDs(), string(other)) {
		e.want("revoking as "+who, logins.RevokeSession(e.Context(), driver.UserID(who), s.ID), driver.ErrNoSession)
	}
	e.want("revoking an anonymous one", logins.RevokeSession(e.Context(), id, anonymous.ID), driver.ErrNoSession)
	e.alive("the sessions", true, s.Digest, anonymous.Digest)
}

func revokesOthers[U any](e *env[U]) {
	logins := need[driver.Logins](e)
	id, _ := e.user()
	other, _ := e.user()
	kept, second, third, theirs, anonymous := e.login(id), e.login(id), e.login(id), e.login(other), e.login("")
	for range 2 { // it does not matter how often
		e.must("revoking", logins.RevokeUserSessions(e.Context(), id, kept.ID))
	}
	e.alive("what was revoked", false, second.Digest, third.Digest)
	e.alive("what was not", true, kept.Digest, theirs.Digest, anonymous.Digest)
	e.must("revoking with the session of another user", logins.RevokeUserSessions(e.Context(), id, theirs.ID))
	e.alive("the last one", false, kept.Digest)
	e.alive("another user's", true, theirs.Digest)
	for _, unknown := range unknownIDs() {
		e.must("revoking for "+unknown, logins.RevokeUserSessions(e.Context(), driver.UserID(unknown), ""))
	}
	e.alive("another user's", true, theirs.Digest, anonymous.Digest)
}

func revokesFamilies[U any](e *env[U]) {
	logins, tokens := need[driver.Logins](e), need[driver.RefreshTokens](e)
	id, _ := e.user()
	s := e.login(id)
	kept, family := e.family(id)
	lost, _ := e.family(id)
	e.must("revoking", logins.RevokeUserSessions(e.Context(), id, family.ID))
	e.alive("the session", false, s.Digest)
	_, err := tokens.FindRefreshFamily(e.Context(), lost)
	e.want("the other login", err, driver.ErrNoSession)
	if _, err = tokens.FindRefreshFamily(e.Context(), kept); err != nil {
		e.Errorf("the login that was kept: %v", err)
	}
	e.must("revoking all", logins.RevokeUserSessions(e.Context(), id, ""))
	_, err = tokens.FindRefreshFamily(e.Context(), kept)
	e.want("the last login", err, driver.ErrNoSession)
}

func revokesAll[U any](e *env[U]) {
	logins := need[driver.Logins](e)
	id, _ := e.user()
	other, _ := e.user()
	all := []driver.Digest{e.login(id).Digest, e.login(other).Digest, e.login("").Digest}
	var key driver.RefreshKey
	tokens, hasTokens := as[driver.RefreshTokens](e)
	if hasTokens {
		key, _ = e.family(id)
	}
	e.must("revoking", logins.RevokeAllSessions(e.Context()))
	e.alive("all", false, all...)
	if hasTokens {
		_, err := tokens.FindRefreshFamily(e.Context(), key)
		e.want("a login by refresh tokens", err, driver.ErrNoSession)
	}
	e.alive("new ones", true, e.login(id).Digest, e.login("").Digest)
}

func revokeAgainstWriters[U any](e *env[U]) {
	logins := need[driver.Logins](e)
	id, _ := e.user()
	for range 5 {
		s := e.login(id)
		var mu sync.Mutex
		digests := []driver.Digest{s.Digest}
		e.together(callers, func(i int) error {
			switch i {
			case 0:
				return logins.RevokeUserSessions(e.Context(), id, "")
			case 1:
				next := newDigest()
				mu.Lock()
				digests = append(digests, next)
				mu.Unlock()
				_, err := e.sessions.UpdateSession(e.Context(), s.Digest, driver.SessionChange{Digest: next, Grace: time.Minute})
				return err
			default:
				_, err := e.sessions.UpdateSession(e.Context(), s.Digest, driver.SessionChange{Set: json.RawMessage(`{"a":1}`)})
				return err
			}
		})
		e.alive("after the revocation", false, digests...)
		for _, d := range digests {
			if _, err := e.sessions.FindRotated(e.Context(), d); !errors.Is(err, driver.ErrNoSession) {
				e.Errorf("by a rotated digest: %v", err)
			}
		}
	}
}

func revokedIsNotFoundRotated[U any](e *env[U]) {
	logins := need[driver.Logins](e)
	id, _ := e.user()
	s := e.login(id)
	e.rotate(s, time.Minute)
	e.must("revoking", logins.RevokeUserSessions(e.Context(), id, ""))
	_, err := e.sessions.FindRotated(e.Context(), s.Digest)
	e.want("by the rotated digest", err, driver.ErrNoSession)
	e.Advance(time.Hour)
	_, err = e.sessions.FindRotated(e.Context(), s.Digest)
	e.want("after the grace", err, driver.ErrNoSession)
}

func exceptEnded[U any](e *env[U]) {
	logins := need[driver.Logins](e)
	id, _ := e.user()
	s := e.login(id)
	for _, except := range []driver.SessionID{"", s.ID, s.ID} {
		e.must("revoking", logins.RevokeUserSessions(e.Context(), id, except))
	}
	e.alive("what had ended", false, s.Digest)
}

func loginAfterRevocation[U any](e *env[U]) {
	logins := need[driver.Logins](e)
	id, n := e.user()
	e.login(id)
	e.must("revoking", logins.RevokeUserSessions(e.Context(), id, ""))
	again := newSession(id)
	again.Credential = n.Hash
	s := e.loginAs(again)
	e.alive("the new session", true, s.Digest)
	if got := ids(e, id); len(got) != 1 {
		e.Errorf("the list is %v", got)
	}
}

func loginsOfDisabled[U any](e *env[U]) {
	id, _ := e.user()
	e.login(id)
	e.disable(id)
	if got := ids(e, id); len(got) > 0 {
		e.Errorf("the list is %v", got)
	}
}
