package drivertest

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/password"
)

func accountsGroup[U any]() group[U] {
	return group[U]{"Accounts", implements[driver.Accounts[U]], map[string]func(*env[U]){
		"SetPassword ends what the old password began":                passwordEnds[U],
		"SetPassword keeps API keys":                                  passwordKeepsKeys[U],
		"SetPassword wants the old hash":                              passwordWantsOld[U],
		"SetPassword has one winner":                                  passwordRace[U],
		"SetPassword leaves no session of a login under way":          passwordAgainstLogins[U],
		"SetPassword sets a first password":                           firstPassword[U],
		"UpdateUser stores the name, and nothing when fill fails":     updatesUser[U],
		"UpdateUser of an unknown or disabled user is ErrNoUser":      updatesNobody[U],
		"ArchiveUser disables the user and ends everything":           archives[U],
		"ArchiveUser without grace deletes the user":                  deletes[U],
		"ArchiveUser has one winner":                                  archiveRace[U],
		"FindArchived finds within the grace":                         findsArchived[U],
		"FindArchived finds by the username":                          findsArchivedByUsername[U],
		"RestoreUser undoes ArchiveUser within the grace":             restores[U],
		"RestoreUser wants the password, and a user who was archived": restoresNobodyElse[U],
		"RestoreUser has one winner":                                  restoreRace[U],
		"ExportUser returns the user's data without secrets":          exports[U],
	}}
}

func (e *env[U]) accounts() driver.Accounts[U] {
	e.Helper()
	return need[driver.Accounts[U]](e)
}

func passwordEnds[U any](e *env[U]) {
	id, n := e.user()
	other, _ := e.user()
	kept, lost, theirs := e.login(id), e.login(id), e.login(other)
	var key driver.RefreshKey
	tokens, hasTokens := as[driver.RefreshTokens](e)
	if hasTokens {
		key, _ = e.family(id)
	}
	e.Advance(time.Minute)
	change := driver.PasswordChange{UserID: id, Old: n.Hash, New: hash('b'), Session: kept.ID, Digest: newDigest(), Authenticated: true}
	changed, err := e.accounts().SetPassword(e.Context(), change)
	if err != nil || !changed.Kept {
		e.Fatalf("setting it: %+v, %v", changed, err)
	}
	e.alive("the sessions of before", false, kept.Digest, lost.Digest)
	e.alive("what was kept, and another user's", true, change.Digest, theirs.Digest)
	found, err := e.sessions.FindSession(e.Context(), change.Digest)
	if err != nil || found.ID != kept.ID || !found.AuthenticatedAt.Equal(found.ReadAt) {
		e.Errorf("the session that was kept: %+v, %v", found, err)
	}
	if hasTokens {
		_, err = tokens.FindRefreshFamily(e.Context(), key)
		e.want("a login by refresh tokens", err, driver.ErrNoSession)
	}
	if _, h, err := e.Store.FindCredential(e.Context(), n.Canonical); err != nil || !h.Equal(change.New) {
		e.Errorf("the hash is not the new one, %v", err)
	}
	_, err = e.sessions.FindRotated(e.Context(), kept.Digest)
	e.want("the old token of the session that was kept", err, driver.ErrNoSession)
	change = driver.PasswordChange{UserID: id, Old: hash('b'), New: hash('c'), Session: driver.SessionID(unknownIDs()[0]), Digest: newDigest()}
	if changed, err = e.accounts().SetPassword(e.Context(), change); err != nil || changed.Kept {
		e.Errorf("with a session that is not there: %+v, %v", changed, err)
	}
	e.alive("the last one", false, found.Digest)
}

func passwordKeepsKeys[U any](e *env[U]) {
	keys := need[driver.APIKeys[U]](e)
	id, n := e.user()
	k := newAPIKey(id)
	_, err := keys.CreateAPIKey(e.Context(), k)
	e.must("creating a key", err)
	_, err = e.accounts().SetPassword(e.Context(), driver.PasswordChange{UserID: id, Old: n.Hash, New: hash('b')})
	e.must("setting the password", err)
	if _, _, err = keys.FindAPIKey(e.Context(), k.Digest); err != nil {
		e.Errorf("the key: %v", err)
	}
}

