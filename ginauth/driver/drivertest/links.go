package drivertest

import (
	"strings"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
)

func linksGroup[U any]() group[U] {
	return group[U]{"Mails links", implements[driver.Mails[U]], map[string]func(*env[U]){
		"a token ends at its end":                                          linkExpires[U],
		"a token is good for its kind alone":                               linkOfAnotherKind[U],
		"UseEmailToken has one winner":                                     linkRace[U],
		"UseEmailToken of MailVerify proves the address":                   verifies[U],
		"UseEmailToken of MailReset sets the password and ends everything": resets[U],
		"UseEmailToken of MailLogin voids the others":                      logsInByLink[U],
		"UseEmailToken of MailLogin takes away a password of before":       takesOver[U],
		"UseEmailToken of MailChange moves the account":                    changesAddress[U],
		"UseEmailToken to an address that is taken is ErrIdentifierTaken":  addressTaken[U],
		"UseEmailToken of MailUndo goes back, and takes the password away": undoes[U],
		"SetPassword voids links, except those that undo a change":         passwordVoidsLinks[U],
		"ArchiveUser keeps a user as long as a change can be undone":       archiveWaitsForUndo[U],
		"UseEmailToken restores an archived user":                          linkRestores[U],
		"a token of a disabled user is not good":                           linkOfDisabled[U],
		"UseEmailToken of MailUndo takes an address that nobody proved":    undoTakesAddress[U],
		"UseEmailToken of MailChange forgets browsers":                     changeForgetsBrowsers[U],
		"ArchiveUser waits for a way back that is not mailed yet":          archiveWaitsForMail[U],
		"the first proof by a link is an event that says so":               firstProof[U],
	}}
}

func (e *env[U]) useLink(k driver.MailKind, token driver.Digest) (U, error) {
	use := driver.EmailTokenUse{Kind: k, Digest: token}
	if k == driver.MailReset {
		use.Hash = hash('r')
	}
	return e.mails().UseEmailToken(e.Context(), use)
}

// verified stores a user whose address is proved.
func (e *env[U]) verified() (driver.UserID, driver.NewUser) {
	e.Helper()
	id, n := e.user()
	e.drain()
	_, err := e.useLink(driver.MailVerify, e.link(driver.MailVerify, id, n))
	e.must("proving the address", err)
	return id, n
}

func linkExpires[U any](e *env[U]) {
	id, n := e.user()
	e.drain()
	token := e.link(driver.MailVerify, id, n)
	e.Advance(time.Hour - moment)
	e.isGood("just before", driver.MailVerify, token, nil)
	e.Advance(moment)
	e.isGood("at the end", driver.MailVerify, token, driver.ErrNoEmailToken)
	_, err := e.useLink(driver.MailVerify, token)
	e.want("using it", err, driver.ErrNoEmailToken)
	if u, err := e.Store.FindUser(e.Context(), id); err != nil || e.Account(u).Verified {
		e.Errorf("the user: %+v, %v", e.Account(u), err)
	}
}

func linkOfAnotherKind[U any](e *env[U]) {
	id, n := e.user()
	e.drain()
	token := e.link(driver.MailVerify, id, n)
	for _, k := range []driver.MailKind{driver.MailReset, driver.MailLogin, driver.MailChange, driver.MailUndo, driver.MailTaken, ""} {
		e.isGood("as "+string(k), k, token, driver.ErrNoEmailToken)
		if k != driver.MailTaken && k != "" {
			_, err := e.useLink(k, token)
			e.want("used as "+string(k), err, driver.ErrNoEmailToken)
		}
	}
	e.isGood("as what it is", driver.MailVerify, token, nil)
	_, err := e.useLink(driver.MailVerify, newDigest())
	e.want("an unknown one", err, driver.ErrNoEmailToken)
}

func linkRace[U any](e *env[U]) {
	id, n := e.verified()
	token := e.link(driver.MailReset, id, n)
	e.oneWins("using a token", driver.ErrNoEmailToken, func(int) error {
		_, err := e.useLink(driver.MailReset, token)
		return err
	})
	_, err := e.useLink(driver.MailReset, token)
	e.want("once more", err, driver.ErrNoEmailToken)
}

