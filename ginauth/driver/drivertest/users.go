package drivertest

import (
	"errors"
	"strings"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/password"
)

func usersGroup[U any]() group[U] {
	return group[U]{"Users", implements[driver.Users[U]], map[string]func(*env[U]){
		"FindUser returns the user that was created":                 createdUserIsFound[U],
		"CreateUser keeps that an address was proved":                verifiedFromTheStart[U],
		"FindUser of an unknown id is ErrNoUser":                     unknownUser[U],
		"FindCredential finds by the canonical identifier":           findsCredential[U],
		"CreateUser refuses an identifier that is taken":             identifierTaken[U],
		"CreateUser has one winner":                                  createUserRace[U],
		"CreateUser stores nothing when fill fails":                  fillFails[U],
		"ReplaceHash replaces the old hash alone, and ends nothing":  replacesHash[U],
		"FindUser and FindCredential return a user who was disabled": disabledUserIsFound[U],
		"FindCredential finds by the canonical username":             findsByUsername[U],
		"A user needs no address":                                    userWithoutAddress[U],
		"CreateUser refuses a username that is taken":                usernameTaken[U],
		"CreateUser has one winner of a username":                    usernameRace[U],
	}}
}

func createdUserIsFound[U any](e *env[U]) {
	n := e.newUser()
	filled := 0
	created, err := e.Store.CreateUser(e.Context(), n, func(u *U) error { filled++; return nil })
	e.must("creating a user", err)
	found, err := e.Store.FindUser(e.Context(), e.Account(created).ID)
	e.must("finding it", err)
	for _, a := range []driver.Account{e.Account(created), e.Account(found)} {
		if a.ID == "" || a.ID != e.Account(created).ID || !strings.EqualFold(a.Identifier, n.Canonical) || a.Verified || a.Disabled {
			e.Errorf("the account is %+v", a)
		}
	}
	if filled == 0 {
		e.Error("fill was not called")
	}
	other, _ := e.user()
	if other == e.Account(created).ID {
		e.Error("two users have one id")
	}
}

func verifiedFromTheStart[U any](e *env[U]) {
	n := e.newUser()
	n.Verified = true
	created, err := e.Store.CreateUser(e.Context(), n, nil)
	e.must("creating a user", err)
	found, err := e.Store.FindUser(e.Context(), e.Account(created).ID)
	e.must("finding it", err)
	if !e.Account(created).Verified || !e.Account(found).Verified {
		e.Errorf("verified when created: %v, when found: %v", e.Account(created).Verified, e.Account(found).Verified)
	}
}

func unknownUser[U any](e *env[U]) {
	e.user()
	for _, id := range unknownIDs() {
		_, err := e.Store.FindUser(e.Context(), driver.UserID(id))
		e.want("finding the user "+id, err, driver.ErrNoUser)
	}
}

func findsCredential[U any](e *env[U]) {
	id, n := e.user()
	u, h, err := e.Store.FindCredential(e.Context(), n.Canonical)
	e.must("finding a credential", err)
	if e.Account(u).ID != id || !h.Equal(n.Hash) {
		e.Errorf("got the user %s, and the hash is theirs: %v", e.Account(u).ID, h.Equal(n.Hash))
	}
	for _, unknown := range []string{"nobody@example.com", "", "User.1@Example.com"} {
		_, _, err = e.Store.FindCredential(e.Context(), unknown)
		e.want("finding the credential of "+unknown, err, driver.ErrNoUser)
	}
	bare := e.newUser()
	bare.Hash = password.Hash{}
	_, err = e.Store.CreateUser(e.Context(), bare, nil)
	e.must("creating a user without a password", err)
	if _, h, err = e.Store.FindCredential(e.Context(), bare.Canonical); err != nil || !h.IsZero() {
		e.Errorf("a user without a password: the hash is zero: %v, %v", h.IsZero(), err)
	}
}

func identifierTaken[U any](e *env[U]) {
	id, n := e.user()
	again := n
	again.Name, again.Hash = "Somebody else", hash('b')
	_, err := e.Store.CreateUser(e.Context(), again, nil)
	e.want("creating a user again", err, driver.ErrIdentifierTaken)
	u, h, err := e.Store.FindCredential(e.Context(), n.Canonical)
	if err != nil || e.Account(u).ID != id || !h.Equal(n.Hash) {
		e.Errorf("the first user has changed: %v", err)
	}
}

func createUserRace[U any](e *env[U]) {
	n := e.newUser()
	e.oneWins("creating one user", driver.ErrIdentifierTaken, func(int) error {
		_, err := e.Store.CreateUser(e.Context(), n, nil)
		return err
	})
}

func fillFails[U any](e *env[U]) {
	n, failure := e.newUser(), errors.New("the app refuses")
	_, err := e.Store.CreateUser(e.Context(), n, func(*U) error { return failure })
	if err != failure { //nolint:errorlint // as it is
		e.Errorf("got the error %v, want the one of fill as it is", err)
	}
	_, _, err = e.Store.FindCredential(e.Context(), n.Canonical)
	e.want("finding the user", err, driver.ErrNoUser)
	if _, err := e.Store.CreateUser(e.Context(), n, nil); err != nil {
		e.Errorf("the next try: %v", err)
	}
}

func replacesHash[U any](e *env[U]) {
	id, n := e.user()
	s := e.login(id)
	hashIs := func(when string, want password.Hash) {
		e.Helper()
		if _, h, err := e.Store.FindCredential(e.Context(), n.Canonical); err != nil || !h.Equal(want) {
			e.Errorf("%s: the hash is not the one expected, %v", when, err)
		}
	}
	e.must("replacing another hash", e.Store.ReplaceHash(e.Context(), id, hash('x'), hash('b')))
	hashIs("after another hash was to be replaced", n.Hash)
	e.must("replacing the hash", e.Store.ReplaceHash(e.Context(), id, n.Hash, hash('b')))
	hashIs("after the hash was replaced", hash('b'))
	for _, unknown := range unknownIDs() {
		e.must("replacing a hash of nobody", e.Store.ReplaceHash(e.Context(), driver.UserID(unknown), hash('b'), hash('c')))
	}
	hashIs("after hashes of nobody were to be replaced", hash('b'))
	others, err := password.ParseHash("AQAAAAIAAAAyAAAAEOMwvh3+FZxqkdMBz2ekgGhwQ4B6pZWND6zgESBuWiHw")
	e.must("reading the hash of another system", err)
	e.must("replacing the hash by one of another system", e.Store.ReplaceHash(e.Context(), id, hash('b'), others))
	hashIs("after it was replaced by one of another system", others)
	e.must("replacing the hash of another system", e.Store.ReplaceHash(e.Context(), id, others, hash('c')))
	hashIs("after the one of another system was replaced", hash('c'))
	e.alive("after the hash was replaced", true, s.Digest)
}

func disabledUserIsFound[U any](e *env[U]) {
	id, n := e.user()
	e.disable(id)
	u, err := e.Store.FindUser(e.Context(), id)
	if err != nil || !e.Account(u).Disabled {
		e.Errorf("finding the user: %+v, %v", e.Account(u), err)
	}
	if u, _, err = e.Store.FindCredential(e.Context(), n.Canonical); err != nil || !e.Account(u).Disabled {
		e.Errorf("finding the credential: %+v, %v", e.Account(u), err)
	}
}
