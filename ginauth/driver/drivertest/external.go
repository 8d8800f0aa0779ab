package drivertest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/password"
)

// ExternalSubject is an empty store for users elsewhere that is to be tested.
type ExternalSubject struct {
	// Store has to implement driver.Sessions too. Required.
	Store driver.External
	// Advance and Outage are those of Subject.
	Advance func(time.Duration)
	Outage  func() (end func())
}

// RunExternal is Run for a store for users elsewhere.
func RunExternal(t *testing.T, open func(t *testing.T) ExternalSubject) {
	t.Helper()
	groups := append([]group[driver.UserID]{externalGroup()}, sharedGroups[driver.UserID]()...)
	run(t, groups, func(t *testing.T) *env[driver.UserID] {
		t.Helper()
		s := open(t)
		if s.Store == nil || s.Advance == nil {
			t.Fatal("drivertest: set ExternalSubject.Store and ExternalSubject.Advance")
		}
		sessions, ok := s.Store.(driver.Sessions)
		if !ok {
			t.Fatalf("drivertest: %T does not implement driver.Sessions", s.Store)
		}
		return &env[driver.UserID]{T: t, store: s.Store, external: true, sessions: sessions, Subject: Subject[driver.UserID]{
			Store: &registry{}, Advance: s.Advance, Outage: s.Outage, Disable: s.Store.DisableUser,
			Account: func(id driver.UserID) driver.Account { return driver.Account{ID: id} },
		}}
	})
}

// registry is where the users of the tests are.
type registry struct{ users atomic.Int64 }

// CreateUser gives out ids of all kinds.
func (w *registry) CreateUser(context.Context, driver.NewUser, func(*driver.UserID) error) (driver.UserID, error) {
	n := w.users.Add(1)
	return driver.UserID(fmt.Sprintf([]string{"%d", "0190b0e2-6c1c-7f3a-9d1e-1f0f3c2a%04d", "uid=%d,ou=Köln", strings.Repeat("x", 250) + "%05d"}[n%4], n)), nil
}

func (*registry) FindUser(_ context.Context, id driver.UserID) (driver.UserID, error) {
	return id, nil
}

func (*registry) FindCredential(context.Context, string) (driver.UserID, password.Hash, error) {
	return "", hash('a'), nil
}

func (*registry) ReplaceHash(context.Context, driver.UserID, password.Hash, password.Hash) error {
	return nil
}

func externalGroup() group[driver.UserID] {
	return group[driver.UserID]{"External", implements[driver.External], map[string]func(*env[driver.UserID]){
		"ids are compared byte by byte":                             idsDiffer,
		"users of two realms may have one id":                       idsOfRealms,
		"what is no id is refused":                                  noIDs,
		"the first logins of a user may be at one time":             firstLogins,
		"the limit of sessions holds for the first logins":          firstLoginsWithLimit,
		"DisableUser shuts out a user who has never been here":      disablesStranger,
		"DisableUser ends everything, and EnableUser lets in again": disablesAndEnables,
		"DisableUser ends logins that run at the same time":         disablesDuringLogins,
		"ForgetUser deletes all that is held":                       forgets,
		"ForgetUser leaves other users alone":                       forgetsOne,
		"ForgetUser ends sessions in other stores for good":         forgetsAdmitted,
		"ForgetUser leaves nothing of logins at the same time":      forgetsDuringLogins,
		"ExportUser returns what is held of this user":              exportsExternal,
	}}
}

func (e *env[U]) keeper() driver.External { return need[driver.External](e) }

// alike are ids of different users.
var alike = []string{
	"42", "042", "+42", " 42", "42 ", "42.0", "٤٢", "Ada", "ada", "ada\u200b", "adá", "ada\u0301", "'", "\\", "%", "_", "null",
	"0190b0e2-6c1c-7f3a-9d1e-1f0f3c2a7b55", "0190B0E2-6C1C-7F3A-9D1E-1F0F3C2A7B55", "{0190b0e2-6c1c-7f3a-9d1e-1f0f3c2a7b55}",
	"0190b0e2-6c1c-8f3a-9d1e-1f0f3c2a7b55", strings.Repeat("é", 127), strings.Repeat("é", 127) + "e",
}

// noExternalIDs are texts that are no id. The first one is empty.
var noExternalIDs = []string{"", " ", "\t\n", "\u00a0", "4\x002", "\xff", strings.Repeat("x", 256), strings.Repeat("é", 128)}

