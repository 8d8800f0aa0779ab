package ginauthtest_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/gin-contrib/sessions/memstore"
	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/ginauthtest"
	"github.com/ginauth/ginauth/store"
)

func TestUsersWithUsernames(t *testing.T) {
	t.Parallel()
	for name, options := range stores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			named := func(kind driver.IdentifierKind) *ginauthtest.App[User] {
				return ginauthtest.New(t, func(k ginauthtest.Kit[User]) *gin.Engine {
					k.Options.Identifier = kind
					return shop(k)
				}, options...)
			}
			app, ada := named(driver.UsernameIdentifier), "Ada"
			if u := app.As(User{Username: &ada}).User; u.Username == nil || *u.Username != "Ada" || u.Email != "" {
				t.Errorf("the user is %+v", u)
			}
			if u := app.As(User{}).User; u.Username == nil || *u.Username != "user2" || u.Email != "" {
				t.Errorf("the user is %+v", u)
			}
			if u := app.As(User{Email: "grace@example.com"}).User; u.Username == nil || *u.Username != "user3" || u.Email != "grace@example.com" {
				t.Errorf("the user is %+v", u)
			}
			app.Anonymous().POST("/login", gin.H{"username": "ada", "password": ginauthtest.Password}).Status(200)

			app = named(driver.EitherIdentifier)
			if u := app.As(User{Username: &ada}).User; u.Username == nil || *u.Username != "Ada" || u.Email != "" {
				t.Errorf("the user is %+v", u)
			}
			if u := app.As(User{}).User; u.Username != nil || u.Email != "user2@example.com" {
				t.Errorf("the user is %+v", u)
			}
			bad := "a b"
			got := complaintsOf(t, func(tb *recorder) {
				ginauthtest.New(tb, shop, ginauthtest.InMemory()).As(User{Username: &bad})
			})
			if !strings.Contains(got, `the username "a b"`) {
				t.Errorf("the complaint is %q", got)
			}
		})
	}
}

func TestAddressesOutsideASCII(t *testing.T) {
	t.Parallel()
	app := ginauthtest.New(t, func(k ginauthtest.Kit[User]) *gin.Engine {
		k.Options.UnicodeEmails = true
		return shop(k)
	}, ginauthtest.InMemory())
	if u := app.As(User{Email: "jürgen@bücher.example"}).User; u.Email != "jürgen@bücher.example" {
		t.Errorf("the user is %+v", u)
	}
}

// member is a user of a table that the app has had before.
type member struct {
	store.User
	Plan string
}

func TestUsersOfAMappedTable(t *testing.T) {
	t.Parallel()
	app := ginauthtest.New(t, func(k ginauthtest.Kit[member]) *gin.Engine {
		if _, err := k.Pool.Exec(t.Context(), `CREATE TABLE members (id bigserial PRIMARY KEY, login text NOT NULL UNIQUE, hash text NOT NULL, plan text NOT NULL DEFAULT 'free')`); err != nil {
			t.Fatal(err)
		}
		table, err := store.NewTable[member](t.Context(), k.Pool, "public.members", store.Columns{ID: "id", Username: "login", PasswordHash: "hash"}, store.WithNow(k.Clock.Now))
		if err != nil {
			t.Fatal(err)
		}
		o := k.Options
		o.Users, o.Identifier = table, driver.UsernameIdentifier
		cfg := k.New(o)
		r := gin.New()
		r.Use(ginauth.Session(cfg))
		r.POST("/login", ginauth.Login(cfg))
		r.GET("/plan", ginauth.With(func(c *gin.Context, u member) { c.String(http.StatusOK, "%s %s %s", u.ID, *u.Username, u.Plan) }))
		return r
	})
	if got := app.As(member{Plan: "pro"}).GET("/plan").Status(200).Body; got != "1 user1 pro" {
		t.Errorf("the row is %s", got)
	}
	app.Anonymous().POST("/login", gin.H{"username": "user1", "password": ginauthtest.Password}).Status(200)
	app.Wait()
}

// directory keeps users outside of ginauth.
type directory struct {
	sync.Mutex
	rows []row
}

func (d *directory) create(_ context.Context, r row) (row, error) {
	d.Lock()
	defer d.Unlock()
	r.Mail = cmp.Or(r.Mail, fmt.Sprintf("member%d@example.com", len(d.rows)))
	r.Key = "member-" + r.Mail
	d.rows = append(d.rows, r)
	return r, nil
}

func (d *directory) find(_ context.Context, id driver.UserID) (row, error) {
	d.Lock()
	defer d.Unlock()
	for _, r := range d.rows {
		if r.Key == string(id) {
			return r, nil
		}
	}
	return row{}, driver.ErrNoUser
}

func (d *directory) routes(k ginauthtest.Kit[row]) *gin.Engine {
	o := k.Options
	o.Users, o.FindUser = nil, d.find
	o.Sessions = store.NewExternal(k.Pool, store.WithNow(k.Clock.Now))
	o.Account = func(r row) ginauth.Account { return ginauth.Account{ID: ginauth.UserID(r.Key), Identifier: r.Mail} }
	r := gin.New()
	r.Use(ginauth.Session(k.New(o)))
	r.GET("/mail", ginauth.With(func(c *gin.Context, u row) { c.String(http.StatusOK, u.Mail) }))
	return r
}

func TestUsersElsewhere(t *testing.T) {
	t.Parallel()
	d := &directory{}
	app := ginauthtest.New(t, d.routes, ginauthtest.CreateUser(d.create))
	if got := app.As(row{Mail: "ada@example.com"}).GET("/mail").Status(200).Body; got != "ada@example.com" {
		t.Errorf("the address is %q", got)
	}
	_, _ = d.create(t.Context(), row{Mail: "grace@example.com"})
	app.As(row{Key: "member-grace@example.com"}).GET("/mail").Status(200)
	app.Wait()
}

func TestUsersElsewhereSayWhatIsWrong(t *testing.T) {
	t.Parallel()
	d := &directory{}
	for want, test := range map[string]func(tb *recorder){
		"give New the option CreateUser": func(tb *recorder) {
			ginauthtest.New(tb, func(k ginauthtest.Kit[User]) *gin.Engine {
				o := k.Options
				o.Users, o.FindUser, o.Sessions = nil, o.Users.FindUser, memstore.NewStore(make([]byte, 64))
				k.New(o)
				return gin.New()
			}, ginauthtest.InMemory()).As(User{})
		},
		"CreateUser has a func": func(tb *recorder) { ginauthtest.New(tb, shop, ginauthtest.CreateUser(d.create)) },
		"the app is full": func(tb *recorder) {
			full := func(context.Context, row) (row, error) { return row{}, errors.New("the app is full") }
			ginauthtest.New(tb, d.routes, ginauthtest.CreateUser(full)).As(row{})
		},
	} {
		if got := complaintsOf(t, test); !strings.Contains(got, want) {
			t.Errorf("the complaint is %q, want %q in it", got, want)
		}
	}
}
