package store_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/refresh"
	"github.com/ginauth/ginauth/store"
)

// every calls each exported method of a store once, each with rows of its own that s makes, so that
// a call can be repeated.
type every struct {
	t     *testing.T
	s     *setup
	db    *store.DB[store.User] // is called
	reads map[string]func(context.Context) error
	// writes change something.
	writes map[string]func(context.Context) error
}

// noCalls are methods that send no statement, or that run for ever.
var noCalls = []string{"AcceptsUsers", "KeepsRealms", "Options", "RunSweeper", "SendsMail"}

func newEvery(t *testing.T, s *setup, db *store.DB[store.User]) every {
	t.Helper()
	e := every{t: t, s: s, db: db}
	e.reads = e.readCalls()
	e.writes = e.sessionWrites()
	for name, call := range e.userWrites() {
		e.writes[name] = call
	}
	for name, call := range e.otherWrites() {
		e.writes[name] = call
	}
	for i := range reflect.TypeOf(db).NumMethod() {
		name := reflect.TypeOf(db).Method(i).Name
		_, reads := e.reads[name]
		_, writes := e.writes[name]
		if reads == writes && !slices.Contains(noCalls, name) {
			t.Errorf("%s has no row: say how it is called", name)
		}
	}
	return e
}

// all calls every method once.
func (e every) all(what string) {
	e.t.Helper()
	for _, calls := range []map[string]func(context.Context) error{e.reads, e.writes} {
		for name, call := range calls {
			if err := call(e.t.Context()); err != nil {
				e.t.Errorf("%s: %s: %v", what, name, err)
			}
		}
	}
}