func idsDiffer(e *env[driver.UserID]) {
	made := map[string]driver.Session{}
	for _, id := range alike {
		made[id] = e.login(driver.UserID(id))
	}
	for _, id := range alike {
		s, err := e.sessions.FindSession(e.Context(), made[id].Digest)
		if err != nil || s.UserID != driver.UserID(id) || made[id].UserID != driver.UserID(id) {
			e.Errorf("the session of %q: %+v, %v", id, s, err)
		}
		if logins, ok := as[driver.Logins](e); ok {
			if got := ids(e, driver.UserID(id)); len(got) != 1 || got[0] != s.ID {
				e.Errorf("the list of %q is %v", id, got)
			}
			e.must("revoking", logins.RevokeUserSessions(e.Context(), driver.UserID(id), ""))
			e.alive(fmt.Sprintf("the session of %q, which was revoked", id), false, s.Digest)
			delete(made, id)
			for other, s := range made {
				e.alive(fmt.Sprintf("the session of %q after that of %q", other, id), true, s.Digest)
			}
		}
	}
}

func noIDs(e *env[driver.UserID]) {
	for _, text := range noExternalIDs {
		id := driver.UserID(text)
		if text != "" {
			n := newSession(id)
			_, err := e.sessions.CreateSession(e.Context(), n)
			e.stranger(fmt.Sprintf("a session of %q", text), err)
			e.alive(fmt.Sprintf("a session of %q", text), false, n.Digest)
		}
		e.stranger(fmt.Sprintf("disabling %q", text), e.keeper().DisableUser(e.Context(), id))
		e.stranger(fmt.Sprintf("enabling %q", text), e.keeper().EnableUser(e.Context(), id))
		e.stranger(fmt.Sprintf("forgetting %q", text), e.keeper().ForgetUser(e.Context(), id))
		_, err := e.keeper().ExportUser(e.Context(), id)
		e.stranger(fmt.Sprintf("exporting %q", text), err)
	}
}

// firstCallers is how many logins a new user makes at one time.
const firstCallers = 16

func firstLogins(e *env[driver.UserID]) {
	for _, err := range e.together(firstCallers, func(int) error {
		_, err := e.sessions.CreateSession(e.Context(), newSession("42"))
		return err
	}) {
		e.must("a first login", err)
	}
	if got := ids(e, "42"); len(got) != firstCallers {
		e.Errorf("there are %d sessions, want %d", len(got), firstCallers)
	}
}

func firstLoginsWithLimit(e *env[driver.UserID]) {
	const limit = 3
	e.together(firstCallers, func(int) error {
		n := newSession("42")
		n.Limit = limit
		_, err := e.sessions.CreateSession(e.Context(), n)
		return err
	})
	if got := ids(e, "42"); len(got) != limit {
		e.Errorf("there are %d sessions, want %d", len(got), limit)
	}
}

func disablesStranger(e *env[driver.UserID]) {
	e.must("disabling", e.keeper().DisableUser(e.Context(), "42"))
	_, err := e.sessions.CreateSession(e.Context(), newSession("42"))
	e.want("a login", err, driver.ErrNoUser)
	e.login("042")
	e.must("enabling", e.keeper().EnableUser(e.Context(), "42"))
	e.login("42")
	e.must("enabling somebody who is not disabled", e.keeper().EnableUser(e.Context(), "43"))
}

func disablesAndEnables(e *env[driver.UserID]) {
	s, other := e.login("42"), e.login("43")
	keys, hasKeys := as[driver.APIKeys[driver.UserID]](e)
	n := newAPIKey("42")
	if hasKeys {
		_, err := keys.CreateAPIKey(e.Context(), n)
		e.must("creating a key", err)
	}
	e.must("disabling", e.keeper().DisableUser(e.Context(), "42"))
	if hasKeys {
		_, _, err := keys.FindAPIKey(e.Context(), n.Digest)
		e.want("a key of a user who is disabled", err, driver.ErrNoAPIKey)
	}
	e.must("enabling", e.keeper().EnableUser(e.Context(), "42"))
	e.alive("the session of before", false, s.Digest)
	e.alive("the session of another user", true, other.Digest)
	if hasKeys {
		id, _, err := keys.FindAPIKey(e.Context(), n.Digest)
		if err != nil || id != "42" {
			e.Errorf("a key of a user who is enabled again: %q, %v", id, err)
		}
	}
}

