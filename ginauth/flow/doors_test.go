package flow_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/flow"
	"github.com/ginauth/ginauth/ginauth/ginauthtest"
	"github.com/ginauth/ginauth/store"
)

type user = store.User

// stores are what an app can be built on.
var stores = map[string][]ginauthtest.Option{"postgres": nil, "memory": {ginauthtest.InMemory()}}

// eachStore runs a test on an app with the routes, once for each store.
func eachStore(t *testing.T, routes func(*gin.Engine, *ginauth.Config[user]), test func(*testing.T, *ginauthtest.App[user])) {
	t.Helper()
	for name, options := range stores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, ginauthtest.New(t, func(k ginauthtest.Kit[user]) *gin.Engine {
				k.Options.Limits = ginauth.Limits{} // those of production
				cfg := k.New(k.Options)
				r := gin.New()
				r.Use(ginauth.Session(cfg))
				r.GET("/user", ginauth.Me(cfg))
				r.GET("/fresh", ginauth.Require(ginauth.Fresh(10*time.Minute)), ginauth.Me(cfg))
				routes(r, cfg)
				return r
			}, options...))
		})
	}
}

// answers makes a handler of what returns an error.
func answers(f func(*gin.Context) error) gin.HandlerFunc {
	return func(c *gin.Context) {
		if err := f(c); err != nil {
			ginauth.Fail(c, err)
			return
		}
		flow.Reply(c, http.StatusOK, gin.H{})
	}
}

func TestConfirmMakesASessionFreshUnderANewToken(t *testing.T) {
	t.Parallel()
	eachStore(t, func(r *gin.Engine, _ *ginauth.Config[user]) {
		r.POST("/confirm", answers(func(c *gin.Context) error { return flow.Confirm(c, driver.ByHardwareKey, driver.ByPresence) }))
		r.POST("/nothing", answers(func(c *gin.Context) error { return flow.Confirm(c) }))
		r.POST("/unknown", answers(func(c *gin.Context) error { return flow.Confirm(c, "kba") }))
	}, func(t *testing.T, app *ginauthtest.App[user]) {
		t.Helper()
		app.Anonymous().POST("/confirm", nil).Problem("unauthenticated")
		ada := app.As(user{Email: "ada@example.com"})
		app.Clock.Advance(11 * time.Minute)
		ada.GET("/fresh").Problem("reauthentication_required")
		for _, path := range []string{"/nothing", "/unknown"} {
			ada.POST(path, nil).Problem("internal")
			ada.GET("/fresh").Problem("reauthentication_required")
		}

		before := ada.Cookie(app.SessionCookie())
		ada.POST("/confirm", nil).Status(200)
		ada.GET("/fresh").Status(200)
		if ada.Cookie(app.SessionCookie()) == before {
			t.Error("the session has the token of before")
		}
		thief := app.Anonymous()
		thief.SetCookie(app.SessionCookie(), before)
		thief.GET("/user").Problem("unauthenticated")
		if !strings.Contains(app.Log.String(), `"methods":["hwk","user"]`) {
			t.Errorf("the log does not tell the methods:\n%s", app.Log)
		}
	})
}

// OWASP ASVS 6.3.1: whoever guesses in parallel has no more tries than one after the other.
func TestGuessesCountBeforeTheSecretIsCompared(t *testing.T) {
	t.Parallel()
	var right atomic.Bool
	eachStore(t, func(r *gin.Engine, cfg *ginauth.Config[user]) {
		guess := func(purpose string) gin.HandlerFunc {
			return answers(func(c *gin.Context) error {
				auth, err := ginauth.CurrentAuth(c)
				if err != nil {
					return err
				}
				tried, err := flow.CountGuess(c, cfg, purpose, auth.Account.ID)
				if err != nil {
					return err
				}
				if c.Query("code") != "right" {
					return ginauth.ErrForbidden
				}
				right.Store(true)
				return tried.TakeBack(c)
			})
		}
		r.POST("/otp", guess("otp"))
		r.POST("/pin", guess("pin"))
	}, func(t *testing.T, app *ginauthtest.App[user]) {
		t.Helper()
		ada, grace := app.As(user{Email: "ada@example.com"}), app.As(user{Email: "grace@example.com"})
		for range 20 { // right ones are taken back
			ada.POST("/otp?code=right", nil).Status(200)
		}
		admitted := map[string]int{}
		var mu sync.Mutex
		var parallel sync.WaitGroup
		for range 16 {
			parallel.Go(func() {
				var body struct{ Code string }
				ada.POST("/otp?code=wrong", nil).JSON(&body)
				mu.Lock()
				defer mu.Unlock()
				admitted[body.Code]++
			})
		}
		parallel.Wait()
		// 5 are free, and the one after has not waited yet.
		if admitted["forbidden"] > 6 || admitted["forbidden"] == 0 || admitted["forbidden"]+admitted["too_many_attempts"] != 16 {
			t.Errorf("of 16 parallel guesses: %v", admitted)
		}
		ada.POST("/otp?code=right", nil).Problem("too_many_attempts")
		ada.POST("/pin?code=right", nil).Status(200)
		grace.POST("/otp?code=right", nil).Status(200)

		app.Clock.Advance(20 * time.Minute)
		ada.POST("/otp?code=right", nil).Status(200)
		ada.POST("/otp?code=wrong", nil).Problem("forbidden") // the wrong ones before are forgotten
	})
}

