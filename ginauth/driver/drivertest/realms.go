package drivertest

import (
	"context"
	"strings"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
)

func realmsGroup[U any]() group[U] {
	return group[U]{"Realms", implements[driver.Realms], map[string]func(*env[U]){
		"an identifier finds the user of the realm":             identifiersOfRealms[U],
		"an identifier is taken in its realm alone":             takenInRealm[U],
		"a username is taken in its realm alone":                usernamesOfRealms[U],
		"CountAndFindCredential finds the user of the realm":    countsInRealm[U],
		"FindArchived finds the user of the realm":              archivedInRealm[U],
		"CreateUserAndMail looks for the address in the realm":  signsUpInRealm[U],
		"a mail is for the user of its realm":                   mailsOfRealms[U],
		"a mail to a username is for the user of its realm":     mailsToUsernames[U],
		"a mail to a certain user is in the user's realm":       mailOfUser[U],
		"an address is taken for a change in its realm alone":   changesInRealm[U],
		"UseEmailToken of MailUndo leaves other realms alone":   undoesInRealm[U],
		"a browser is known at the identifier of the own realm": browsersOfRealms[U],
		"ExportUser tells the realm, and no mail of another":    exportsRealm[U],
	}}
}

// The realms of the tests. A store that joins realm and identifier without care takes the second
// and the third for one.
var realms = []string{"", "acme", "acme.example", "Acme"}

func (e *env[U]) in(realm string) context.Context { return driver.WithRealm(e.Context(), realm) }

// realmsOrSkip skips a rule for a store that says that it does not keep realms.
func (e *env[U]) realmsOrSkip() {
	e.Helper()
	if err := need[driver.Realms](e).KeepsRealms(); err != nil {
		e.Skip(err)
	}
}

// tenants stores a user in each realm, all with the same identifiers.
func (e *env[U]) tenants(n driver.NewUser) map[string]driver.UserID {
	e.Helper()
	e.realmsOrSkip()
	made := map[string]driver.UserID{}
	for _, realm := range realms {
		u, err := e.Store.CreateUser(e.in(realm), n, nil)
		e.must("creating a user in the realm "+realm, err)
		made[realm] = e.Account(u).ID
	}
	return made
}

// found wants the user whom an identifier finds in a realm, or nobody.
func (e *env[U]) found(when, realm, identifier string, want driver.UserID) {
	e.Helper()
	u, _, err := e.Store.FindCredential(e.in(realm), identifier)
	if want == "" {
		e.want(when+": in the realm "+realm, err, driver.ErrNoUser)
	} else if got := e.Account(u).ID; err != nil || got != want {
		e.Errorf("%s: in the realm %q: the user %s, %v, want %s", when, realm, got, err, want)
	}
}

func identifiersOfRealms[U any](e *env[U]) {
	n := e.newUser()
	for realm, id := range e.tenants(n) {
		e.found("the address", realm, n.Canonical, id)
	}
	e.found("the address", "nowhere", n.Canonical, "")
	alone := e.newUser()
	_, err := e.Store.CreateUser(e.in("acme"), alone, nil)
	e.must("creating a user", err)
	for _, realm := range []string{"", "acme.example", "Acme", "acm", "acme ", "%"} {
		e.found("the address of another realm", realm, alone.Canonical, "")
	}
}

func takenInRealm[U any](e *env[U]) {
	n := e.newUser()
	made := e.tenants(n)
	for _, realm := range realms {
		_, err := e.Store.CreateUser(e.in(realm), n, nil)
		e.want("the address once more in the realm "+realm, err, driver.ErrIdentifierTaken)
		e.found("after that", realm, n.Canonical, made[realm])
	}
}

func usernamesOfRealms[U any](e *env[U]) {
	e.realmsOrSkip()
	e.named(withUsername(e.newUser(), "Bob")) // or skips
	n := withUsername(e.newUser(), "Ada")
	for realm, id := range e.tenants(n) {
		e.found("the username", realm, "ada", id)
		_, err := e.Store.CreateUser(e.in(realm), withUsername(e.newUser(), "ADA"), nil)
		e.want("the username once more in the realm "+realm, err, driver.ErrUsernameTaken)
	}
	e.found("the username of another realm", "acme", "bob", "")
}

func countsInRealm[U any](e *env[U]) {
	both := need[driver.CredentialLimiter[U]](e)
	n := e.newUser()
	for realm, id := range e.tenants(n) {
		_, u, h, err := both.CountAndFindCredential(e.in(realm), guessAt(newKey(), newKey()), n.Canonical)
		if err != nil || e.Account(u).ID != id || !h.Equal(n.Hash) {
			e.Errorf("in the realm %q: the user %s, %v, want %s", realm, e.Account(u).ID, err, id)
		}
	}
	_, _, _, err := both.CountAndFindCredential(e.in("nowhere"), guessAt(newKey(), newKey()), n.Canonical)
	e.want("in another realm", err, driver.ErrNoUser)
}

