package ginauth_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-contrib/sessions"
	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/built"
	"github.com/ginauth/ginauth/store"
	"github.com/ginauth/ginauth/store/storetest"
)

// person is a user that no table of ours knows.
type person struct{ Name string }

func (p person) Account() driver.Account { return driver.Account{ID: driver.UserID(p.Name)} }

func TestRetrieveUserReplacesTheLookup(t *testing.T) {
	t.Parallel()
	pool := storetest.NewDB(t)
	called := 0
	cfg := ginauth.Options[person]{
		Sessions: store.NewSessions(pool, store.WithTimeout(time.Minute)),
		Exclude:  []string{"/enter", "/home"},
		RetrieveUser: func(_ *gin.Context, s sessions.Session) (person, error) {
			called++
			switch name, _ := s.Get("name").(string); name {
			case "gone":
				return person{}, driver.ErrNoUser
			case "zero":
				return person{}, nil
			case "away":
				return person{}, errors.Join(driver.ErrUnavailable, errors.New("directory is down"))
			case "broken":
				return person{}, errors.New("a bug, with a secret")
			default:
				return person{Name: name}, nil
			}
		},
	}
	r := gin.New()
	r.Use(ginauth.Session(built.Config(cfg)))
	r.POST("/enter", func(c *gin.Context) {
		sessions.Default(c).Set("name", c.Query("name"))
		if err := ginauth.SignIn(c, person{Name: c.Query("name")}); err != nil {
			ginauth.Fail(c, err)
		}
	})
	r.GET("/user", ginauth.With(func(c *gin.Context, p person) { c.String(http.StatusOK, p.Name) }))
	r.GET("/home", func(c *gin.Context) {
		_, err := ginauth.CurrentUser[person](c)
		switch {
		case errors.Is(err, ginauth.ErrUnauthenticated):
			c.String(http.StatusOK, "anonymous")
		case err != nil:
			ginauth.Fail(c, err)
		default:
			c.String(http.StatusOK, "known")
		}
	})

	for _, tc := range []struct {
		name         string
		user, home   int
		homeBody     string
		sessionEnded bool
	}{
		{"ada", 200, 200, "known", false},
		{"gone", 401, 200, "anonymous", true},
		{"zero", 401, 200, "anonymous", true},
		{"away", 503, 503, "", false}, // SEC-154
		{"broken", 500, 500, "", false},
	} {
		for _, path := range []string{"/user", "/home"} {
			c := &client{handler: r}
			if w := c.post("/enter?name="+tc.name, ""); w.Code != http.StatusOK || c.value == "" {
				t.Fatalf("%s: enter: %d", tc.name, w.Code)
			}
			w := c.get(path)
			if want := map[string]int{"/user": tc.user, "/home": tc.home}[path]; w.Code != want || strings.Contains(w.Body.String(), "secret") {
				t.Errorf("%s, %s: %d %s, want %d", tc.name, path, w.Code, w.Body, want)
			}
			if path == "/home" && tc.homeBody != "" && w.Body.String() != tc.homeBody {
				t.Errorf("%s: home says %s", tc.name, w.Body)
			}
			if ended := c.value == ""; ended != tc.sessionEnded {
				t.Errorf("%s, %s: ended = %v", tc.name, path, ended)
			}
		}
	}
	called = 0
	r.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/user", nil))
	if called != 0 {
		t.Error("RetrieveUser was called without a session")
	}
}

func TestRetrieveUserCannotWaitForItself(t *testing.T) {
	t.Parallel()
	app := newApp(t, with(func(cfg *config) {
		cfg.RetrieveUser = func(c *gin.Context, _ sessions.Session) (user, error) { return ginauth.CurrentUser[user](c.Copy()) }
	}))
	if w := app.signUp(t, ada).get("/user"); w.Code != http.StatusInternalServerError || problemIn(t, w).Code != "not_mounted" {
		t.Errorf("status %d", w.Code)
	}
}
