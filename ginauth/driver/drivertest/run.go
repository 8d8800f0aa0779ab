package drivertest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/password"
)

// Subject is an empty store that is to be tested.
type Subject[U any] struct {
	// Store has to implement driver.Sessions too. Required.
	Store driver.Users[U]
	// Advance moves the store's clock forward. The clock must stand still otherwise, and show whole microseconds.
	// Required.
	Advance func(time.Duration)
	// Account returns what authentication reads of a user. Default: the method of that name.
	Account func(U) driver.Account
	// Disable shuts an account, as an operator does. Nil: the rules for such accounts are not tested.
	Disable func(context.Context, driver.UserID) error
	// Outage makes the store unable to answer until end is called. Nil: only calls whose context is over are tested.
	Outage func() (end func())
}

// Run tests the store that open returns. It opens one for each rule, and runs the rules in parallel.
func Run[U any](t *testing.T, open func(t *testing.T) Subject[U]) {
	t.Helper()
	groups := append([]group[U]{
		usersGroup[U](), finderGroup[U](), credentialLimiterGroup[U](), accountsGroup[U](), usernamesGroup[U](), mailsGroup[U](), linksGroup[U](),
		realmsGroup[U](),
	}, sharedGroups[U]()...)
	run(t, groups, func(t *testing.T) *env[U] {
		t.Helper()
		return newEnv(t, open(t))
	})
}

// sharedGroups are the rules for users of the store and for users elsewhere.
func sharedGroups[U any]() []group[U] {
	return []group[U]{
		sessionsGroup[U](), rotationGroup[U](), limiterGroup[U](), loginsGroup[U](), eventsGroup[U](), authorityGroup[U](), keysGroup[U](),
		refreshGroup[U](), factorsGroup[U](), pendingGroup[U](), checkerGroup[U](), exchangeGroup[U](), outageGroup[U](),
	}
}

func run[U any](t *testing.T, groups []group[U], open func(*testing.T) *env[U]) {
	t.Helper()
	for _, g := range groups {
		t.Run(g.of, func(t *testing.T) {
			t.Parallel()
			for name, check := range g.rules {
				t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
					t.Parallel()
					e := open(t)
					if !g.has(e.store) {
						t.Skipf("the store does not implement driver.%s", g.of)
					}
					check(e)
				})
			}
		})
	}
}

// group is the rules of one interface.
type group[U any] struct {
	of    string
	has   func(store any) bool
	rules map[string]func(*env[U])
}

func implements[I any](store any) bool {
	_, ok := store.(I)
	return ok
}

// env is one rule's store.
type env[U any] struct {
	*testing.T
	Subject[U]

	store    any // Subject.Store, or the store for users elsewhere
	external bool
	sessions driver.Sessions
	users    atomic.Int64
}

func newEnv[U any](t *testing.T, s Subject[U]) *env[U] {
	t.Helper()
	if s.Store == nil || s.Advance == nil {
		t.Fatal("drivertest: set Subject.Store and Subject.Advance")
	}
	sessions, ok := s.Store.(driver.Sessions)
	if !ok {
		t.Fatalf("drivertest: %T does not implement driver.Sessions", s.Store)
	}
	if s.Account == nil {
		s.Account = func(u U) driver.Account {
			a, ok := any(u).(interface{ Account() driver.Account })
			if !ok {
				t.Fatalf("drivertest: %T has no method Account: set Subject.Account", u)
			}
			return a.Account()
		}
	}
	return &env[U]{T: t, Subject: s, store: s.Store, sessions: sessions}
}

// as returns the store as an interface of another group, and whether it is one.
func as[I, U any](e *env[U]) (I, bool) {
	i, ok := e.store.(I)
	return i, ok
}

// need is as for a rule that is about two interfaces.
func need[I, U any](e *env[U]) I {
	e.Helper()
	i, ok := e.store.(I)
	if !ok {
		e.Skipf("the store does not implement %s", strings.TrimPrefix(fmt.Sprintf("%T", new(I)), "*"))
	}
	return i
}

// must ends the rule when a step fails.
func (e *env[U]) must(doing string, err error) {
	e.Helper()
	if err != nil {
		e.Fatalf("%s: %v", doing, err)
	}
}

// want compares an error.
func (e *env[U]) want(doing string, got, want error) {
	e.Helper()
	if !errors.Is(got, want) {
		e.Errorf("%s: got the error %v, want %v", doing, got, want)
	}
}

