package ginauth_test

import (
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gin-contrib/sessions"
	cookiestore "github.com/gin-contrib/sessions/cookie"
	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/ginauthtest"
	"github.com/ginauth/ginauth/ginauth/internal/built"
	"github.com/ginauth/ginauth/store"
	"github.com/ginauth/ginauth/store/storetest"
)

// alone is an app whose users RetrieveUser finds, so there is no PostgreSQL to help a store.
func alone(t *testing.T, k kept) *gin.Engine {
	t.Helper()
	here, _ := k.open(t)
	if here == nil {
		here = store.NewSessions(storetest.NewDB(t), store.WithTimeout(time.Minute))
	}
	cfg := ginauth.Options[person]{
		Sessions: here, Exclude: []string{"/enter"}, Logger: quiet,
		Passwords: ginauthtest.CheapHasher(t), // the process's own must not be made within a bubble of made-up time
		RetrieveUser: func(_ *gin.Context, s sessions.Session) (person, error) {
			name, _ := s.Get("name").(string)
			if name == "gone" {
				return person{}, driver.ErrNoUser
			}
			return person{Name: name}, nil
		},
	}
	r := gin.New()
	r.Use(gin.CustomRecoveryWithWriter(io.Discard, func(c *gin.Context, _ any) { c.AbortWithStatus(http.StatusInternalServerError) }))
	r.Use(ginauth.Session(built.Config(cfg)))
	r.POST("/enter", func(c *gin.Context) {
		if err := ginauth.SignIn(c, person{Name: c.Query("name")}); err != nil {
			ginauth.Fail(c, err)
			return
		}
		sessions.Default(c).Set("name", c.Query("name"))
	})
	r.GET("/user", ginauth.With(func(c *gin.Context, p person) { c.String(http.StatusOK, p.Name) }))
	r.POST("/logout", ginauth.Logout(built.Config(cfg)))
	return r
}

// SEC-62, SEC-73: a cookie store that stands alone cannot end a session, and nothing else fails.
func TestStoresAloneEndWhatTheyCan(t *testing.T) {
	t.Parallel()
	for _, k := range keptIn {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			r := alone(t, k)
			c := &client{handler: r}
			c.want(t, http.StatusUnauthorized, "nobody")
			c.post("/enter?name=ada", "")
			if w := c.get("/user"); w.Body.String() != "ada" {
				t.Fatalf("GET /user: %d %s", w.Code, w.Body)
			}
			copied := &client{handler: r, value: c.value}
			c.post("/enter?name=grace", "")
			if w := c.get("/user"); w.Body.String() != "grace" {
				t.Errorf("GET /user: %d %s", w.Code, w.Body)
			}
			if ended := copied.get("/user").Code == http.StatusUnauthorized; ended != k.forgets {
				t.Errorf("the session before the second login has ended: %t", ended)
			}
			copied.value = c.value
			c.post("/logout", "")
			if ended := copied.get("/user").Code == http.StatusUnauthorized; ended != k.forgets {
				t.Errorf("after logout, a copy of the cookie has ended: %t", ended)
			}
			c.post("/enter?name=gone", "")
			c.want(t, http.StatusUnauthorized, "a user who is gone")
		})
	}
}

// SEC-67, SEC-68: without PostgreSQL, by the process's clock.
func TestStoresAloneEndSessionsInTime(t *testing.T) {
	t.Parallel()
	for _, k := range keptIn {
		if k.name != "memstore" && !strings.HasPrefix(k.name, "cookie") {
			continue // these wait for no other process, so time can be made up
		}
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := &client{handler: alone(t, k)}
				c.post("/enter?name=ada", "")
				for range 23 {
					time.Sleep(time.Hour - time.Second)
					c.want(t, http.StatusOK, "in use")
				}
				time.Sleep(time.Hour + 30*time.Second)
				c.want(t, http.StatusUnauthorized, "after a day")
				c.post("/enter?name=ada", "")
				time.Sleep(time.Hour + time.Second)
				c.want(t, http.StatusUnauthorized, "after an hour without use")
			})
		})
	}
}

func TestCookieStoreAloneIsWarnedAbout(t *testing.T) {
	t.Parallel()
	log := &ginauthtest.Log{}
	cfg := ginauth.Options[person]{
		Sessions: cookiestore.NewStore(signingKey), Logger: slog.New(slog.NewTextHandler(log, nil)),
		RetrieveUser: func(*gin.Context, sessions.Session) (person, error) { return person{}, driver.ErrNoUser },
	}
	ginauth.Session(built.Config(cfg))
	if !strings.Contains(log.String(), "until it expires") {
		t.Errorf("the log says %q", log)
	}
}