func archivedInRealm[U any](e *env[U]) {
	accounts := e.accounts()
	n := withUsername(e.newUser(), "Ada")
	e.realmsOrSkip()
	if _, err := e.Store.CreateUser(e.in("nowhere"), n, nil); err != nil {
		n = e.newUser() // the store keeps no usernames
	}
	made := e.tenants(n)
	_, err := accounts.ArchiveUser(e.in("acme"), made["acme"], time.Hour)
	e.must("archiving", err)
	for _, identifier := range []string{n.Canonical, n.CanonicalUsername} {
		if identifier == "" {
			continue
		}
		for _, realm := range realms {
			id, h, err := accounts.FindArchived(e.in(realm), identifier)
			if realm != "acme" {
				e.want("in the realm "+realm, err, driver.ErrNoUser)
			} else if err != nil || id != made[realm] || !h.Equal(n.Hash) {
				e.Errorf("in the user's realm: %s, %v", id, err)
			}
		}
	}
	_, err = accounts.RestoreUser(e.in("acme"), made["acme"], n.Hash)
	e.must("restoring", err)
}

func signsUpInRealm[U any](e *env[U]) {
	mails := e.mails()
	e.realmsOrSkip()
	n := e.newUser()
	for _, realm := range realms {
		created, err := mails.CreateUserAndMail(e.in(realm), n, nil, "de")
		if err != nil || !created {
			e.Errorf("signing up in the realm %q: %v, %v", realm, created, err)
		}
		created, err = mails.CreateUserAndMail(e.in(realm), n, nil, "de")
		if err != nil || created {
			e.Errorf("signing up again in the realm %q: %v, %v", realm, created, err)
		}
	}
	kinds := map[string][]driver.MailKind{}
	for _, m := range e.claim() {
		kinds[m.Realm] = append(kinds[m.Realm], m.Kind)
		to, err := mails.PrepareMail(e.Context(), m.ID, driver.Digest{}, 0)
		e.must("preparing a mail", err)
		e.found("the recipient", m.Realm, n.Canonical, e.Account(to.User).ID)
	}
	for _, realm := range realms {
		if len(kinds[realm]) != 2 {
			e.Errorf("the mails of the realm %q are %v", realm, kinds[realm])
		}
	}
}

// ordered queues an order twice in each realm, and wants a mail to the user of each.
func (e *env[U]) ordered(o driver.MailOrder, made map[string]driver.UserID) {
	e.Helper()
	e.drain()
	for _, realm := range append(realms, realms...) {
		e.must("queueing a mail", e.mails().QueueMail(e.in(realm), o))
	}
	e.must("queueing a mail", e.mails().QueueMail(e.in("nowhere"), o))
	sent := map[string]int{}
	for _, m := range e.claim() {
		sent[m.Realm]++
		token := newDigest().In(m.Realm)
		to, err := e.mails().PrepareMail(e.in("the worker's"), m.ID, token, time.Hour)
		if m.Realm == "nowhere" {
			e.want("a mail to nobody", err, driver.ErrNoMail)
			continue
		}
		e.must("preparing a mail", err)
		u, address, err := e.mails().FindEmailToken(e.in(m.Realm), o.Kind, token)
		if e.Account(to.User).ID != made[m.Realm] || err != nil || e.Account(u).ID != made[m.Realm] || address != to.Email {
			e.Errorf("the mail of the realm %q goes to %s, and its token is for %s, %v, want %s",
				m.Realm, e.Account(to.User).ID, e.Account(u).ID, err, made[m.Realm])
		}
	}
	for _, realm := range append(realms, "nowhere") {
		if sent[realm] != 1 {
			e.Errorf("%d mails of the realm %q, want 1", sent[realm], realm)
		}
	}
}

func mailsOfRealms[U any](e *env[U]) {
	e.mails()
	n := e.newUser()
	e.ordered(orderOf(driver.MailReset, "", n), e.tenants(n))
}

func mailsToUsernames[U any](e *env[U]) {
	e.mails()
	e.realmsOrSkip()
	e.named(withUsername(e.newUser(), "Bob")) // or skips
	n := withUsername(e.newUser(), "Ada")
	e.ordered(driver.MailOrder{Kind: driver.MailReset, Email: "Ada", Canonical: "ada"}, e.tenants(n))
}

// An operator's program may not know the user's realm.
func mailOfUser[U any](e *env[U]) {
	mails := e.mails()
	n := e.newUser()
	for realm, id := range e.tenants(n) {
		e.drain()
		e.must("queueing a mail", mails.QueueMail(e.Context(), orderOf(driver.MailPassword, id, n)))
		list := e.claim()
		if len(list) != 1 || list[0].Realm != realm {
			e.Fatalf("the mails to the user of %q: %+v", realm, list)
		}
		to, err := mails.PrepareMail(e.Context(), list[0].ID, driver.Digest{}, 0)
		if err != nil || e.Account(to.User).ID != id {
			e.Errorf("the mail goes to %s, %v, want %s", e.Account(to.User).ID, err, id)
		}
	}
}

