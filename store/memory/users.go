package memory

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/password"
)

// account is a user with fields that are never shown.
type account[U any] struct {
	User
	realm       string
	own         U      // the app's part; its account fields are not read
	canonical   string // of the address
	named       string // the canonical username
	hash        password.Hash
	pending     bool // the password is not valid before the address is proved
	deleteAfter time.Time
	epoch       int64
}

// user returns the account in the app's type.
func (s *Store[U]) user(a *account[U]) U {
	u := copied(a.own)
	shown := copied(a.User)
	shown.ID = ownID(a.ID)
	s.shape.set(&u, shown)
	return u
}

// credential returns the password hash; it is zero while the password is pending (SEC-183).
func (a *account[U]) credential() password.Hash {
	if a.pending && a.VerifiedAt == nil {
		return password.Hash{}
	}
	return a.hash
}

// mayLogIn says whether a login with the hash may begin a session. A zero hash means a login
// without a password.
func (a *account[U]) mayLogIn(hash password.Hash) bool {
	return a != nil && a.DisabledAt == nil && (hash.IsZero() || a.hash.Equal(hash))
}

func (a *account[U]) archived() bool { return a.DisabledAt != nil && !a.deleteAfter.IsZero() }

// FindUser implements driver.Users.
func (s *Store[U]) FindUser(ctx context.Context, id driver.UserID) (U, error) {
	var none U
	if _, err := s.enter(ctx); err != nil {
		return none, err
	}
	defer s.leave()
	if a := s.users[id]; a != nil {
		return s.user(a), nil
	}
	return none, driver.ErrNoUser
}

// FindCredential implements driver.Users.
func (s *Store[U]) FindCredential(ctx context.Context, identifier string) (U, password.Hash, error) {
	var none U
	if _, err := s.enter(ctx); err != nil {
		return none, password.Hash{}, err
	}
	defer s.leave()
	return s.findCredential(driver.Realm(ctx), identifier)
}

func (s *Store[U]) findCredential(realm, identifier string) (U, password.Hash, error) {
	if a := s.identified(realm, identifier); a != nil {
		return s.user(a), a.credential(), nil
	}
	var none U
	return none, password.Hash{}, driver.ErrNoUser
}

// identity is a canonical address or username in a realm.
type identity struct{ realm, canonical string }

// identified returns the account with a canonical address or username, or nil.
func (s *Store[U]) identified(realm, canonical string) *account[U] {
	if strings.Contains(canonical, "@") {
		return s.byCanonical[identity{realm, canonical}]
	}
	return s.byUsername[identity{realm, canonical}]
}

// CreateUser implements driver.Users. Fill runs once, before the store is locked. With Options.Mail
// the store asks the user to prove the address.
func (s *Store[U]) CreateUser(ctx context.Context, n driver.NewUser, fill func(*U) error) (U, error) {
	var none U
	a, err := s.filled(ctx, n, fill)
	if err != nil {
		return none, err
	}
	now, err := s.enter(ctx)
	if err != nil {
		return none, err
	}
	defer s.leave()
	if s.byCanonical[identity{a.realm, n.Canonical}] != nil {
		return none, driver.ErrIdentifierTaken
	}
	if s.byUsername[identity{a.realm, n.CanonicalUsername}] != nil {
		return none, driver.ErrUsernameTaken
	}
	if err := s.room(len(s.users)); err != nil {
		return none, err
	}
	if s.mail && !n.Verified && n.Email != "" {
		if err := s.queue(now, a.realm, driver.MailOrder{Kind: driver.MailVerify, Email: n.Email, Canonical: n.Canonical}); err != nil {
			return none, err
		}
	}
	if n.Verified && n.Email != "" {
		a.VerifiedAt = &now
	}
	s.insert(ctx, now, a)
	return s.user(a), nil
}

func (s *Store[U]) insert(ctx context.Context, now time.Time, a *account[U]) {
	a.CreatedAt, a.UpdatedAt = now, now
	s.users[a.ID] = a
	if a.canonical != "" {
		s.byCanonical[identity{a.realm, a.canonical}] = a
	}
	if a.named != "" {
		s.byUsername[identity{a.realm, a.named}] = a
	}
	s.record(now, driver.NewUserEvent(ctx, driver.UserCreated, a.ID))
}

// filled returns the new account after fill has edited it.
func (s *Store[U]) filled(ctx context.Context, n driver.NewUser, fill func(*U) error) (*account[U], error) {
	id, err := uuid.NewV7()
	if err != nil {
		return nil, err
	}
	a := &account[U]{realm: driver.Realm(ctx), canonical: n.Canonical, named: n.CanonicalUsername, hash: n.Hash}
	a.ID, a.Email, a.Name = driver.UserID(id.String()), n.Email, n.Name
	if n.Username != "" {
		a.Username = &n.Username
	}
	u := s.user(a)
	if fill != nil {
		if err := fill(&u); err != nil {
			return nil, err
		}
	}
	a.own, a.Name = copied(u), s.shape.name(u, a.Name)
	return a, nil
}

// ReplaceHash implements driver.Users.
func (s *Store[U]) ReplaceHash(ctx context.Context, id driver.UserID, old, replacement password.Hash) error {
	if replacement.IsZero() {
		return errors.New("replacing a password hash: the new one is empty")
	}
	now, err := s.enter(ctx)
	if err != nil {
		return err
	}
	defer s.leave()
	if a := s.users[id]; a != nil && !old.IsZero() && a.hash.Equal(old) {
		a.hash, a.UpdatedAt = replacement, now
	}
	return nil
}

// UpdateUser implements driver.Accounts. Fill runs once, before the store is locked; of two calls
// that change one field, the last one wins.
func (s *Store[U]) UpdateUser(ctx context.Context, id driver.UserID, name *string, fill func(*U) error) (U, error) {
	var none U
	was, before, err := s.enabled(ctx, id)
	if err != nil {
		return none, err
	}
	shown := was
	if name != nil {
		shown.Name = *name
	}
	after := copied(before)
	s.shape.set(&after, copied(shown))
	if fill != nil {
		if err := fill(&after); err != nil {
			return none, err
		}
		shown.Name = s.shape.name(after, shown.Name)
	}
	now, err := s.enter(ctx)
	if err != nil {
		return none, err
	}
	defer s.leave()
	a := s.users[id]
	if a == nil || a.DisabledAt != nil {
		return none, driver.ErrNoUser
	}
	after = copied(after)
	s.shape.set(&before, User{}) // what fill does to the account is not stored
	s.shape.set(&after, User{})
	changed := merge(reflect.ValueOf(&a.own).Elem(), reflect.ValueOf(&before).Elem(), reflect.ValueOf(&after).Elem())
	if shown.Name != was.Name {
		a.Name, changed = shown.Name, true
	}
	if changed {
		a.UpdatedAt = now
		s.record(now, driver.NewEvent(ctx, driver.UserUpdated, id))
	}
	return s.user(a), nil
}

// enabled returns the account and the app's part of a user who is not disabled.
func (s *Store[U]) enabled(ctx context.Context, id driver.UserID) (account User, own U, err error) {
	if _, err := s.enter(ctx); err != nil {
		return account, own, err
	}
	defer s.leave()
	a := s.users[id]
	if a == nil || a.DisabledAt != nil {
		return account, own, driver.ErrNoUser
	}
	return copied(a.User), copied(a.own), nil
}