func verifies[U any](e *env[U]) {
	id, n := e.user()
	e.drain()
	s := e.login(id)
	reset, token := e.link(driver.MailReset, id, n), e.link(driver.MailVerify, id, n)
	u, err := e.useLink(driver.MailVerify, token)
	if err != nil || e.Account(u).ID != id || !e.Account(u).Verified {
		e.Errorf("using it: %+v, %v", e.Account(u), err)
	}
	e.isGood("the token", driver.MailVerify, token, driver.ErrNoEmailToken)
	e.isGood("another one to this mailbox", driver.MailReset, reset, driver.ErrNoEmailToken)
	e.alive("the session", true, s.Digest)
	if _, h, err := e.Store.FindCredential(e.Context(), n.Canonical); err != nil || !h.Equal(n.Hash) {
		e.Errorf("the password has changed, %v", err)
	}
}

func resets[U any](e *env[U]) {
	id, n := e.verified()
	s := e.login(id)
	var key driver.NewAPIKey
	keys, hasKeys := as[driver.APIKeys[U]](e)
	if hasKeys {
		key, _ = e.key(id)
	}
	login := e.link(driver.MailLogin, id, n)
	u, err := e.useLink(driver.MailReset, e.link(driver.MailReset, id, n))
	if err != nil || e.Account(u).ID != id {
		e.Fatalf("using it: %+v, %v", e.Account(u), err)
	}
	if _, h, err := e.Store.FindCredential(e.Context(), n.Canonical); err != nil || !h.Equal(hash('r')) {
		e.Errorf("the password is not the new one, %v", err)
	}
	e.alive("the session", false, s.Digest)
	e.isGood("another link", driver.MailLogin, login, driver.ErrNoEmailToken)
	if hasKeys {
		_, _, err = keys.FindAPIKey(e.Context(), key.Digest)
		e.want("an API key", err, driver.ErrNoAPIKey)
	}
	if list := e.claim(); len(list) != 1 || list[0].Kind != driver.MailPassword {
		e.Errorf("the user is told by %+v", list)
	}
}

func logsInByLink[U any](e *env[U]) {
	id, n := e.verified()
	s := e.login(id)
	moved := driver.NewUser{Email: "moved@example.com", Canonical: "moved@example.com"}
	change, reset, token := e.link(driver.MailChange, id, moved), e.link(driver.MailReset, id, n), e.link(driver.MailLogin, id, n)
	if u, err := e.useLink(driver.MailLogin, token); err != nil || e.Account(u).ID != id {
		e.Errorf("using it: %+v, %v", e.Account(u), err)
	}
	e.alive("the session", true, s.Digest)
	e.isGood("the token", driver.MailLogin, token, driver.ErrNoEmailToken)
	e.isGood("another one to this mailbox", driver.MailReset, reset, driver.ErrNoEmailToken)
	e.isGood("the change of address", driver.MailChange, change, nil)
	if _, h, err := e.Store.FindCredential(e.Context(), n.Canonical); err != nil || !h.Equal(n.Hash) {
		e.Errorf("the password has changed, %v", err)
	}
}

func takesOver[U any](e *env[U]) {
	id, n := e.user()
	e.drain()
	s := e.login(id)
	u, err := e.useLink(driver.MailLogin, e.link(driver.MailLogin, id, n))
	if err != nil || !e.Account(u).Verified {
		e.Errorf("the first proof: %+v, %v", e.Account(u), err)
	}
	if _, h, err := e.Store.FindCredential(e.Context(), n.Canonical); err != nil || !h.IsZero() {
		e.Errorf("the password of whoever made the account is good, %v", err)
	}
	e.alive("their session", false, s.Digest)
}

func changesAddress[U any](e *env[U]) {
	id, n := e.verified()
	s := e.login(id)
	moved := driver.NewUser{Email: "Moved@example.com", Canonical: "moved@example.com"}
	token, reset := e.link(driver.MailChange, id, moved), e.link(driver.MailReset, id, n)
	u, err := e.useLink(driver.MailChange, token)
	if err != nil || !strings.EqualFold(e.Account(u).Identifier, moved.Canonical) || !e.Account(u).Verified {
		e.Fatalf("using it: %+v, %v", e.Account(u), err)
	}
	_, _, err = e.Store.FindCredential(e.Context(), n.Canonical)
	e.want("by the former address", err, driver.ErrNoUser)
	if u, h, err := e.Store.FindCredential(e.Context(), moved.Canonical); err != nil || e.Account(u).ID != id || !h.Equal(n.Hash) {
		e.Errorf("by the new address: %+v, %v", e.Account(u), err)
	}
	e.alive("the session", true, s.Digest)
	e.isGood("a link to the former address", driver.MailReset, reset, driver.ErrNoEmailToken)
	list := e.claim()
	if len(list) != 1 || list[0].Kind != driver.MailUndo {
		e.Fatalf("the former address is told by %+v", list)
	}
	if to, err := e.mails().PrepareMail(e.Context(), list[0].ID, newDigest(), time.Hour); err != nil || to.Email != n.Email {
		e.Errorf("which goes to %q, %v", to.Email, err)
	}
	if _, err = e.Store.CreateUser(e.Context(), n, nil); err != nil {
		e.Errorf("the former address is not free: %v", err)
	}
}

