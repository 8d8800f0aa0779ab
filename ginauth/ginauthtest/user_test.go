package ginauthtest_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gin-contrib/sessions"
	"github.com/gin-contrib/sessions/cookie"
	"github.com/gin-contrib/sessions/memstore"
	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/flow"
	"github.com/ginauth/ginauth/ginauth/ginauthtest"
	"github.com/ginauth/ginauth/store"
	"github.com/ginauth/ginauth/store/memory"
)

func TestAsLogsInARealUser(t *testing.T) {
	t.Parallel()
	for name, options := range stores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := ginauthtest.New(t, shop, options...)
			ada := app.As(User{Name: "Ada", Email: "Ada@Example.com"})
			if ada.User.ID == "" || ada.User.Name != "Ada" || ada.User.Email != "Ada@Example.com" || ada.User.VerifiedAt != nil {
				t.Errorf("the user is %+v", ada.User)
			}
			var me User
			if ada.GET("/user").Status(200).JSON(&me); me.ID != ada.User.ID {
				t.Errorf("logged in as %+v", me)
			}
			again := app.Anonymous()
			again.POST("/login", gin.H{"email": "ada@example.com", "password": ginauthtest.Password}).Status(200)
			other := app.As(ada.User)
			var list []map[string]any
			if other.GET("/sessions").Status(200).JSON(&list); len(list) != 3 {
				t.Errorf("%d sessions of one user, want those of two As and of a login", len(list))
			}
			ada.POST("/logout", nil).Status(204)
			ada.GET("/user").Problem("unauthenticated")
			other.GET("/user").Status(200)
		})
	}
}

func TestAsNamesUsersWhoHaveNoAddress(t *testing.T) {
	t.Parallel()
	app := ginauthtest.New(t, shop, ginauthtest.InMemory())
	first, second := app.As(User{}), app.As(User{})
	if first.User.Email != "user1@example.com" || second.User.Email != "user2@example.com" || second.User.Name != "User 2" {
		t.Errorf("the users are %+v and %+v", first.User, second.User)
	}
}

func TestUserOptions(t *testing.T) {
	t.Parallel()
	for name, options := range stores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := ginauthtest.New(t, shop, options...)
			stale := app.As(User{})
			stale.GET("/fresh").Problem("reauthentication_required")
			stale.GET("/verified").Status(403)
			app.As(User{}, ginauthtest.Fresh()).GET("/fresh").Status(200)
			app.As(User{}, ginauthtest.Verified()).GET("/verified").Status(200)
			short, long := app.As(User{}), app.As(User{}, ginauthtest.Remember())
			app.Clock.Advance(59 * time.Minute) // since the session was used last
			short.GET("/user").Status(200)
			app.Clock.Advance(61 * time.Minute)
			short.GET("/user").Problem("unauthenticated")
			long.GET("/user").Status(200)
			app.Clock.Advance(31 * 24 * time.Hour)
			if long.Cookie(app.SessionCookie()) != "" {
				t.Error("the browser keeps a cookie whose age is over")
			}
		})
	}
}

func TestAsSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		user User
		want string
	}{
		"taken":      {User{Email: "ada@example.com"}, "ada@example.com"},
		"no address": {User{Email: "ada"}, `the address "ada"`},
		"unknown":    {User{ID: "4711"}, driver.ErrNoUser.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := complaintsOf(t, func(tb *recorder) {
				app := ginauthtest.New(tb, shop, ginauthtest.InMemory())
				app.As(User{Email: "Ada@example.com"})
				app.As(c.user)
			})
			if !strings.Contains(got, c.want) {
				t.Errorf("the complaint is %q, want %q in it", got, c.want)
			}
		})
	}
}