func (e every) readCalls() map[string]func(context.Context) error {
	t, s, db := e.t, e.s, e.db
	factored := s.user(t)
	factor, half := s.factor(t, factored), s.half(t, factored)
	n := newUser()
	u, err := s.db.CreateUser(t.Context(), n, nil)
	if err != nil {
		t.Fatal(err)
	}
	session, anonymous, key := sessionOf(u.ID), sessionOf(""), keyOf(u.ID)
	session.Origin = driver.Origin{UserAgent: "Firefox"}
	session.Data = []byte(`{"s:name": {"t": "string", "v": "Ada"}}`)
	s.session(t, session)
	s.session(t, anonymous)
	s.key(t, key)
	token, family := s.family(t, u.ID)
	mailed := s.mailed(t, orderFor(u, driver.MailReset))
	admission, err := s.db.AdmitSession(t.Context(), session)
	if err != nil {
		t.Fatal(err)
	}
	named := newUser()
	named.Username, named.CanonicalUsername = strings.Replace(named.Name, " ", "", 1), strings.ToLower(strings.Replace(named.Name, " ", "", 1))
	namedUser, err := s.db.CreateUser(t.Context(), named, nil)
	if err != nil {
		t.Fatal(err)
	}
	gone := newUser()
	goneUser, err := s.db.CreateUser(t.Context(), gone, nil)
	if err == nil {
		_, err = s.db.ArchiveUser(t.Context(), goneUser.ID, time.Hour)
	}
	if err != nil {
		t.Fatal(err)
	}
	return map[string]func(context.Context) error{
		"CountSessions": func(ctx context.Context) error {
			alive, _, err := db.CountSessions(ctx)
			return errors.Join(err, wrongUnless(alive > 1))
		},
		"SessionOwner": func(ctx context.Context) error {
			list, err := s.db.UserSessions(ctx, u.ID)
			owner, d, found := db.SessionOwner(ctx, list[0].ID)
			return errors.Join(err, found, wrongUnless(owner == u.ID && d == session.Digest))
		},
		"FindUser":        func(ctx context.Context) error { return wantUser(u)(db.FindUser(ctx, u.ID)) },
		"FindUserByEmail": func(ctx context.Context) error { return wantUser(u)(db.FindUserByEmail(ctx, u.Email)) },
		"FindUserByUsername": func(ctx context.Context) error {
			found, err := db.FindUserByUsername(ctx, strings.ToUpper(named.CanonicalUsername))
			return errors.Join(err, wrongUnless(found.ID == namedUser.ID))
		},
		"FindCredential": func(ctx context.Context) error {
			found, h, err := db.FindCredential(ctx, n.Canonical)
			return errors.Join(wantUser(u)(found, err), wrongUnless(h.Equal(n.Hash)))
		},
		"FindSession": func(ctx context.Context) error {
			r, err := db.FindSession(ctx, session.Digest)
			return errors.Join(err, wrongUnless(r.UserID == u.ID && r.Digest == session.Digest && strings.Contains(string(r.Data), "Ada")))
		},
		"FindUserSession": func(ctx context.Context) error {
			found, r, err := db.FindUserSession(ctx, session.Digest)
			return errors.Join(wantUser(u)(found, err), wrongUnless(r.UserID == u.ID && strings.Contains(string(r.Data), "Ada")))
		},
		"FindArchived": func(ctx context.Context) error {
			id, _, err := db.FindArchived(ctx, gone.Canonical)
			return errors.Join(err, wrongUnless(id == goneUser.ID))
		},
		"AdmitSession": func(ctx context.Context) error {
			a, err := db.AdmitSession(ctx, session)
			return errors.Join(err, wrongUnless(a.Epoch == admission.Epoch))
		},
		"FindAdmitted": func(ctx context.Context) error {
			found, at, err := db.FindAdmitted(ctx, u.ID, newDigest(), admission.Epoch)
			return errors.Join(wantUser(u)(found, err), wrongUnless(!at.IsZero()))
		},
		"FindAPIKey": func(ctx context.Context) error {
			found, r, err := db.FindAPIKey(ctx, key.Digest)
			return errors.Join(wantUser(u)(found, err), wrongUnless(r.UserID == u.ID))
		},
		"UserFactors": func(ctx context.Context) error {
			list, err := db.UserFactors(ctx, factored.ID)
			return errors.Join(err, wrongUnless(len(list) == 1 && list[0].ID == factor.ID && !list[0].ConfirmedAt.IsZero()))
		},
		"FindPendingLogin": func(ctx context.Context) error {
			p, err := db.FindPendingLogin(ctx, half)
			return errors.Join(err, wrongUnless(p.UserID == factored.ID && p.Methods == "pwd"))
		},
		"UserAPIKeys": func(ctx context.Context) error {
			list, err := db.UserAPIKeys(ctx, u.ID)
			return errors.Join(err, wrongUnless(len(list) == 1 && list[0].Name == key.Name))
		},
		"FindTokenUser": func(ctx context.Context) error { return wantUser(u)(db.FindTokenUser(ctx, u.ID, family.ID)) },
		"FindEmailToken": func(ctx context.Context) error {
			found, address, err := db.FindEmailToken(ctx, driver.MailReset, mailed)
			return errors.Join(wantUser(u)(found, err), wrongUnless(address == u.Email))
		},
		"FindPendingPassword": func(ctx context.Context) error {
			h, err := db.FindPendingPassword(ctx, newDigest())
			return errors.Join(err, wrongUnless(h.IsZero()))
		},
		"FindRefreshFamily": func(ctx context.Context) error {
			f, err := db.FindRefreshFamily(ctx, token.Key())
			if errors.Is(err, driver.ErrTokenReused) { // another call may have replaced it
				err = nil
			}
			return errors.Join(err, wrongUnless(f.ID == family.ID))
		},
		"UserRefreshFamilies": func(ctx context.Context) error {
			list, err := db.UserRefreshFamilies(ctx, u.ID)
			return errors.Join(err, wrongUnless(len(list) == 1 && list[0].ID == family.ID))
		},
		"UserSessions": func(ctx context.Context) error {
			list, err := db.UserSessions(ctx, u.ID)
			return errors.Join(err, wrongUnless(len(list) == 1 && list[0].Origin.UserAgent == "Firefox"))
		},
		"UserEvents": func(ctx context.Context) error {
			list, err := db.UserEvents(ctx, u.ID, time.Time{}, 10)
			return errors.Join(err, wrongUnless(len(list) > 1 && list[0].User == u.ID && list[0].ID != 0))
		},
		"ExportUser": func(ctx context.Context) error {
			held, err := db.ExportUser(ctx, u.ID)
			return errors.Join(err, wrongUnless(strings.Contains(string(held), n.Email)))
		},
		"Get": func(ctx context.Context) error {
			_, err := db.Get(httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil), "name")
			return err
		},
		"New": func(ctx context.Context) error {
			r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil)
			r.AddCookie(&http.Cookie{Name: "name", Value: driver.NewToken().Reveal()})
			session, err := db.New(r, "name")
			return errors.Join(err, wrongUnless(session.IsNew))
		},
	}
}