func addressTaken[U any](e *env[U]) {
	id, n := e.verified()
	moved := driver.NewUser{Email: "moved@example.com", Canonical: "moved@example.com", Name: "Other", Hash: hash('b')}
	token := e.link(driver.MailChange, id, moved)
	other, err := e.Store.CreateUser(e.Context(), moved, nil)
	e.must("creating another user there", err)
	_, err = e.useLink(driver.MailChange, token)
	e.want("using it", err, driver.ErrIdentifierTaken)
	if u, _, err := e.Store.FindCredential(e.Context(), n.Canonical); err != nil || e.Account(u).ID != id {
		e.Errorf("the user: %+v, %v", e.Account(u), err)
	}
	e.isGood("the token", driver.MailChange, token, nil)
	if accounts, ok := as[driver.Accounts[U]](e); ok {
		_, err = accounts.ArchiveUser(e.Context(), e.Account(other).ID, 0)
		e.must("deleting the other user", err)
		if _, err = e.useLink(driver.MailChange, token); err != nil {
			e.Errorf("when the address is free: %v", err)
		}
	}
}

// thief moves an account to another address, and returns the way back.
func (e *env[U]) thief(id driver.UserID, to string) driver.Digest {
	e.Helper()
	_, err := e.useLink(driver.MailChange, e.link(driver.MailChange, id, driver.NewUser{Email: to, Canonical: to}))
	e.must("moving an account", err)
	return e.deliver(driver.MailUndo)
}

func undoes[U any](e *env[U]) {
	id, n := e.verified()
	first := e.thief(id, "thief@example.com")
	e.Advance(time.Minute)
	second := e.thief(id, "again@example.com")
	s := e.login(id)
	u, err := e.useLink(driver.MailUndo, first)
	if err != nil || !strings.EqualFold(e.Account(u).Identifier, n.Canonical) || !e.Account(u).Verified {
		e.Fatalf("going back: %+v, %v", e.Account(u), err)
	}
	if _, h, err := e.Store.FindCredential(e.Context(), n.Canonical); err != nil || !h.IsZero() {
		e.Errorf("the password, which may be the thief's, is good: %v", err)
	}
	e.alive("the thief's session", false, s.Digest)
	_, err = e.useLink(driver.MailUndo, second)
	e.want("the thief's way back", err, driver.ErrNoEmailToken)
}

func passwordVoidsLinks[U any](e *env[U]) {
	accounts := need[driver.Accounts[U]](e)
	id, n := e.verified()
	back := e.thief(id, "moved@example.com")
	there := driver.NewUser{Email: "moved@example.com", Canonical: "moved@example.com"}
	reset, login := e.link(driver.MailReset, id, there), e.link(driver.MailLogin, id, there)
	e.queue(orderOf(driver.MailChange, id, driver.NewUser{Email: "next@example.com", Canonical: "next@example.com"}))
	_, err := accounts.SetPassword(e.Context(), driver.PasswordChange{UserID: id, Old: n.Hash, New: hash('b')})
	e.must("setting a password", err)
	e.isGood("a reset", driver.MailReset, reset, driver.ErrNoEmailToken)
	e.isGood("a login", driver.MailLogin, login, driver.ErrNoEmailToken)
	e.isGood("the way back", driver.MailUndo, back, nil)
	for _, m := range e.claim() {
		if m.Kind == driver.MailChange {
			e.Errorf("a change that was asked for before is mailed: %+v", m)
		}
	}
}

func archiveWaitsForUndo[U any](e *env[U]) {
	accounts := need[driver.Accounts[U]](e)
	id, _ := e.verified()
	back := e.thief(id, "thief@example.com")
	end := e.now().Add(time.Hour) // of the way back
	e.Advance(time.Minute)
	at, err := accounts.ArchiveUser(e.Context(), id, 0)
	if err != nil || !at.Equal(end) {
		e.Errorf("deleting: %s, want %s, %v", at, end, err)
	}
	u, err := e.useLink(driver.MailUndo, back)
	if err != nil || e.Account(u).ID != id || e.Account(u).Disabled {
		e.Errorf("going back: %+v, %v", e.Account(u), err)
	}
}