// refused wants any error.
func (e *env[U]) refused(doing string, err error) {
	e.Helper()
	if err == nil {
		e.Errorf("%s: got no error", doing)
	}
}

func (e *env[U]) newUser() driver.NewUser {
	n := e.users.Add(1)
	return driver.NewUser{
		Name: fmt.Sprintf("User %d", n), Email: fmt.Sprintf("User.%d@Example.com", n), Canonical: fmt.Sprintf("user.%d@example.com", n),
		Hash: hash('a'),
	}
}

// hash returns a well-formed hash, another one for each letter.
func hash(letter rune) password.Hash {
	h, err := password.ParseHash("$2b$10$" + strings.Repeat(string(letter), 53))
	if err != nil {
		panic(err) //nolint:forbidigo // a constant
	}
	return h
}

// user stores a new user.
func (e *env[U]) user() (driver.UserID, driver.NewUser) {
	e.Helper()
	n := e.newUser()
	u, err := e.Store.CreateUser(e.Context(), n, nil)
	e.must("creating a user", err)
	return e.Account(u).ID, n
}

// disable skips the rule where the store cannot disable users.
func (e *env[U]) disable(id driver.UserID) {
	e.Helper()
	if e.Disable == nil {
		e.Skip("Subject.Disable is not set")
	}
	e.must("disabling a user", e.Disable(e.Context(), id))
}

const (
	idle     = time.Hour
	lifetime = 24 * time.Hour
	// moment is the least that clocks differ by.
	moment = time.Microsecond
)

func newDigest() driver.Digest { return driver.NewToken().Digest() }

func newSession(user driver.UserID) driver.NewSession {
	return driver.NewSession{Digest: newDigest(), UserID: user, Lifetime: lifetime, IdleTimeout: idle}
}

// login stores a session of a user, or an anonymous one.
func (e *env[U]) login(user driver.UserID) driver.Session {
	e.Helper()
	return e.loginAs(newSession(user))
}

func (e *env[U]) loginAs(n driver.NewSession) driver.Session {
	e.Helper()
	s, err := e.sessions.CreateSession(e.Context(), n)
	e.must("creating a session", err)
	return s
}

// now is the store's clock.
func (e *env[U]) now() time.Time {
	e.Helper()
	return e.login("").ReadAt
}

// alive compares whether sessions live.
func (e *env[U]) alive(when string, want bool, digests ...driver.Digest) {
	e.Helper()
	for i, d := range digests {
		_, err := e.sessions.FindSession(e.Context(), d)
		if err != nil && !errors.Is(err, driver.ErrNoSession) {
			e.Fatalf("%s: finding session %d: %v", when, i, err)
		}
		if got := err == nil; got != want {
			e.Errorf("%s: session %d is live: %v, want %v", when, i, got, want)
		}
	}
}

// together runs calls that begin at one moment, and returns their errors.
func (e *env[U]) together(n int, call func(i int) error) []error {
	errs := make([]error, n)
	begin := make(chan struct{})
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			<-begin
			errs[i] = call(i)
		})
	}
	close(begin)
	all.Wait()
	return errs
}

// oneWins wants one of parallel calls to succeed, and the others to fail by lost.
func (e *env[U]) oneWins(doing string, lost error, call func(i int) error) {
	e.Helper()
	won := 0
	for _, err := range e.together(callers, call) {
		if err == nil {
			won++
		} else if !errors.Is(err, lost) {
			e.Errorf("%s: a call that lost: got the error %v, want %v", doing, err, lost)
		}
	}
	if won != 1 {
		e.Errorf("%s: %d of %d parallel calls have succeeded, want 1", doing, won, callers)
	}
}

// callers is how many calls run in parallel.
const callers = 6

// stranger wants the refusal of somebody who is no user. A store for users elsewhere knows no strangers.
func (e *env[U]) stranger(doing string, err error) {
	e.Helper()
	if !e.external {
		e.want(doing, err, driver.ErrNoUser)
	} else if err == nil || errors.Is(err, driver.ErrNoUser) {
		e.Errorf("%s: got the error %v, want one that says what is wrong with the id", doing, err)
	}
}

// strangers are no users, and not nobody.
func (e *env[U]) strangers() []string {
	if e.external {
		return noExternalIDs[1:]
	}
	return unknownIDs()[:2]
}

// unknownIDs are ids that no store has given out.
func unknownIDs() []string { return []string{"0190b0e2-6c1c-7f3a-9d1e-1f0f3c2a7b55", "no id", ""} }
