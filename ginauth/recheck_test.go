package ginauth_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/account"
	"github.com/ginauth/ginauth/ginauth/apikey"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/built"
)

// stream is a handler that runs until it is told to look again, by whatever came meanwhile.
type stream struct {
	meanwhile func()
	ctx       func(*gin.Context) ctx
	first     error
	again     []error
	user      user
	current   error
}

func (s *stream) serve(c *gin.Context) {
	_, s.first = ginauth.Recheck[user](s.ctx(c))
	s.meanwhile()
	s.again = nil
	for range 2 {
		u, err := ginauth.Recheck[user](s.ctx(c))
		s.user, s.again = u, append(s.again, err)
	}
	_, s.current = ginauth.CurrentUser[user](c)
}

func TestAStreamSeesThatItsLoginHasEnded(t *testing.T) {
	t.Parallel()
	s := &stream{}
	app := newApp(t, with(func(cfg *config) {
		cfg.Exclude = append(cfg.Exclude, "/open")
		cfg.RotationGrace = 10 * time.Second
	}), routes(func(r *gin.Engine, cfg config) {
		r.GET("/stream", s.serve)
		r.GET("/open", s.serve)
		r.POST("/reauthenticate", account.Reauthenticate(built.Config(cfg)))
		r.POST("/revoke-all", account.RevokeAllSessions(built.Config(cfg)))
	}))
	app.signUp(t, ada)
	ctxs := map[string]func(*gin.Context) ctx{
		"gin.Context": func(c *gin.Context) ctx { return c },
		"copy":        func(c *gin.Context) ctx { return c.Copy() },
		"net/http":    func(c *gin.Context) ctx { return c.Request.Context() },
	}
	for name, tc := range map[string]struct {
		do   func(other *client, u user)
		want error
		undo func(user)
	}{
		"nothing": {do: func(*client, user) {}},
		"logout":  {do: func(other *client, _ user) { other.post("/logout", "") }, want: ginauth.ErrUnauthenticated},
		"revoked": {do: func(other *client, _ user) { other.post("/revoke-all", "") }, want: ginauth.ErrUnauthenticated},
		"disabled": {
			do: func(_ *client, u user) { mustDo(t, app.db.DisableUser(t.Context(), u.ID)) }, want: ginauth.ErrUnauthenticated,
			undo: func(u user) { mustDo(t, app.db.EnableUser(t.Context(), u.ID)) },
		},
		"idle": {do: func(*client, user) { app.clock.Advance(2 * time.Hour) }, want: ginauth.ErrUnauthenticated},
		"a new token": {do: func(other *client, _ user) {
			other.post("/reauthenticate", `{"password":"correct horse battery staple"}`)
			app.clock.Advance(20 * time.Second) // the grace is over
		}, want: ginauth.ErrUnauthenticated},
	} {
		for kind, of := range ctxs {
			for _, path := range []string{"/stream", "/open"} {
				c := &client{handler: app}
				if w := c.post("/login", adaIn); w.Code != http.StatusOK {
					t.Fatalf("%s: login: %d %s", name, w.Code, w.Body)
				}
				u, err := app.db.FindUserByEmail(t.Context(), "ada@example.com")
				mustDo(t, err)
				other := &client{handler: app, value: c.value}
				s.ctx, s.meanwhile = of, func() { tc.do(other, u) }
				before := len(app.log.Events(driver.TokenReused))
				c.get(path)
				if s.first != nil || !errors.Is(s.again[0], tc.want) || !errors.Is(s.again[1], tc.want) || !errors.Is(s.current, tc.want) {
					t.Errorf("%s, %s on %s: %v, then %v, CurrentUser %v", name, kind, path, s.first, s.again, s.current)
				}
				if tc.want == nil && s.user.ID != u.ID {
					t.Errorf("%s: it is %v", name, s.user)
				}
				if reuse := app.log.Events(driver.TokenReused)[before:]; len(reuse) != 0 {
					t.Errorf("%s: a recheck is taken for theft: %v", name, reuse)
				}
				if name == "a new token" {
					if w := other.get("/user"); w.Code != http.StatusOK {
						t.Errorf("the session with the new token: %d %s", w.Code, w.Body)
					}
				}
				if tc.undo != nil {
					tc.undo(u)
				}
			}
		}
	}
	s.ctx = ctxs["gin.Context"]
	s.meanwhile = func() {}
	if app.send(httptest.NewRequest(http.MethodGet, "/open", nil)); !errors.Is(s.first, ginauth.ErrUnauthenticated) {
		t.Errorf("nobody: %v", s.first)
	}
}