// mailIn sends a mail of a realm, and returns its token and what PrepareMail says.
func (e *env[U]) mailIn(realm string, o driver.MailOrder) (driver.Digest, error) {
	e.Helper()
	e.drain()
	e.must("queueing a mail", e.mails().QueueMail(e.in(realm), o))
	list := e.claim()
	if len(list) != 1 || list[0].Realm != realm {
		e.Fatalf("the mails of the realm %q: %+v", realm, list)
	}
	token := newDigest()
	_, err := e.mails().PrepareMail(e.Context(), list[0].ID, token, time.Hour)
	if err == nil {
		e.must("settling a mail", e.mails().SettleMail(e.Context(), list[0].ID, 1, driver.MailOutcome{}))
	}
	return token, err
}

func (e *env[U]) useIn(realm string, k driver.MailKind, token driver.Digest) error {
	_, err := e.mails().UseEmailToken(e.in(realm), driver.EmailTokenUse{Kind: k, Digest: token})
	return err
}

func changesInRealm[U any](e *env[U]) {
	e.mails()
	n, m := e.newUser(), e.newUser()
	made := e.tenants(n)
	other, err := e.Store.CreateUser(e.in("acme"), m, nil)
	e.must("creating a user", err)
	_, err = e.mailIn("acme", orderOf(driver.MailChange, made["acme"], m))
	e.want("to an address that is taken in the realm", err, driver.ErrNoMail)
	token, err := e.mailIn("", orderOf(driver.MailChange, made[""], m))
	e.must("to an address that is taken in another realm", err)
	e.must("using it", e.useIn("", driver.MailChange, token))
	e.found("the new address", "", m.Canonical, made[""])
	e.found("the former address", "", n.Canonical, "")
	e.found("the address in the other realm", "acme", m.Canonical, e.Account(other).ID)
	e.found("the other user of the former address", "acme", n.Canonical, made["acme"])
}

func undoesInRealm[U any](e *env[U]) {
	e.mails()
	e.realmsOrSkip()
	n := e.newUser()
	n.Verified = true
	u, err := e.Store.CreateUser(e.in("acme"), n, nil)
	e.must("creating a user", err)
	id := e.Account(u).ID
	token, err := e.mailIn("acme", orderOf(driver.MailUndo, id, n))
	e.must("preparing the way back", err)
	moved := e.newUser()
	change, err := e.mailIn("acme", orderOf(driver.MailChange, id, moved))
	e.must("preparing the change", err)
	e.must("changing the address", e.useIn("acme", driver.MailChange, change))
	n.Verified = false
	others := map[string]driver.UserID{}
	for _, realm := range realms { // in the user's realm, a thief
		u, err := e.Store.CreateUser(e.in(realm), n, nil)
		e.must("creating a user", err)
		others[realm] = e.Account(u).ID
	}
	e.must("going back", e.useIn("acme", driver.MailUndo, token))
	for realm, other := range others {
		want := other
		if realm == "acme" {
			want = id
		}
		e.found("the address", realm, n.Canonical, want)
		if u, err := e.Store.FindUser(e.Context(), other); err != nil || e.Account(u).Disabled != (realm == "acme") {
			e.Errorf("the other user of the realm %q: %+v, %v", realm, e.Account(u), err)
		}
	}
}

func browsersOfRealms[U any](e *env[U]) {
	limiter := need[driver.Limiter](e)
	n := e.newUser()
	for realm, id := range e.tenants(n) {
		e.login(id)
		k := newKey()
		known, err := limiter.SettleAttempt(e.in(realm), driver.Settlement{User: id, Identifier: n.Canonical, Browser: k, Keep: lifetime, Limit: 3})
		if err != nil || !known {
			e.Errorf("the browser of the user of %q is known: %v, %v", realm, known, err)
		}
	}
}

func exportsRealm[U any](e *env[U]) {
	e.mails()
	accounts, n := e.accounts(), e.newUser()
	made := e.tenants(n)
	e.drain()
	for _, realm := range realms {
		e.must("queueing a mail", e.mails().QueueMail(e.in(realm), orderOf(driver.MailReset, "", n)))
	}
	list := e.claim()
	for realm, id := range made {
		document, err := accounts.ExportUser(e.Context(), id)
		e.must("exporting", err)
		if !strings.Contains(string(document), `"`+realm+`"`) {
			e.Errorf("the export lacks the realm %q: %s", realm, document)
		}
		for _, m := range list {
			if m.Realm != realm && strings.Contains(string(document), string(m.ID)) {
				e.Errorf("the export of a user of %q has a mail of %q: %s", realm, m.Realm, document)
			}
		}
	}
}
