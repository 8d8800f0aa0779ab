package ginauthtest

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
)

// Password is that of every user whom As creates.
const Password = "correct horse battery staple"

// loginAge is how long ago a user logged in without Fresh: longer than what guards such as
// ginauth.Fresh usually ask for.
const loginAge = 30 * time.Minute

// UserOption says more about the user of As.
type UserOption func(*login)

type login struct{ fresh, verified, remember bool }

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

// Create stores a user with all fields of u that are the app's own, and with Password; without an
// address it is user1@example.com, and so on. Of the options, Verified counts. It is for apps that
// hand out tokens; As needs no Create.
func (a *App[U]) Create(u U, options ...UserOption) U {
	a.tb.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	made, err := a.create(u, loginOf(options))
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
// Options.RetrieveUser reads what only the app's own login has put into the session, log in by
// that, with Anonymous.
func (a *App[U]) As(u U, options ...UserOption) *Client[U] {
	a.tb.Helper()
	l := loginOf(options)
	a.mu.Lock()
	defer a.mu.Unlock()
	age := min(loginAge, a.config.Options().IdleTimeout/2)
	if l.fresh {
		age = 0
	}
	c := a.Anonymous()
	door := signInRoute(a.config, l)
	a.Clock.Advance(-age)
	made, err := a.findOrCreate(u, l)
	if err == nil {
		err = door.signIn(c, made)
	}
	a.Clock.Advance(age)
	if err == nil && !l.fresh {
		err = door.use(c)
	}
	if err != nil {
		a.tb.Fatalf("ginauthtest: logging in: %v", err)
	}
	c.User = made
	return c
}

func (a *App[U]) findOrCreate(u U, l login) (U, error) {
	if id := a.config.Account(u).ID; id != "" {
		return a.config.Options().Users.FindUser(a.tb.Context(), id)
	}
	return a.create(u, l)
}

func (a *App[U]) create(u U, l login) (U, error) {
	ctx, o := a.tb.Context(), a.config.Options()
	a.users++
	n := driver.NewUser{Name: fmt.Sprintf("User %d", a.users), Email: a.config.Account(u).Identifier, Verified: l.verified}
	if n.Email == "" {
		n.Email = fmt.Sprintf("user%d@example.com", a.users)
	}
	var err error
	if n.Canonical, err = driver.CanonicalEmail(n.Email); err != nil {
		return u, fmt.Errorf("the address %q: %w", n.Email, err)
	}
	if n.Hash, err = o.Passwords.Hash(ctx, Password); err != nil {
		return u, err
	}
	made, err := o.Users.CreateUser(ctx, n, func(to *U) error {
		*to = u
		nameIfNone(reflect.ValueOf(to).Elem(), n.Name)
		return nil
	})
	if err != nil {
		return made, fmt.Errorf("creating %s: %w", n.Email, err)
	}
	if l.verified && !a.config.Account(made).Verified {
		return made, fmt.Errorf("the store %T does not keep NewUser.Verified", o.Users)
	}
	return made, nil
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

// door is a router beside the app's, with the app's sessions.
type door[U any] struct {
	*gin.Engine
	who U
	err error
}

const (
	signInPath = "/sign-in"
	usePath    = "/use"
)

func signInRoute[U any](cfg *ginauth.Config[U], l login) *door[U] {
	d := &door[U]{Engine: gin.New()}
	o := cfg.Options()
	if o.NoSessions {
		d.err = errors.New("the app has NoSessions: let a user of Create log in by the app's own handlers")
		return d
	}
	o.Exclude = []string{"POST " + signInPath}
	o.ExcludeIf, o.Unverified, o.UnverifiedMay = nil, ginauth.UnverifiedAllowed, nil
	inside, err := ginauth.New(o)
	if err != nil {
		d.err = err
		return d
	}
	d.Use(ginauth.Session(inside))
	d.POST(signInPath, func(c *gin.Context) {
		var options []ginauth.SignInOption
		if l.remember {
			options = append(options, ginauth.Remember())
		}
		if d.err = ginauth.SignIn(c, d.who, options...); d.err == nil {
			c.Status(http.StatusNoContent)
		}
	})
	d.GET(usePath, func(c *gin.Context) { c.Status(http.StatusNoContent) })
	return d
}

func (d *door[U]) signIn(c *Client[U], u U) error {
	if d.err != nil {
		return d.err
	}
	d.who = u
	return d.ask(c, http.MethodPost, signInPath)
}

// use makes the session one that was used now.
func (d *door[U]) use(c *Client[U]) error { return d.ask(c, http.MethodGet, usePath) }

func (d *door[U]) ask(c *Client[U], method, path string) error {
	inside := *c
	inside.router = d
	if w := inside.send(method, path, nil); d.err == nil && w.Code != http.StatusNoContent {
		return fmt.Errorf("%d %s", w.Code, w.Body)
	}
	return d.err
}