func TestAStreamByAKeySeesThatTheKeyWasRevokedAndAnOutageEndsNoLogin(t *testing.T) {
	t.Parallel()
	s := &stream{ctx: func(c *gin.Context) ctx { return c }}
	app := newApp(t)
	keys := built.Keys(app.cfg, apikey.Options[user]{Prefix: "test_"})
	r := gin.New()
	r.Use(ginauth.Authenticate(built.Config(app.cfg), apikey.Backend(keys), ginauth.SessionAuth(built.Config(app.cfg))))
	r.POST("/keys", apikey.Create(keys))
	r.GET("/stream", ginauth.Require(ginauth.Scope("read")), s.serve)
	ada := app.signUp(t, ada)
	ada.handler = r
	var made struct{ ID, Key string }
	w := ada.post("/keys", `{"name":"mine","scopes":["read"]}`)
	mustDo(t, json.Unmarshal(w.Body.Bytes(), &made))
	request := httptest.NewRequest(http.MethodGet, "/stream", nil)
	request.Header.Set("X-Api-Key", made.Key)
	u, err := app.db.FindUserByEmail(t.Context(), "ada@example.com")
	mustDo(t, err)
	s.meanwhile = func() { mustDo(t, app.db.RevokeAPIKey(t.Context(), u.ID, driver.APIKeyID(made.ID))) }
	r.ServeHTTP(httptest.NewRecorder(), request)
	if s.first != nil || !errors.Is(s.again[0], ginauth.ErrBadCredentials) {
		t.Errorf("%v, then %v", s.first, s.again)
	}

	s.meanwhile = func() { app.exec(t, "ALTER TABLE ginauth.sessions RENAME TO gone") }
	ada.get("/stream")
	app.exec(t, "ALTER TABLE ginauth.gone RENAME TO sessions")
	if s.again[0] == nil || errors.Is(s.again[0], ginauth.ErrUnauthenticated) || s.current != nil {
		t.Errorf("an outage: %v, CurrentUser %v", s.again, s.current)
	}
}

func mustDo(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// SEC-179: a route that names no scopes is as closed to a limited credential by Recheck as by CurrentUser.
func TestARecheckThatIsTheFirstLookAsksForScopes(t *testing.T) {
	t.Parallel()
	for name, ask := range map[string]func(*gin.Context) error{
		"CurrentUser": func(c *gin.Context) error { return second(ginauth.CurrentUser[user](c)) },
		"Recheck":     func(c *gin.Context) error { return second(ginauth.Recheck[user](c)) },
		"twice": func(c *gin.Context) error {
			_, _ = ginauth.Recheck[user](c)
			return second(ginauth.Recheck[user](c))
		},
		"copy":     func(c *gin.Context) error { return second(ginauth.Recheck[user](c.Copy())) },
		"net/http": func(c *gin.Context) error { return second(ginauth.Recheck[user](c.Request.Context())) },
	} {
		for _, scopes := range [][]string{nil, {}, {"x"}} {
			r := gin.New()
			r.Use(ginauth.Authenticate(built.Config(config{Logger: quiet, Exclude: []string{"/open"}}), &keys{scheme: apiKey, find: findKey, scopes: scopes}))
			var got error
			r.GET("/open", func(c *gin.Context) { got = ask(c) })
			ask := httptest.NewRequest(http.MethodGet, "/open", nil)
			ask.Header.Set("X-Api-Key", "ada")
			r.ServeHTTP(httptest.NewRecorder(), ask)
			var p *ginauth.Problem
			if refused := errors.As(got, &p) && p.Code == "insufficient_scope"; refused != (scopes != nil) || got != nil && !refused {
				t.Errorf("%s with the scopes %q: %v", name, scopes, got)
			}
		}
	}
}