var errWrong = errors.New("the answer is another one")

func wrongUnless(right bool) error {
	if right {
		return nil
	}
	return errWrong
}

func wantUser(want store.User) func(store.User, error) error {
	return func(got store.User, err error) error {
		if err == nil && (got.ID != want.ID || got.Email != want.Email || !got.CreatedAt.Equal(want.CreatedAt)) {
			err = fmt.Errorf("%w: %+v", errWrong, got)
		}
		return err
	}
}

func (e every) sessionWrites() map[string]func(context.Context) error {
	t, s, db := e.t, e.s, e.db
	fresh := func() (store.User, driver.NewSession, driver.Session) {
		u := s.user(t)
		n := sessionOf(u.ID)
		return u, n, s.session(t, n)
	}
	return map[string]func(context.Context) error{
		"CreateSession": func(ctx context.Context) error {
			n := sessionOf(s.user(t).ID)
			n.Data, n.Limit = []byte(`{"s:a": {"t": "string", "v": "b"}}`), 3
			r, err := db.CreateSession(ctx, n)
			return errors.Join(err, wrongUnless(r.UserID == n.UserID && strings.Contains(string(r.Data), `"b"`)))
		},
		"UpdateSession": func(ctx context.Context) error {
			_, n, _ := fresh()
			_, touched := db.UpdateSession(ctx, n.Digest, driver.SessionChange{})
			r, err := db.UpdateSession(ctx, n.Digest, set(`{"s:a": 1}`))
			return errors.Join(touched, err, wrongUnless(strings.Contains(string(r.Data), "s:a")))
		},
		"DeleteSession": func(ctx context.Context) error {
			_, n, _ := fresh()
			return errors.Join(db.DeleteSession(ctx, n.Digest), wrongUnless(errors.Is(s.find(t, n.Digest), driver.ErrNoSession)))
		},
		"RevokeSession": func(ctx context.Context) error {
			u, _, r := fresh()
			return db.RevokeSession(ctx, u.ID, r.ID)
		},
		"RevokeUserSessions": func(ctx context.Context) error {
			u, _, r := fresh()
			return db.RevokeUserSessions(ctx, u.ID, r.ID)
		},
		"RevokeAllSessions": func(ctx context.Context) error {
			err := db.RevokeAllSessions(ctx)
			s.exec(t, `DELETE FROM ginauth.session_epoch`) // the others live on
			return err
		},
		"FindRotated": func(ctx context.Context) error {
			_, n, _ := fresh()
			s.rotate(t, n.Digest, graceOfRefresh)
			_, err := db.FindRotated(ctx, n.Digest)
			return err
		},
		"ExchangeSession": func(ctx context.Context) error {
			u, _, _ := fresh()
			_, err := db.ExchangeSession(ctx, driver.Exchange{Old: newDigest(), Until: s.clock.now().Add(time.Hour), Grace: time.Second, Session: sessionOf(u.ID)})
			return err
		},
		"EndAdmitted": func(ctx context.Context) error { return db.EndAdmitted(ctx, newDigest(), s.clock.now().Add(time.Hour)) },
		"Save": func(ctx context.Context) error {
			r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil)
			session, err := db.Get(r, "name")
			session.Values["a"] = "b"
			return errors.Join(err, db.Save(r, httptest.NewRecorder(), session))
		},
		"AddFactor": func(ctx context.Context) error { return db.AddFactor(ctx, toyFactor(t, s.user(t))) },
		"ConfirmFactor": func(ctx context.Context) error {
			u := s.user(t)
			return db.ConfirmFactor(ctx, u.ID, s.factor(t, u).ID)
		},
		"RemoveFactor": func(ctx context.Context) error {
			u := s.user(t)
			return db.RemoveFactor(ctx, u.ID, s.factor(t, u).ID)
		},
		"CreatePendingLogin": func(ctx context.Context) error {
			_, err := db.CreatePendingLogin(ctx, halfOf(s.user(t)))
			return err
		},
		"DeletePendingLogin": func(ctx context.Context) error { return db.DeletePendingLogin(ctx, s.half(t, s.user(t))) },
		"CreateRefreshFamily": func(ctx context.Context) error {
			_, err := db.CreateRefreshFamily(ctx, familyOf(s.user(t).ID, refresh.New()))
			return err
		},
		"RotateRefreshToken": func(ctx context.Context) error {
			token, _ := s.family(t, s.user(t).ID)
			next, seal := token.Next()
			_, err := db.RotateRefreshToken(ctx, driver.RefreshRotation{Key: token.Key(), Next: next.Key().Digest, Seal: seal, Grace: graceOfRefresh})
			return err
		},
		"RevokeRefreshToken": func(ctx context.Context) error {
			token, _ := s.family(t, s.user(t).ID)
			_, err := db.RevokeRefreshToken(ctx, token.Key())
			return err
		},
		"RevokeRefreshFamily": func(ctx context.Context) error {
			u := s.user(t)
			_, f := s.family(t, u.ID)
			return db.RevokeRefreshFamily(ctx, u.ID, f.ID)
		},
	}
}