func TestCreateIsForAppsWithoutSessions(t *testing.T) {
	t.Parallel()
	build := func(k ginauthtest.Kit[User]) *gin.Engine {
		o := k.Options
		o.NoSessions = true
		cfg := k.New(o)
		r := gin.New()
		r.POST("/check", func(c *gin.Context) {
			u, err := flow.VerifyPassword(c, cfg, c.Query("email"), ginauthtest.Password)
			c.String(http.StatusOK, "%s %v", u.ID, err)
		})
		return r
	}
	app := ginauthtest.New(t, build, ginauthtest.InMemory())
	ada := app.Create(User{Email: "ada@example.com"}, ginauthtest.Verified())
	if got := app.Anonymous().POST("/check?email=ada@example.com", nil).Body; got != string(ada.ID)+" <nil>" || ada.VerifiedAt == nil {
		t.Errorf("her password says %s", got)
	}
	got := complaintsOf(t, func(tb *recorder) { ginauthtest.New(tb, build, ginauthtest.InMemory()).As(User{}) })
	if !strings.Contains(got, "let a user of Create log in") {
		t.Errorf("the complaint is %q", got)
	}
	got = complaintsOf(t, func(tb *recorder) {
		app := ginauthtest.New(tb, shop, ginauthtest.InMemory())
		app.Create(User{Email: "ada@example.com"})
		app.Create(User{Email: "ada@example.com"})
	})
	if !strings.Contains(got, "creating ada@example.com: ") {
		t.Errorf("the complaint is %q", got)
	}
}

func TestAsWorksWithOtherStoresOfSessions(t *testing.T) {
	t.Parallel()
	for name, sessions := range map[string]sessions.Store{
		"cookie": cookie.NewStore(make([]byte, 64), make([]byte, 32)), "memstore": memstore.NewStore(make([]byte, 64)),
	} {
		app := ginauthtest.New(t, func(k ginauthtest.Kit[User]) *gin.Engine {
			o := k.Options
			o.Sessions = sessions
			r := gin.New()
			r.Use(ginauth.Session(k.New(o)))
			r.GET("/user", ginauth.With(func(c *gin.Context, u User) { c.String(http.StatusOK, u.Email) }))
			return r
		}, ginauthtest.InMemory())
		if got := app.As(User{Email: "ada@example.com"}).GET("/user").Body; got != "ada@example.com" {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestAsLogsInWhomTheAppRefusesUntilTheyAreVerified(t *testing.T) {
	t.Parallel()
	app := ginauthtest.New(t, func(k ginauthtest.Kit[User]) *gin.Engine {
		k.Options.Unverified = ginauth.UnverifiedRefused
		return shop(k)
	}, ginauthtest.InMemory())
	app.As(User{}).GET("/page").Problem("not_verified")
	app.As(User{}, ginauthtest.Verified()).GET("/page").Status(200)
}

// customer has a column of the app's own.
type customer struct {
	store.User
	Plan string
}

func TestAsKeepsTheAppsOwnFields(t *testing.T) {
	t.Parallel()
	for name, options := range stores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := ginauthtest.New(t, func(k ginauthtest.Kit[customer]) *gin.Engine {
				if k.Pool != nil {
					if _, err := k.Pool.Exec(t.Context(), `ALTER TABLE ginauth.users ADD COLUMN plan text NOT NULL DEFAULT 'free'`); err != nil {
						t.Fatal(err)
					}
				}
				r := gin.New()
				r.Use(ginauth.Session(k.Config))
				r.GET("/plan", ginauth.With(func(c *gin.Context, u customer) { c.String(http.StatusOK, u.Plan) }))
				return r
			}, options...)
			if got := app.As(customer{Plan: "pro"}).GET("/plan").Status(200).Body; got != "pro" {
				t.Errorf("the plan is %q", got)
			}
		})
	}
}

// row is a user who has no method Account.
type row struct{ Key, Mail string }

func TestUsersOfAnyTypeLiveInAStoreOfTheApps(t *testing.T) {
	t.Parallel()
	open := func(now func() time.Time) driver.Users[*row] {
		return memory.New(memory.Options[*row]{Now: now, Set: func(r **row, u memory.User) {
			*r = &row{string(u.ID), u.Email}
		}})
	}
	app := ginauthtest.New(t, func(k ginauthtest.Kit[*row]) *gin.Engine {
		o := k.Options
		o.Account = func(r *row) ginauth.Account { return ginauth.Account{ID: ginauth.UserID(r.Key), Identifier: r.Mail} }
		r := gin.New()
		r.Use(ginauth.Session(k.New(o)))
		r.GET("/mail", ginauth.With(func(c *gin.Context, u *row) { c.String(http.StatusOK, u.Mail) }))
		return r
	}, ginauthtest.Users(open))
	if got := app.As(&row{Mail: "ada@example.com"}).GET("/mail").Body; got != "ada@example.com" {
		t.Errorf("the address is %q", got)
	}
	app.Clock.Advance(25 * time.Hour)
	app.As(&row{}).GET("/mail").Status(200)
}
