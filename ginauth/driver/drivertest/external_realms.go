package drivertest

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// namesakes are where users with one id are. A store that joins realm and id without care takes
// two of them for one.
var namesakes = []struct {
	realm string
	id    driver.UserID
}{{"", "42"}, {"acme", "42"}, {"Acme", "42"}, {"acme4", "2"}, {"", "acme42"}}

// held is what a store has of a namesake.
type held struct {
	ctx     context.Context //nolint:containedctx // that of the realm
	id      driver.UserID
	session driver.Session
	key     driver.NewAPIKey
	family  driver.RefreshKey
}

func idsOfRealms(e *env[driver.UserID]) {
	e.realmsOrSkip()
	var all []held
	for _, n := range namesakes {
		all = append(all, e.holds(driver.WithRealm(e.Context(), n.realm), n.id))
	}
	for _, h := range all {
		e.intact("at first", h)
	}
	e.must("disabling", e.keeper().DisableUser(all[1].ctx, all[1].id))
	_, err := e.sessions.CreateSession(all[1].ctx, newSession(all[1].id))
	e.want("a login of a disabled user", err, driver.ErrNoUser)
	e.must("enabling", e.keeper().EnableUser(all[0].ctx, all[0].id))
	_, err = e.sessions.CreateSession(all[1].ctx, newSession(all[1].id))
	e.want("a login after a namesake was enabled", err, driver.ErrNoUser)
	for _, h := range append(all[:1:1], all[2:]...) {
		e.intact("after a namesake was disabled", h)
	}
	e.must("forgetting", e.keeper().ForgetUser(all[1].ctx, all[1].id))
	if logins, ok := as[driver.Logins](e); ok {
		e.must("revoking", logins.RevokeUserSessions(all[2].ctx, all[2].id, ""))
		e.want("revoking a namesake's session", logins.RevokeSession(all[2].ctx, all[2].id, all[0].session.ID), driver.ErrNoSession)
		if _, err := e.sessions.FindSession(all[2].ctx, all[2].session.Digest); !errors.Is(err, driver.ErrNoSession) {
			e.Errorf("a revoked session: %v", err)
		}
	}
	for _, h := range append(all[:1:1], all[3:]...) {
		e.intact("after namesakes were forgotten and logged out", h)
	}
}

// holds makes the store hold something of a user.
func (e *env[U]) holds(ctx context.Context, id driver.UserID) held {
	e.Helper()
	h := held{ctx: ctx, id: id, key: newAPIKey(id)}
	var err error
	h.session, err = e.sessions.CreateSession(ctx, newSession(id))
	e.must("creating a session", err)
	if keys, ok := as[driver.APIKeys[U]](e); ok {
		_, err := keys.CreateAPIKey(ctx, h.key)
		e.must("creating a key", err)
	}
	if tokens, ok := as[driver.RefreshTokens](e); ok {
		n := newFamily(id)
		h.family = n.Key
		_, err := tokens.CreateRefreshFamily(ctx, n)
		e.must("creating a login by refresh tokens", err)
	}
	if log, ok := as[driver.EventLog](e); ok {
		e.must("recording an event", log.RecordEvent(ctx, driver.Event{Kind: "own", Outcome: driver.Success, User: id, Actor: id}))
	}
	return h
}

// intact wants the user to have what is theirs, and nothing of a namesake's.
func (e *env[U]) intact(when string, h held) {
	e.Helper()
	realm := driver.Realm(h.ctx)
	if s, err := e.sessions.FindSession(h.ctx, h.session.Digest); err != nil || s.UserID != h.id || h.session.UserID != h.id {
		e.Errorf("%s: the session of %q in %q: %+v, %v", when, h.id, realm, s, err)
	}
	if logins, ok := as[driver.Logins](e); ok {
		list, err := logins.UserSessions(h.ctx, h.id)
		if err != nil || len(list) != 1 || list[0].ID != h.session.ID || list[0].UserID != h.id {
			e.Errorf("%s: the sessions of %q in %q: %+v, %v", when, h.id, realm, list, err)
		}
	}
	if keys, ok := as[driver.APIKeys[U]](e); ok {
		u, k, err := keys.FindAPIKey(h.ctx, h.key.Digest)
		if err != nil || e.Account(u).ID != h.id || k.UserID != h.id {
			e.Errorf("%s: the key of %q in %q: %+v, %v", when, h.id, realm, k, err)
		}
		if list, err := keys.UserAPIKeys(h.ctx, h.id); err != nil || len(list) != 1 || list[0].ID != k.ID {
			e.Errorf("%s: the keys of %q in %q: %+v, %v", when, h.id, realm, list, err)
		}
	}
	if tokens, ok := as[driver.RefreshTokens](e); ok {
		f, err := tokens.FindRefreshFamily(h.ctx, h.family)
		if err != nil || f.UserID != h.id {
			e.Errorf("%s: the refresh tokens of %q in %q: %+v, %v", when, h.id, realm, f, err)
		}
		if list, err := tokens.UserRefreshFamilies(h.ctx, h.id); err != nil || len(list) != 1 || list[0].ID != f.ID {
			e.Errorf("%s: the logins by refresh tokens of %q in %q: %+v, %v", when, h.id, realm, list, err)
		}
	}
	e.ownEvents(when, h)
	document, err := e.keeper().ExportUser(h.ctx, h.id)
	var got struct {
		Account struct {
			ID    driver.UserID
			Realm string
		}
		Sessions []struct{ ID driver.SessionID }
	}
	if err == nil {
		err = json.Unmarshal(document, &got)
	}
	if err != nil || got.Account.ID != h.id || got.Account.Realm != realm || len(got.Sessions) != 1 || got.Sessions[0].ID != h.session.ID {
		e.Errorf("%s: the export of %q in %q: %s, %v", when, h.id, realm, document, err)
	}
}

func (e *env[U]) ownEvents(when string, h held) {
	e.Helper()
	log, ok := as[driver.EventLog](e)
	if !ok {
		return
	}
	const most = 100
	list, err := log.UserEvents(h.ctx, h.id, time.Time{}, most)
	own := 0
	for _, event := range list {
		if event.Kind == "own" && event.User == h.id && event.Actor == h.id {
			own++
		}
	}
	if err != nil || own != 1 {
		e.Errorf("%s: the events of %q in %q: %+v, %v", when, h.id, driver.Realm(h.ctx), list, err)
	}
}