func passwordWantsOld[U any](e *env[U]) {
	id, n := e.user()
	s := e.login(id)
	for _, unknown := range unknownIDs() {
		_, err := e.accounts().SetPassword(e.Context(), driver.PasswordChange{UserID: driver.UserID(unknown), Old: n.Hash, New: hash('b')})
		e.want("the password of "+unknown, err, driver.ErrNoUser)
	}
	for _, old := range []password.Hash{hash('x'), {}} {
		_, err := e.accounts().SetPassword(e.Context(), driver.PasswordChange{UserID: id, Old: old, New: hash('b'), Session: s.ID, Digest: newDigest()})
		e.want("by another hash", err, driver.ErrNoUser)
	}
	e.alive("the session", true, s.Digest)
	if _, h, err := e.Store.FindCredential(e.Context(), n.Canonical); err != nil || !h.Equal(n.Hash) {
		e.Errorf("the hash has changed, %v", err)
	}
	e.disable(id)
	_, err := e.accounts().SetPassword(e.Context(), driver.PasswordChange{UserID: id, Old: n.Hash, New: hash('b')})
	e.want("the password of a disabled user", err, driver.ErrNoUser)
}

func passwordRace[U any](e *env[U]) {
	letters := []rune("bcdefghijk")
	id, n := e.user()
	e.oneWins("setting a password", driver.ErrNoUser, func(i int) error {
		_, err := e.accounts().SetPassword(e.Context(), driver.PasswordChange{UserID: id, Old: n.Hash, New: hash(letters[i])})
		return err
	})
}

func passwordAgainstLogins[U any](e *env[U]) {
	id, n := e.user()
	old := n.Hash
	for _, letter := range "bcdef" {
		digests := make([]driver.Digest, callers)
		next := hash(letter)
		for i, err := range e.together(callers, func(i int) error {
			if i == 0 {
				_, err := e.accounts().SetPassword(e.Context(), driver.PasswordChange{UserID: id, Old: old, New: next})
				return err
			}
			s := newSession(id)
			digests[i], s.Credential = s.Digest, old
			_, err := e.sessions.CreateSession(e.Context(), s)
			return err
		}) {
			if i == 0 {
				e.must("setting the password", err)
			} else if err != nil {
				e.want("a login under way", err, driver.ErrNoUser)
			}
		}
		e.alive("a login with the old password", false, digests...)
		old = next
	}
}

func firstPassword[U any](e *env[U]) {
	n := e.newUser()
	n.Hash = password.Hash{}
	u, err := e.Store.CreateUser(e.Context(), n, nil)
	e.must("creating a user without a password", err)
	id := e.Account(u).ID
	s := e.login(id)
	changed, err := e.accounts().SetPassword(e.Context(), driver.PasswordChange{UserID: id, New: hash('b'), Session: s.ID, Digest: newDigest()})
	if err != nil || !changed.Kept {
		e.Errorf("setting it: %+v, %v", changed, err)
	}
	_, err = e.accounts().SetPassword(e.Context(), driver.PasswordChange{UserID: id, New: hash('c')})
	e.want("a second first password", err, driver.ErrNoUser)
	n = e.newUser()
	n.Hash = password.Hash{}
	u, err = e.Store.CreateUser(e.Context(), n, nil)
	e.must("creating another user", err)
	id = e.Account(u).ID
	s = e.login(id)
	e.must("ending the session", e.sessions.DeleteSession(e.Context(), s.Digest))
	_, err = e.accounts().SetPassword(e.Context(), driver.PasswordChange{UserID: id, New: hash('b'), Session: s.ID, Digest: newDigest()})
	e.want("a first password by a session that has ended", err, driver.ErrNoUser)
}

func updatesUser[U any](e *env[U]) {
	id, n := e.user()
	name, failure := "Lady Lovelace", errors.New("the app refuses")
	u, err := e.accounts().UpdateUser(e.Context(), id, &name, nil)
	if err != nil || e.Account(u).ID != id || !strings.EqualFold(e.Account(u).Identifier, n.Canonical) {
		e.Errorf("the name: %+v, %v", u, err)
	}
	e.exportHas("the new name", id, name)
	other := "Somebody else"
	_, err = e.accounts().UpdateUser(e.Context(), id, &other, func(*U) error { return failure })
	if err != failure { //nolint:errorlint // as it is
		e.Errorf("got the error %v, want the one of fill as it is", err)
	}
	called := false
	_, err = e.accounts().UpdateUser(e.Context(), id, nil, func(*U) error { called = true; return nil })
	if err != nil || !called {
		e.Errorf("without a name: fill was called: %v, %v", called, err)
	}
	e.exportHas("the name of before", id, name)
}