func linkRestores[U any](e *env[U]) {
	accounts := need[driver.Accounts[U]](e)
	id, n := e.verified()
	_, err := accounts.ArchiveUser(e.Context(), id, 24*time.Hour)
	e.must("archiving", err)
	u, err := e.useLink(driver.MailLogin, e.link(driver.MailLogin, id, n))
	if err != nil || e.Account(u).ID != id || e.Account(u).Disabled {
		e.Errorf("using it: %+v, %v", e.Account(u), err)
	}
	e.alive("a new login", true, e.login(id).Digest)
}

func linkOfDisabled[U any](e *env[U]) {
	id, n := e.verified()
	token := e.link(driver.MailLogin, id, n)
	e.disable(id)
	e.isGood("the token", driver.MailLogin, token, driver.ErrNoEmailToken)
	_, err := e.useLink(driver.MailLogin, token)
	e.want("using it", err, driver.ErrNoEmailToken)
}

func undoTakesAddress[U any](e *env[U]) {
	id, n := e.verified()
	back := e.thief(id, "thief@example.com")
	squatter, err := e.Store.CreateUser(e.Context(), n, nil) // under the address that is free now
	e.must("creating a user there", err)
	s := e.login(e.Account(squatter).ID)
	u, err := e.useLink(driver.MailUndo, back)
	if err != nil || e.Account(u).ID != id || !strings.EqualFold(e.Account(u).Identifier, n.Canonical) {
		e.Fatalf("going back: %+v, %v", e.Account(u), err)
	}
	if u, _, err = e.Store.FindCredential(e.Context(), n.Canonical); err != nil || e.Account(u).ID != id {
		e.Errorf("by the address: %+v, %v", e.Account(u), err)
	}
	e.alive("the squatter's session", false, s.Digest)
	if u, err = e.Store.FindUser(e.Context(), e.Account(squatter).ID); err != nil || !e.Account(u).Disabled {
		e.Errorf("the squatter: %+v, %v", e.Account(u), err)
	}
	other, m := e.verified()
	back = e.thief(other, "again@example.com")
	proved, err := e.Store.CreateUser(e.Context(), m, nil)
	e.must("creating a user there", err)
	e.drain()
	_, err = e.useLink(driver.MailVerify, e.link(driver.MailVerify, e.Account(proved).ID, m))
	e.must("proving the address", err)
	_, err = e.useLink(driver.MailUndo, back)
	e.want("going back to an address that another user has proved", err, driver.ErrIdentifierTaken)
}

func changeForgetsBrowsers[U any](e *env[U]) {
	need[driver.Limiter](e)
	id, n := e.verified()
	browser := e.browser(id, n)
	e.knows("before", browser, true)
	e.thief(id, "moved@example.com")
	e.knows("after", browser, false)
}

func archiveWaitsForMail[U any](e *env[U]) {
	accounts := need[driver.Accounts[U]](e)
	id, n := e.verified()
	_, err := e.useLink(driver.MailChange, e.link(driver.MailChange, id, driver.NewUser{Email: "thief@example.com", Canonical: "thief@example.com"}))
	e.must("moving an account", err)
	if at, err := accounts.ArchiveUser(e.Context(), id, 0); err != nil || at.IsZero() {
		e.Errorf("deleting while the former address is not told: %s, %v", at, err)
	}
	u, err := e.useLink(driver.MailUndo, e.deliver(driver.MailUndo))
	if err != nil || e.Account(u).ID != id || !strings.EqualFold(e.Account(u).Identifier, n.Canonical) {
		e.Errorf("going back: %+v, %v", e.Account(u), err)
	}
}

func firstProof[U any](e *env[U]) {
	need[driver.EventLog](e)
	id, n := e.user()
	e.drain()
	for _, first := range []bool{true, false} {
		e.Advance(time.Second)
		_, err := e.useLink(driver.MailLogin, e.link(driver.MailLogin, id, n))
		e.must("using a link", err)
		if list := e.events(id, time.Time{}, 1); len(list) != 1 || list[0].FirstProof() != first || list[0].Actor != "" && list[0].Actor != id {
			e.Errorf("the event is %+v, want a first proof: %v", list, first)
		}
	}
}
