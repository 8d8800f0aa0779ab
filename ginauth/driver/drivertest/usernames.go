package drivertest

import (
	"errors"
	"strings"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// named stores a user with a username, and skips the rule where the store keeps none.
func (e *env[U]) named(n driver.NewUser) driver.UserID {
	e.Helper()
	u, err := e.Store.CreateUser(e.Context(), n, nil)
	if errors.Is(err, errors.ErrUnsupported) {
		e.Skip("the store keeps no usernames")
	}
	e.must("creating a user with a username", err)
	return e.Account(u).ID
}

func withUsername(n driver.NewUser, name string) driver.NewUser {
	n.Username, n.CanonicalUsername = name, strings.ToLower(name)
	return n
}

func findsByUsername[U any](e *env[U]) {
	e.user()
	n := withUsername(e.newUser(), "Ada")
	id := e.named(n)
	for _, identifier := range []string{n.CanonicalUsername, n.Canonical} {
		u, h, err := e.Store.FindCredential(e.Context(), identifier)
		e.must("finding the credential of "+identifier, err)
		if a := e.Account(u); a.ID != id || a.Username != n.Username || !strings.EqualFold(a.Identifier, n.Canonical) || !h.Equal(n.Hash) {
			e.Errorf("%s: got %+v, and the hash is theirs: %v", identifier, a, h.Equal(n.Hash))
		}
	}
	for _, unknown := range []string{"nobody", "Ada", "ad", "ada%", "ada@example.com"} {
		_, _, err := e.Store.FindCredential(e.Context(), unknown)
		e.want("finding the credential of "+unknown, err, driver.ErrNoUser)
	}
}

func userWithoutAddress[U any](e *env[U]) {
	n := withUsername(driver.NewUser{Name: "Ada", Hash: hash('a'), Verified: true}, "Ada")
	id := e.named(n)
	e.named(withUsername(driver.NewUser{Name: "Bob"}, "Bob"))
	u, h, err := e.Store.FindCredential(e.Context(), n.CanonicalUsername)
	e.must("finding a user without an address", err)
	if a := e.Account(u); a != (driver.Account{ID: id, Identifier: "Ada", Username: "Ada"}) || !h.Equal(n.Hash) {
		e.Errorf("got %+v, and the hash is theirs: %v", a, h.Equal(n.Hash))
	}
	_, _, err = e.Store.FindCredential(e.Context(), "")
	e.want("finding a credential without an identifier", err, driver.ErrNoUser)
	s := e.login(id)
	e.alive("after the login", true, s.Digest)
	if limiter, ok := as[driver.Limiter](e); ok {
		known, err := limiter.SettleAttempt(e.Context(), driver.Settlement{User: id, Identifier: "bob", Browser: newKey(), Keep: lifetime, Limit: 3})
		e.must("settling an attempt with another's username", err)
		if known {
			e.Error("a browser is known at another's username")
		}
	}
}

func usernameTaken[U any](e *env[U]) {
	n := withUsername(e.newUser(), "Ada")
	id := e.named(n)
	_, err := e.Store.CreateUser(e.Context(), withUsername(e.newUser(), "ADA"), nil)
	e.want("creating a second user with the username", err, driver.ErrUsernameTaken)
	other := n
	other.Username, other.CanonicalUsername = "Bob", "bob"
	_, err = e.Store.CreateUser(e.Context(), other, nil)
	e.want("creating a second user with the address", err, driver.ErrIdentifierTaken)
	if errors.Is(err, driver.ErrUsernameTaken) {
		e.Errorf("the address is taken, and the error speaks of the username: %v", err)
	}
	_, _, err = e.Store.FindCredential(e.Context(), "bob")
	e.want("finding the user who was refused", err, driver.ErrNoUser)
	if u, h, err := e.Store.FindCredential(e.Context(), "ada"); err != nil || e.Account(u).ID != id || !h.Equal(n.Hash) {
		e.Errorf("the first user has changed: %v", err)
	}
}

func usernameRace[U any](e *env[U]) {
	e.named(withUsername(driver.NewUser{Name: "First"}, "first"))
	users := make([]driver.NewUser, callers)
	for i := range users {
		users[i] = withUsername(e.newUser(), "Ada")
	}
	e.oneWins("creating users with one username", driver.ErrUsernameTaken, func(i int) error {
		_, err := e.Store.CreateUser(e.Context(), users[i], nil)
		return err
	})
}

func preparesByUsername[U any](e *env[U]) {
	n := withUsername(e.newUser(), "Ada")
	id := e.named(n)
	e.named(withUsername(driver.NewUser{Name: "Bob"}, "Bob"))
	e.drain()
	for _, name := range []string{"bob", "nobody"} {
		e.queue(driver.MailOrder{Kind: driver.MailReset, Email: name, Canonical: name})
		for _, m := range e.claim() {
			_, err := e.mails().PrepareMail(e.Context(), m.ID, newDigest(), time.Hour)
			e.want("a mail to "+name+", who has no address", err, driver.ErrNoMail)
			e.must("giving it up", e.mails().SettleMail(e.Context(), m.ID, m.Attempt, driver.MailOutcome{}))
		}
	}
	e.queue(driver.MailOrder{Kind: driver.MailReset, Email: "ADA", Canonical: "ada"})
	m, token := e.claim()[0], newDigest()
	to, err := e.mails().PrepareMail(e.Context(), m.ID, token, time.Hour)
	if err != nil || e.Account(to.User).ID != id || to.Email != n.Email {
		e.Errorf("to %s at %q: %v", e.Account(to.User).ID, to.Email, err)
	}
	u, address, err := e.mails().FindEmailToken(e.Context(), driver.MailReset, token)
	if err != nil || e.Account(u).ID != id || address != n.Email {
		e.Errorf("the token is %s's, and proves %q: %v", e.Account(u).ID, address, err)
	}
	_, err = e.useLink(driver.MailReset, token)
	e.must("using the link", err)
}

func usernamesGroup[U any]() group[U] {
	return group[U]{"Usernames", implements[driver.Usernames[U]], map[string]func(*env[U]){
		"ChangeUsername moves the login and keeps sessions":     movesTheUsername[U],
		"ChangeUsername takes another case, and a first name":   respellsTheUsername[U],
		"ChangeUsername refuses a name that is taken":           refusesATakenUsername[U],
		"ChangeUsername has one winner of a name":               changeRace[U],
		"ChangeUsername of who is unknown or disabled":          changesNobody[U],
		"ChangeUsername forgets browsers, except at respelling": forgetsBrowsersOfAUsername[U],
	}}
}

// rename gives the user a username whose canonical form is in lower case.
func (e *env[U]) rename(id driver.UserID, name string) error {
	e.Helper()
	u, err := need[driver.Usernames[U]](e).ChangeUsername(e.Context(), id, name, strings.ToLower(name))
	if a := e.Account(u); err == nil && (a.ID != id || a.Username != name && a.Username != strings.ToLower(name)) {
		e.Errorf("ChangeUsername returns %+v", a)
	}
	return err
}

func (e *env[U]) holder(name string) driver.UserID {
	e.Helper()
	u, _, err := e.Store.FindCredential(e.Context(), name)
	if errors.Is(err, driver.ErrNoUser) {
		return ""
	}
	e.must("finding "+name, err)
	return e.Account(u).ID
}

func movesTheUsername[U any](e *env[U]) {
	n := withUsername(e.newUser(), "Ada")
	id := e.named(n)
	s := e.login(id)
	e.must("changing the username", e.rename(id, "Countess"))
	if e.holder("countess") != id || e.holder("ada") != "" || e.holder(n.Canonical) != id {
		e.Errorf("countess is %q, ada is %q, and the address is %q's", e.holder("countess"), e.holder("ada"), e.holder(n.Canonical))
	}
	e.alive("after the change", true, s.Digest)
	if other := e.named(withUsername(e.newUser(), "Ada")); e.holder("ada") != other {
		e.Error("the former name is not free")
	}
}

func respellsTheUsername[U any](e *env[U]) {
	id := e.named(withUsername(e.newUser(), "Ada"))
	e.must("changing the case", e.rename(id, "ADA"))
	if e.holder("ada") != id {
		e.Error("the user has lost the name")
	}
	other, _ := e.user()
	e.must("giving a first username", e.rename(other, "Bob"))
	if e.holder("bob") != other {
		e.Error("the first username does not find the user")
	}
}

func refusesATakenUsername[U any](e *env[U]) {
	ada, bob := e.named(withUsername(e.newUser(), "Ada")), e.named(withUsername(e.newUser(), "Bob"))
	e.want("taking another's username", e.rename(bob, "ADA"), driver.ErrUsernameTaken)
	if e.holder("ada") != ada || e.holder("bob") != bob {
		e.Error("a refused change has changed something")
	}
}

func changeRace[U any](e *env[U]) {
	users := make([]driver.UserID, callers)
	for i := range users {
		users[i] = e.named(withUsername(e.newUser(), "User"+string(rune('a'+i))))
	}
	e.oneWins("changing to one name", driver.ErrUsernameTaken, func(i int) error { return e.rename(users[i], "Ada") })
}

func changesNobody[U any](e *env[U]) {
	id := e.named(withUsername(e.newUser(), "Ada"))
	for _, unknown := range unknownIDs() {
		e.want("changing the username of nobody", e.rename(driver.UserID(unknown), "Bob"), driver.ErrNoUser)
	}
	e.disable(id)
	e.want("changing the username of a disabled user", e.rename(id, "Bob"), driver.ErrNoUser)
	if e.holder("bob") != "" {
		e.Error("the name has a user")
	}
}

func forgetsBrowsersOfAUsername[U any](e *env[U]) {
	limiter := need[driver.Limiter](e)
	n := withUsername(e.newUser(), "Ada")
	id, browser := e.named(n), newKey()
	knows := func() bool {
		a := driver.Attempt{Guess: driver.GuessLimit{Key: newKey(), Client: newKey(), Browser: browser, Free: 5, Max: 10, MaxOnBrowser: 5, MaxWait: time.Minute, Memory: time.Hour}}
		v, err := limiter.CountAttempt(e.Context(), a)
		e.must("counting an attempt", err)
		return v.Known
	}
	known, err := limiter.SettleAttempt(e.Context(), driver.Settlement{User: id, Identifier: n.Canonical, Browser: browser, Keep: lifetime, Limit: 3})
	e.must("making a browser known", err)
	if !known {
		e.Skip("the store knows no browsers")
	}
	e.must("changing the case", e.rename(id, "ADA"))
	if !knows() {
		e.Error("another spelling has forgotten the browser")
	}
	e.must("changing the username", e.rename(id, "Countess"))
	if knows() {
		e.Error("a change of the username has not forgotten the browser")
	}
}