func (e every) userWrites() map[string]func(context.Context) error {
	t, s, db := e.t, e.s, e.db
	return map[string]func(context.Context) error{
		"CreateUser": func(ctx context.Context) error { _, err := db.CreateUser(ctx, newUser(), nil); return err },
		"CreateUserAndMail": func(ctx context.Context) error {
			n := newUser()
			created, err := db.CreateUserAndMail(ctx, n, nil, "")
			_, again := db.CreateUserAndMail(ctx, n, nil, "")
			return errors.Join(err, again, wrongUnless(created))
		},
		"ImportUsers": func(ctx context.Context) error {
			report, err := db.ImportUsers(ctx, each(imported(newUser().Email)), store.ImportOptions{})
			return errors.Join(err, wrongUnless(report.Created == 1))
		},
		"DisableUser": func(ctx context.Context) error { return db.DisableUser(ctx, s.user(t).ID) },
		"EnableUser": func(ctx context.Context) error {
			u := s.user(t)
			return errors.Join(s.db.DisableUser(ctx, u.ID), db.EnableUser(ctx, u.ID))
		},
		"DeleteUser":  func(ctx context.Context) error { return db.DeleteUser(ctx, s.user(t).ID) },
		"ArchiveUser": func(ctx context.Context) error { _, err := db.ArchiveUser(ctx, s.user(t).ID, time.Hour); return err },
		"RestoreUser": func(ctx context.Context) error {
			u := s.user(t)
			_, err := s.db.ArchiveUser(ctx, u.ID, time.Hour)
			restored, again := db.RestoreUser(ctx, u.ID, hash('a'))
			return errors.Join(err, wantUser(u)(restored, again))
		},
		"UpdateUser": func(ctx context.Context) error {
			name := "Augusta"
			u, err := db.UpdateUser(ctx, s.user(t).ID, &name, nil)
			return errors.Join(err, wrongUnless(u.Name == name))
		},
		"ChangeUsername": func(ctx context.Context) error {
			id := s.user(t).ID
			u, err := db.ChangeUsername(ctx, id, "Of-"+string(id), "of-"+string(id))
			return errors.Join(err, wrongUnless(u.Username != nil && *u.Username == "Of-"+string(id)))
		},
		"ReplaceHash": func(ctx context.Context) error { return db.ReplaceHash(ctx, s.user(t).ID, hash('a'), hash('b')) },
		"SetPassword": func(ctx context.Context) error {
			_, err := db.SetPassword(ctx, driver.PasswordChange{UserID: s.user(t).ID, Old: hash('a'), New: hash('b')})
			return err
		},
		"RequirePasswordChange": func(ctx context.Context) error { return db.RequirePasswordChange(ctx, s.user(t).ID) },
		"ForcePasswordReset":    func(ctx context.Context) error { return db.ForcePasswordReset(ctx, s.user(t).ID) },
		"CreateAPIKey":          func(ctx context.Context) error { _, err := db.CreateAPIKey(ctx, keyOf(s.user(t).ID)); return err },
		"TouchAPIKey": func(ctx context.Context) error {
			return db.TouchAPIKey(ctx, s.key(t, keyOf(s.user(t).ID)).ID, time.Minute)
		},
		"RevokeAPIKey": func(ctx context.Context) error {
			u := s.user(t)
			return db.RevokeAPIKey(ctx, u.ID, s.key(t, keyOf(u.ID)).ID)
		},
		"RevokeUserAPIKeys": func(ctx context.Context) error {
			u := s.user(t)
			s.key(t, keyOf(u.ID))
			return db.RevokeUserAPIKeys(ctx, u.ID)
		},
		"UseEmailToken": func(ctx context.Context) error {
			u := s.user(t)
			used, err := db.UseEmailToken(ctx, driver.EmailTokenUse{Kind: driver.MailReset, Digest: s.token(t, u, driver.MailReset), Hash: hash('b')})
			return errors.Join(err, wrongUnless(used.ID == u.ID))
		},
	}
}

