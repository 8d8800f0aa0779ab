package ginauthtest

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// Password is that of every user whom As creates.
const Password = "correct horse battery staple"

// loginAge is how long ago a user logged in without Fresh: longer than what guards such as
// ginauth.Fresh usually ask for.
const loginAge = 30 * time.Minute

// UserOption says more about the user of As.
type UserOption func(*login)

type login struct {
	fresh, verified, remember bool
	lenient                   bool // verified only where the store can have that
	scopes                    []string
	values                    []value
}

type value struct{ key, value any }

func loginOf(options []UserOption) (l login) {
	for _, option := range options {
		option(&l)
	}
	return l
}

// Fresh makes the login one of this moment, as guards such as ginauth.Fresh want it. Default: 30
// minutes ago, or half of Options.IdleTimeout where that is less.
func Fresh() UserOption { return func(l *login) { l.fresh = true } }

// Verified creates the user with a proved address.
func Verified() UserOption { return func(l *login) { l.verified = true } }

// Remember makes a session that outlives the browser, as ginauth.Remember does.
func Remember() UserOption { return func(l *login) { l.remember = true } }

// Value puts a value into the session, as a handler does by sessions.Default(c).Set. App.Session
// reads and changes it later.
func Value(key, v any) UserOption {
	return func(l *login) { l.values = append(l.values, value{key, v}) }
}

// Scopes are those of the credential of AsToken or AsKey. Default: those of the Flow, and none for
// a key.
func Scopes(scopes ...string) UserOption { return func(l *login) { l.scopes = scopes } }

// Create stores a user with all fields of u that are the app's own, and with Password. Without an
// address it is user1@example.com, and so on; where users log in with usernames, user1 is the
// username. Of the options, Verified counts. It is for users who log in by the app's own handlers;
// As needs no Create.
func (a *App[U]) Create(u U, options ...UserOption) U {
	a.tb.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	made, err := a.newUser(u, loginOf(options))
	if err != nil {
		a.tb.Fatalf("ginauthtest: %v", err)
	}
	return made
}

// As returns the client of a user who has logged in. A user without an ID is created first, as by
// Create. A user with an ID, such as Client.User, logs in once more, as with a second browser.
//
// The row and the session are written as the app's own handlers write them. Without Fresh the clock
// is set back for as long as that takes, so call it before requests run in parallel. Where
// Options.RetrieveUser reads what only the app's own login has put into the session, give that by
// Value.
func (a *App[U]) As(u U, options ...UserOption) *Client[U] {
	a.tb.Helper()
	l := loginOf(options)
	a.mu.Lock()
	defer a.mu.Unlock()
	o := a.config.Options()
	if o.NoSessions {
		a.tb.Fatal("ginauthtest: the app has NoSessions: use AsToken or AsKey, or let a user of Create log in by the app's own handlers")
	}
	age := min(loginAge, o.IdleTimeout/2)
	if l.fresh {
		age = 0
	}
	c := a.Anonymous()
	a.Clock.Advance(-age)
	made, err := a.findOrCreate(u, l)
	if err == nil {
		err = a.inside.signIn(c, made, l)
	}
	a.Clock.Advance(age)
	if err == nil && !l.fresh {
		err = a.inside.use(c)
	}
	if err != nil {
		a.tb.Fatalf("ginauthtest: logging in: %v", err)
	}
	c.User = made
	return c
}

func (a *App[U]) findOrCreate(u U, l login) (U, error) {
	if id := a.config.Account(u).ID; id != "" {
		return a.config.FindUser(a.tb.Context(), id)
	}
	return a.newUser(u, l)
}

func (a *App[U]) newUser(u U, l login) (U, error) {
	ctx, users := a.tb.Context(), a.config.Options().Users
	if users == nil {
		if a.create == nil {
			return u, errors.New("the app keeps its users elsewhere: give As a user who has an ID, or give New the option CreateUser")
		}
		return a.create(ctx, u)
	}
	n, err := a.record(a.config.Account(u), l)
	if err != nil {
		return u, err
	}
	made, err := users.CreateUser(ctx, n, func(to *U) error {
		*to = u
		nameIfNone(reflect.ValueOf(to).Elem(), n.Name)
		return nil
	})
	if err != nil {
		return made, fmt.Errorf("creating %s: %w", cmp.Or(n.Email, n.Username), err)
	}
	if l.verified && !l.lenient && !a.config.Account(made).Verified {
		return made, fmt.Errorf("the store %T does not keep NewUser.Verified", users)
	}
	return made, nil
}

// record returns what the store writes of a new user besides the app's own fields.
func (a *App[U]) record(account driver.Account, l login) (n driver.NewUser, err error) {
	o := a.config.Options()
	a.users++
	n = driver.NewUser{Name: fmt.Sprintf("User %d", a.users), Email: account.Identifier, Username: account.Username, Verified: l.verified}
	if n.Email == n.Username { // Identifier is the username of a user without an address
		n.Email = ""
	}
	switch {
	case o.Identifier == driver.UsernameIdentifier && n.Username == "":
		n.Username = fmt.Sprintf("user%d", a.users)
	case n.Email == "" && n.Username == "":
		n.Email = fmt.Sprintf("user%d@example.com", a.users)
	}
	if n.Email != "" {
		canonical := driver.CanonicalEmail
		if o.UnicodeEmails {
			canonical = driver.CanonicalUnicodeEmail
		}
		if n.Canonical, err = canonical(n.Email); err != nil {
			return n, fmt.Errorf("the address %q: %w", n.Email, err)
		}
	}
	if n.Username != "" {
		if n.CanonicalUsername, err = driver.CanonicalUsername(n.Username); err != nil {
			return n, fmt.Errorf("the username %q: %w", n.Username, err)
		}
	}
	n.Hash, err = o.Passwords.Hash(a.tb.Context(), Password)
	return n, err
}

// nameIfNone gives a name to users who have a field for it.
func nameIfNone(v reflect.Value, name string) {
	if v.Kind() != reflect.Struct {
		return
	}
	if f := v.FieldByName("Name"); f.IsValid() && f.CanSet() && f.Kind() == reflect.String && f.String() == "" {
		f.SetString(name)
	}
}