func disablesDuringLogins(e *env[driver.UserID]) {
	for i := range 5 {
		id := driver.UserID(strconv.Itoa(i))
		var digests []driver.Digest
		for range callers {
			digests = append(digests, newDigest())
		}
		e.together(callers, func(i int) error {
			if i == 0 {
				return e.keeper().DisableUser(e.Context(), id)
			}
			n := newSession(id)
			n.Digest = digests[i]
			_, err := e.sessions.CreateSession(e.Context(), n)
			return err
		})
		e.alive("a session of a user who is disabled", false, digests...)
	}
}

func forgets(e *env[driver.UserID]) {
	const id = "42"
	s := e.login(id)
	keys, hasKeys := as[driver.APIKeys[driver.UserID]](e)
	n := newAPIKey(id)
	if hasKeys {
		_, err := keys.CreateAPIKey(e.Context(), n)
		e.must("creating a key", err)
	}
	tokens, hasTokens := as[driver.RefreshTokens](e)
	var k driver.RefreshKey
	if hasTokens {
		k, _ = e.family(id)
	}
	e.must("disabling", e.keeper().DisableUser(e.Context(), id))
	for range 2 {
		e.must("forgetting", e.keeper().ForgetUser(e.Context(), id))
	}
	_, err := e.keeper().ExportUser(e.Context(), id)
	e.want("exporting what is gone", err, driver.ErrNoUser)
	e.Advance(longAgo)
	e.alive("a new session", true, e.login(id).Digest)
	e.alive("the session", false, s.Digest)
	if hasKeys {
		_, _, err = keys.FindAPIKey(e.Context(), n.Digest)
		e.want("the key", err, driver.ErrNoAPIKey)
	}
	if hasTokens {
		_, err = tokens.FindRefreshFamily(e.Context(), k)
		e.want("the login by refresh tokens", err, driver.ErrNoSession)
	}
}

// longAgo is longer than a call may take.
const longAgo = 10 * time.Minute

func forgetsOne(e *env[driver.UserID]) {
	e.login("42")
	s := e.login("042")
	e.must("forgetting", e.keeper().ForgetUser(e.Context(), "42"))
	e.must("forgetting somebody unknown", e.keeper().ForgetUser(e.Context(), "43"))
	e.alive("the session of another user", true, s.Digest)
}

func forgetsAdmitted(e *env[driver.UserID]) {
	logins := need[driver.Logins](e)
	first, d := e.admit("42"), newDigest()
	e.admitted("before", "42", d, first.Epoch, nil)
	e.must("revoking", logins.RevokeUserSessions(e.Context(), "42", ""))
	second := e.admit("42")
	e.must("forgetting", e.keeper().ForgetUser(e.Context(), "42"))
	e.admitted("what is forgotten", "42", d, second.Epoch, driver.ErrNoSession)
	e.Advance(longAgo)
	again := e.admit("42")
	e.admitted("a new one", "42", d, again.Epoch, nil)
	for _, a := range []driver.Admission{first, second} {
		e.admitted("one of before", "42", d, a.Epoch, driver.ErrNoSession)
	}
}

func forgetsDuringLogins(e *env[driver.UserID]) {
	for i := range 5 {
		id := driver.UserID(strconv.Itoa(i))
		var forgotten atomic.Bool
		early := make([]driver.Digest, callers)
		e.together(callers, func(i int) error {
			if i == 0 {
				err := e.keeper().ForgetUser(e.Context(), id)
				forgotten.Store(true)
				return err
			}
			n := newSession(id)
			if !forgotten.Load() {
				early[i] = n.Digest
			}
			_, err := e.sessions.CreateSession(e.Context(), n)
			if errors.Is(err, driver.ErrNoUser) {
				return nil
			}
			return err
		})
		e.alive("a session of a login that ran at the same time", false, early...)
	}
}

func exportsExternal(e *env[driver.UserID]) {
	s := e.login("42")
	e.login("043")
	document, err := e.keeper().ExportUser(e.Context(), "42")
	e.must("exporting", err)
	var got struct {
		Account  struct{ ID string }
		Sessions []struct{ ID driver.SessionID }
	}
	if err := json.Unmarshal(document, &got); err != nil || got.Account.ID != "42" || len(got.Sessions) != 1 || got.Sessions[0].ID != s.ID {
		e.Errorf("the export is %s, %v", document, err)
	}
	_, err = e.keeper().ExportUser(e.Context(), "44")
	e.want("exporting somebody unknown", err, driver.ErrNoUser)
}