func someAttempt() driver.Attempt {
	a := guessAt(newLimitKey(), newLimitKey())
	a.Rates = []driver.RateLimit{{Key: newLimitKey(), Every: time.Minute, Burst: 3}}
	return a
}

func (e every) otherWrites() map[string]func(context.Context) error {
	t, s, db := e.t, e.s, e.db
	claimed := func(ctx context.Context, db *store.DB[store.User]) (driver.Mail, error) {
		u := s.user(t)
		s.exec(t, `DELETE FROM ginauth.outbox`)
		if err := s.db.QueueMail(ctx, orderFor(u, driver.MailReset)); err != nil {
			return driver.Mail{}, err
		}
		mails, err := db.ClaimMail(ctx, 1, time.Minute)
		if err != nil || len(mails) != 1 {
			return driver.Mail{}, errors.Join(err, errWrong)
		}
		return mails[0], nil
	}
	return map[string]func(context.Context) error{
		"QueueMail": func(ctx context.Context) error { return db.QueueMail(ctx, orderFor(s.user(t), driver.MailReset)) },
		"ClaimMail": func(ctx context.Context) error { _, err := claimed(ctx, db); return err },
		"PrepareMail": func(ctx context.Context) error {
			m, err := claimed(ctx, s.db)
			if err == nil {
				_, err = db.PrepareMail(ctx, m.ID, newDigest(), time.Hour)
			}
			return err
		},
		"SettleMail": func(ctx context.Context) error {
			m, err := claimed(ctx, s.db)
			if err == nil {
				err = db.SettleMail(ctx, m.ID, m.Attempt, driver.MailOutcome{})
			}
			return err
		},
		"RecordEvent": func(ctx context.Context) error {
			return db.RecordEvent(ctx, driver.Event{Kind: "app_event", Outcome: "success", User: s.user(t).ID, Detail: map[string]string{"a": "b"}})
		},
		"SweepEvents":   func(ctx context.Context) error { _, err := db.SweepEvents(ctx); return err },
		"SweepSessions": func(ctx context.Context) error { _, err := db.SweepSessions(ctx); return err },
		"Sweep":         func(ctx context.Context) error { _, err := db.Sweep(ctx); return err },
		"CountAttempt": func(ctx context.Context) error {
			v, err := db.CountAttempt(ctx, someAttempt())
			return errors.Join(err, wrongUnless(v.Wait == 0))
		},
		"CountAndFindCredential": func(ctx context.Context) error {
			u := s.user(t)
			canonical := orderFor(u, driver.MailReset).Canonical
			_, found, _, err := db.CountAndFindCredential(ctx, someAttempt(), canonical)
			return wantUser(u)(found, err)
		},
		"SettleAttempt": func(ctx context.Context) error {
			a := someAttempt()
			_, err := s.db.CountAttempt(ctx, a)
			_, settled := db.SettleAttempt(ctx, driver.Settlement{Attempt: a, User: s.user(t).ID})
			return errors.Join(err, settled)
		},
	}
}