func (e *env[U]) exportHas(what string, id driver.UserID, text string) {
	e.Helper()
	document, err := e.accounts().ExportUser(e.Context(), id)
	if err != nil || !strings.Contains(string(document), text) {
		e.Errorf("%s: the export has no %q: %s, %v", what, text, document, err)
	}
}

func updatesNobody[U any](e *env[U]) {
	name := "Nobody"
	for _, unknown := range unknownIDs() {
		_, err := e.accounts().UpdateUser(e.Context(), driver.UserID(unknown), &name, nil)
		e.want("updating "+unknown, err, driver.ErrNoUser)
	}
	id, _ := e.user()
	e.disable(id)
	_, err := e.accounts().UpdateUser(e.Context(), id, &name, nil)
	e.want("updating a disabled user", err, driver.ErrNoUser)
}

func archives[U any](e *env[U]) {
	id, n := e.user()
	s := e.login(id)
	var key driver.RefreshKey
	tokens, hasTokens := as[driver.RefreshTokens](e)
	if hasTokens {
		key, _ = e.family(id)
	}
	at, err := e.accounts().ArchiveUser(e.Context(), id, time.Hour)
	if err != nil || !at.Equal(e.now().Add(time.Hour)) {
		e.Errorf("archiving at %s: %s, %v", e.now(), at, err)
	}
	e.alive("the session", false, s.Digest)
	if hasTokens {
		_, err = tokens.FindRefreshFamily(e.Context(), key)
		e.want("a login by refresh tokens", err, driver.ErrNoSession)
	}
	if u, _, err := e.Store.FindCredential(e.Context(), n.Canonical); err != nil || !e.Account(u).Disabled {
		e.Errorf("the user: %+v, %v", e.Account(u), err)
	}
	_, err = e.accounts().ArchiveUser(e.Context(), id, time.Hour)
	e.want("archiving again", err, driver.ErrNoUser)
	for _, unknown := range unknownIDs() {
		_, err = e.accounts().ArchiveUser(e.Context(), driver.UserID(unknown), time.Hour)
		e.want("archiving "+unknown, err, driver.ErrNoUser)
	}
}

func deletes[U any](e *env[U]) {
	id, n := e.user()
	s := e.login(id)
	at, err := e.accounts().ArchiveUser(e.Context(), id, 0)
	if err != nil || !at.IsZero() {
		e.Errorf("deleting: %s, %v", at, err)
	}
	e.alive("the session", false, s.Digest)
	_, err = e.Store.FindUser(e.Context(), id)
	e.want("finding the user", err, driver.ErrNoUser)
	_, _, err = e.Store.FindCredential(e.Context(), n.Canonical)
	e.want("finding the credential", err, driver.ErrNoUser)
	if _, err = e.Store.CreateUser(e.Context(), n, nil); err != nil {
		e.Errorf("the address is not free: %v", err)
	}
}

func archiveRace[U any](e *env[U]) {
	id, _ := e.user()
	e.oneWins("archiving", driver.ErrNoUser, func(int) error {
		_, err := e.accounts().ArchiveUser(e.Context(), id, time.Hour)
		return err
	})
}

func findsArchived[U any](e *env[U]) {
	id, n := e.user()
	_, _, err := e.accounts().FindArchived(e.Context(), n.Canonical)
	e.want("before", err, driver.ErrNoUser)
	_, err = e.accounts().ArchiveUser(e.Context(), id, time.Hour)
	e.must("archiving", err)
	e.Advance(time.Hour - moment)
	found, h, err := e.accounts().FindArchived(e.Context(), n.Canonical)
	if err != nil || found != id || !h.Equal(n.Hash) {
		e.Errorf("within the grace: %s, %v", found, err)
	}
	e.Advance(moment)
	_, _, err = e.accounts().FindArchived(e.Context(), n.Canonical)
	e.want("after the grace", err, driver.ErrNoUser)
	for _, nobody := range []string{"nobody@example.com", "nobody", ""} {
		_, _, err = e.accounts().FindArchived(e.Context(), nobody)
		e.want("nobody", err, driver.ErrNoUser)
	}
}