func TestFlowsHaveCookiesByTheRulesOfTheSessions(t *testing.T) {
	t.Parallel()
	for localhost, want := range map[bool]string{
		false: "__Host-step-1=a; Path=/; Max-Age=60; HttpOnly; Secure; SameSite=Lax",
		true:  "step-1=a; Path=/; Max-Age=60; HttpOnly; SameSite=Lax",
	} {
		app := ginauthtest.New(t, func(k ginauthtest.Kit[user]) *gin.Engine {
			k.Options.Cookie.InsecureLocalhost = localhost
			k.Options.Exclude = []string{"/step"}
			cfg := k.New(k.Options)
			for _, name := range []string{"", "__Host-x", "a b", "a;b", strings.Repeat("n", 65)} {
				if _, err := flow.NewCookie(cfg, name); err == nil {
					t.Errorf("the name %q was taken", name)
				}
			}
			all, err := flow.NewCookie(cfg, "step-")
			if err != nil {
				t.Fatal(err)
			}
			step := all.For("1")
			r := gin.New()
			r.Use(ginauth.Session(cfg))
			r.GET("/step", func(c *gin.Context) {
				value, ok := step.Read(c)
				flow.Reply(c, http.StatusOK, gin.H{"value": value, "ok": ok})
			})
			r.POST("/step", answers(func(c *gin.Context) error { step.Set(c, "a", time.Minute); return nil }))
			r.DELETE("/step", answers(func(c *gin.Context) error { step.Clear(c); return nil }))
			return r
		}, ginauthtest.InMemory())

		read := func(header string) (got struct {
			Value string
			OK    bool
		},
		) {
			t.Helper()
			r := httptest.NewRequest(http.MethodGet, "/step", nil)
			r.Host = "localhost"
			r.Header.Set("Cookie", header)
			app.Anonymous().Do(r).Status(200).JSON(&got)
			return got
		}
		name, _, _ := strings.Cut(want, "=")
		if got := read(name + "=a"); got.Value != "a" || !got.OK {
			t.Errorf("one cookie: %+v", got)
		}
		for _, planted := range []string{name + "=a; " + name + "=b", name + `="a"`, "x=y"} {
			if got := read(planted); got.Value != "" || got.OK {
				t.Errorf("%s: %+v", planted, got)
			}
		}
		if got := app.Anonymous().POST("/step", nil).Status(200).Header.Get("Set-Cookie"); got != want {
			t.Errorf("Set-Cookie: %s; want %s", got, want)
		}
		if got := app.Anonymous().DELETE("/step").Status(200).Header.Get("Set-Cookie"); !strings.Contains(got, name+"=; Path=/; Max-Age=0") {
			t.Errorf("Set-Cookie: %s", got)
		}
	}
}

func TestWaysWithoutAPasswordRefuseInTheirOwnWords(t *testing.T) {
	t.Parallel()
	eachStore(t, func(r *gin.Engine, cfg *ginauth.Config[user]) {
		db := cfg.Options().Users
		r.POST("/users/:id/passkey", answers(func(c *gin.Context) error {
			u, err := db.FindUser(c, driver.UserID(c.Param("id")))
			if err != nil {
				return err
			}
			now := time.Now()
			u.DisabledAt = &now
			return flow.SignIn(c, u)
		}))
	}, func(t *testing.T, app *ginauthtest.App[user]) {
		t.Helper()
		ada := app.Create(user{Email: "ada@example.com"})
		answer := app.As(user{Email: "grace@example.com"}).POST("/users/"+string(ada.ID)+"/passkey", nil)
		answer.Status(401).Problem("cannot_sign_in")
	})
	if errors.Is(flow.ErrCannotSignIn, ginauth.ErrInvalidCredentials) {
		t.Error("one error is the other")
	}
}