func findsArchivedByUsername[U any](e *env[U]) {
	n := withUsername(e.newUser(), "Ada")
	id := e.named(n)
	_, err := e.accounts().ArchiveUser(e.Context(), id, time.Hour)
	e.must("archiving", err)
	if found, h, err := e.accounts().FindArchived(e.Context(), "ada"); err != nil || found != id || !h.Equal(n.Hash) {
		e.Errorf("by the username: %s, %v", found, err)
	}
	e.exportHas("the username", id, "Ada")
}

func restores[U any](e *env[U]) {
	id, n := e.user()
	s := e.login(id)
	_, err := e.accounts().ArchiveUser(e.Context(), id, time.Hour)
	e.must("archiving", err)
	e.Advance(time.Hour/2 - moment)
	u, err := e.accounts().RestoreUser(e.Context(), id, n.Hash)
	if err != nil || e.Account(u).ID != id || e.Account(u).Disabled {
		e.Fatalf("restoring: %+v, %v", e.Account(u), err)
	}
	e.alive("what had ended", false, s.Digest)
	again := newSession(id)
	again.Credential = n.Hash
	e.alive("a new login", true, e.loginAs(again).Digest)
	_, _, err = e.accounts().FindArchived(e.Context(), n.Canonical)
	e.want("finding it among the archived", err, driver.ErrNoUser)
	e.Advance(2 * time.Hour)
	if _, err = e.Store.FindUser(e.Context(), id); err != nil {
		e.Errorf("after the grace: %v", err)
	}
}

func restoresNobodyElse[U any](e *env[U]) {
	id, n := e.user()
	_, err := e.accounts().RestoreUser(e.Context(), id, n.Hash)
	e.want("a user who was not archived", err, driver.ErrNoUser)
	_, err = e.accounts().ArchiveUser(e.Context(), id, time.Hour)
	e.must("archiving", err)
	for _, h := range []password.Hash{hash('x'), {}} {
		_, err = e.accounts().RestoreUser(e.Context(), id, h)
		e.want("by another hash", err, driver.ErrNoUser)
	}
	for _, unknown := range unknownIDs() {
		_, err = e.accounts().RestoreUser(e.Context(), driver.UserID(unknown), n.Hash)
		e.want("restoring "+unknown, err, driver.ErrNoUser)
	}
	e.Advance(time.Hour)
	_, err = e.accounts().RestoreUser(e.Context(), id, n.Hash)
	e.want("after the grace", err, driver.ErrNoUser)
	other, m := e.user()
	e.disable(other)
	_, err = e.accounts().RestoreUser(e.Context(), other, m.Hash)
	e.want("a user whom an operator has disabled", err, driver.ErrNoUser)
}

func restoreRace[U any](e *env[U]) {
	id, n := e.user()
	_, err := e.accounts().ArchiveUser(e.Context(), id, time.Hour)
	e.must("archiving", err)
	e.oneWins("restoring", driver.ErrNoUser, func(int) error {
		_, err := e.accounts().RestoreUser(e.Context(), id, n.Hash)
		return err
	})
}

func exports[U any](e *env[U]) {
	id, n := e.user()
	other, m := e.user()
	s, theirs := e.login(id), e.login(other)
	held := []string{string(id), n.Email, n.Name, string(s.ID)}
	if implements[driver.APIKeys[U]](e.Store) {
		_, k := e.key(id)
		held = append(held, string(k.ID), k.Name)
	}
	if implements[driver.RefreshTokens](e.Store) {
		_, f := e.family(id)
		held = append(held, string(f.ID))
	}
	document, err := e.accounts().ExportUser(e.Context(), id)
	e.must("exporting", err)
	var object map[string]any
	if err := json.Unmarshal(document, &object); err != nil {
		e.Fatalf("the export is no JSON object: %s", document)
	}
	for _, text := range held {
		if !strings.Contains(string(document), text) {
			e.Errorf("the export lacks %q: %s", text, document)
		}
	}
	for _, text := range []string{
		strings.Repeat("a", 53), hex.EncodeToString(s.Digest[:]), base64.StdEncoding.EncodeToString(s.Digest[:]),
		string(other), m.Email, string(theirs.ID),
	} {
		if strings.Contains(string(document), text) {
			e.Errorf("the export has %q: %s", text, document)
		}
	}
	for _, unknown := range unknownIDs() {
		_, err = e.accounts().ExportUser(e.Context(), driver.UserID(unknown))
		e.want("exporting "+unknown, err, driver.ErrNoUser)
	}
}
