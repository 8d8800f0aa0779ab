package ginauth_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/account"
	"github.com/ginauth/ginauth/ginauth/apikey"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/flow"
	"github.com/ginauth/ginauth/ginauth/internal/built"
	"github.com/ginauth/ginauth/ginauth/jwt"
	"github.com/ginauth/ginauth/ginauth/password"
	"github.com/ginauth/ginauth/store"
)

var errNone = errors.New("it returns no error")

// takers call every exported function that takes a gin.Context, by the name that takersInSource finds.
func takers(cfg config, keys *apikey.Keys[user], u user) map[string]func(*gin.Context) error {
	tokens, ring := tokenOptions(cfg)
	return map[string]func(*gin.Context) error{
		"ginauth.AuditContext": func(c *gin.Context) error { ginauth.AuditContext(c); return errNone },
		"flow.Bind":            func(c *gin.Context) error { return flow.Bind(c, &ginauth.Credentials{}) },
		"flow.BindRegistration": func(c *gin.Context) error {
			return second(flow.BindRegistration(c, built.Config(cfg), &ginauth.Registration{}))
		},
		"flow.CanSignIn":      flow.CanSignIn,
		"ginauth.CurrentAuth": func(c *gin.Context) error { return second(ginauth.CurrentAuth(c)) },
		"flow.CurrentOwner":   func(c *gin.Context) error { return second(flow.CurrentOwner(c, time.Minute)) },
		"ginauth.CurrentUser": func(c *gin.Context) error { return second(ginauth.CurrentUser[user](c)) },
		"ginauth.Fail":        func(c *gin.Context) error { ginauth.Fail(c, errors.New("a fault")); return errNone },
		"flow.ForgetGuesses": func(c *gin.Context) error {
			return flow.ForgetGuesses(c, built.Config(cfg), u)
		},
		"flow.HashNewPassword": func(c *gin.Context) error {
			return second(flow.HashNewPassword(c, built.Config(cfg), "a long and winding road"))
		},
		"account.ListLogins": func(c *gin.Context) error { return second(account.ListLogins(c)) },
		"account.ListEvents": func(c *gin.Context) error { return second(account.ListEvents(c)) },
		"flow.LogEvent": func(c *gin.Context) error {
			flow.LogEvent(c, driver.AccessDenied)
			return errNone
		},
		"flow.PrefersHTML":   func(c *gin.Context) error { flow.PrefersHTML(c); return errNone },
		"ginauth.Recheck":    func(c *gin.Context) error { return second(ginauth.Recheck[user](c)) },
		"flow.KnowBrowser":   func(c *gin.Context) error { return flow.KnowBrowser(c, built.Config(cfg), u) },
		"ginauth.Renew":      ginauth.Renew,
		"flow.Reply":         func(c *gin.Context) error { flow.Reply(c, http.StatusOK, "hello"); return errNone },
		"flow.RequestOrigin": func(c *gin.Context) error { flow.RequestOrigin(c); return errNone },
		"flow.Confirm":       func(c *gin.Context) error { return flow.Confirm(c, driver.ByHardwareKey) },
		"flow.CountGuess": func(c *gin.Context) error {
			return second(flow.CountGuess(c, built.Config(cfg), "otp", u.ID))
		},
		"flow.SignIn":           func(c *gin.Context) error { return flow.SignIn(c, u) },
		"flow.Cookie.Set":       func(c *gin.Context) error { flowCookie(cfg).Set(c, "x", time.Minute); return errNone },
		"flow.Cookie.Clear":     func(c *gin.Context) error { flowCookie(cfg).Clear(c); return errNone },
		"flow.Cookie.Read":      func(c *gin.Context) error { flowCookie(cfg).Read(c); return errNone },
		"ginauth.SessionValues": func(c *gin.Context) error { return second(ginauth.SessionValues(c)) },
		"ginauth.SignIn":        func(c *gin.Context) error { return ginauth.SignIn(c, u) },
		"ginauth.SignOut":       ginauth.SignOut,
		"ginauth.SweepSessions": func(c *gin.Context) error { return second(ginauth.SweepSessions(c, built.Config(cfg))) },
		"flow.Throttle": func(c *gin.Context) error {
			return flow.Throttle(c, built.Config(cfg), "tea", "", ginauth.Limit{PerAddress: []ginauth.Rate{{Attempts: 1000, Per: time.Hour}}})
		},
		"flow.ThrottleBadCredentials": func(c *gin.Context) error {
			return flow.ThrottleBadCredentials(c, built.Config(cfg), ginauth.ErrBadCredentials)
		},
		"flow.VerifyPasswordHash": func(c *gin.Context) error {
			return flow.VerifyPasswordHash(c, built.Config(cfg), u, password.Hash{}, "not the password")
		},
		"flow.VerifyPassword": func(c *gin.Context) error {
			return second(flow.VerifyPassword(c, built.Config(cfg), "ada@example.com", "not the password"))
		},
		"ginauth.sessionAuth.Authenticate": func(c *gin.Context) error {
			return second(ginauth.SessionAuth(built.Config(cfg)).Authenticate(c))
		},
		"apikey.Issue": func(c *gin.Context) error {
			_, _, err := apikey.Issue(c, keys, apikey.Request{Name: "mine", Scopes: []string{"x"}})
			return err
		},
		"apikey.backend.Authenticate": func(c *gin.Context) error {
			return second(apikey.Backend(keys).Authenticate(c))
		},
		"jwt.SignIn": func(c *gin.Context) error {
			issuer := jwt.NewIssuer(jwt.IssuerOptions{Keys: ring, Issuer: "https://example.com", Audiences: []string{"tests"}})
			return second(jwt.SignIn(c, built.Tokens(cfg, jwt.Options[user]{Issuer: issuer}), jwt.InBody, u))
		},
		"jwt.backend.Authenticate": func(c *gin.Context) error {
			return second(jwt.Bearer(built.Config(cfg), tokens).Authenticate(c))
		},
	}
}

func flowCookie(cfg config) flow.Cookie {
	k, _ := flow.NewCookie(built.Config(cfg), "step")
	return k
}

func tokenOptions(cfg config) (jwt.BackendOptions[user], *jwt.Ring) {
	_, private, _ := ed25519.GenerateKey(rand.Reader)
	key, _ := jwt.NewKey("one", private)
	ring, _ := jwt.NewRing(key)
	return jwt.BackendOptions[user]{
		Accept: jwt.Accept{Issuers: []jwt.Trust{{Issuer: "https://example.com", Keys: ring}}, Audiences: []string{"tests"}},
		Users:  cfg.Users.(*store.DB[user]), Stateless: true, //nolint:forcetypeassert,errcheck // the kit's
	}, ring
}

// takersInSource are the exported functions and methods of ginauth/... that take a *gin.Context, and those of
// packages ginauth, flow and account that take a context.Context, for which a *gin.Context will do.
func takersInSource(t *testing.T) (found []string) {
	t.Helper()
	walk := func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == "internal" || entry.Name() == "ginauthtest"):
			return filepath.SkipDir
		case entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, declared := range file.Decls {
			if f, ok := declared.(*ast.FuncDecl); ok && f.Name.IsExported() && takesContext(f, file.Name.Name) {
				found = append(found, file.Name.Name+"."+receiver(f)+f.Name.Name)
			}
		}
		return nil
	}
	if err := filepath.WalkDir(".", walk); err != nil {
		t.Fatal(err)
	}
	slices.Sort(found)
	return found
}

func takesContext(f *ast.FuncDecl, pkg string) bool {
	return slices.ContainsFunc(f.Type.Params.List, func(p *ast.Field) bool {
		text := types.ExprString(p.Type)
		return text == "*gin.Context" || text == "context.Context" && (pkg == "ginauth" || pkg == "flow" || pkg == "account") && f.Recv == nil
	})
}

func receiver(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return ""
	}
	name, _, _ := strings.Cut(strings.TrimPrefix(types.ExprString(f.Recv.List[0].Type), "*"), "[")
	return name + "."
}

// SEC-188
func TestNothingThatTakesAContextPanicsOrBlocks(t *testing.T) {
	t.Parallel()
	const over = "a request that is over"
	situations := map[string]func(c *gin.Context, call func(*gin.Context)) (after func()){
		"a copy": func(c *gin.Context, call func(*gin.Context)) func() {
			call(c.Copy())
			return nil
		},
		"a copy that outlives its request": func(c *gin.Context, call func(*gin.Context)) func() {
			cp := c.Copy()
			return func() { call(cp) }
		},
		"a copy without a writer": func(c *gin.Context, call func(*gin.Context)) func() {
			cp := c.Copy()
			cp.Writer = nil
			call(cp)
			return nil
		},
		"a context without a writer": func(c *gin.Context, call func(*gin.Context)) func() {
			call(&gin.Context{Request: c.Request.WithContext(context.Background())})
			return nil
		},
		"a context without anything": func(_ *gin.Context, call func(*gin.Context)) func() {
			call(&gin.Context{})
			return nil
		},
		over: func(c *gin.Context, call func(*gin.Context)) func() {
			return func() { call(c) }
		},
		"an inner context that has ended": func(c *gin.Context, call func(*gin.Context)) func() {
			inner, cancel := context.WithCancel(c.Request.Context())
			cancel()
			c.Request = c.Request.WithContext(inner)
			call(c)
			return nil
		},
	}
	var run func(*gin.Context) // what the next request does
	a := newApp(t)
	r := gin.New()
	r.GET("/open", func(c *gin.Context) { run(c) }) // outside of Session
	a.cfg.Exclude = []string{"/excluded"}           // nothing is known of the user there before somebody asks
	keys := built.Keys(a.cfg, apikey.Options[user]{Prefix: "test_"})
	r.Use(ginauth.Authenticate(built.Config(a.cfg), apikey.Backend(keys), ginauth.SessionAuth(built.Config(a.cfg))))
	r.GET("/excluded", func(c *gin.Context) { run(c) })
	r.GET("/protected", func(c *gin.Context) { run(c) })
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	ada := a.signUp(t, ada)
	found, err := a.db.FindUserByEmail(t.Context(), "ada@example.com")
	if err != nil {
		t.Fatal(err)
	}
	rows := takers(a.cfg, keys, found)
	if got, want := slices.Sorted(maps.Keys(rows)), takersInSource(t); !slices.Equal(got, want) {
		t.Fatalf("the rows are not what the source has: %s", cmp.Diff(want, got))
	}

	for situation, in := range situations {
		for name, take := range rows {
			for _, to := range []struct{ path, key string }{{path: "/open"}, {path: "/excluded"}, {"/excluded", "test_bad"}, {path: "/protected"}} {
				if situation == over && to.path == "/open" {
					continue // nobody knows there, and Gin forbids it
				}
				ran, after := false, func() {}
				run = func(c *gin.Context) {
					ran = true
					if later := in(c, bounded(t, fmt.Sprintf("%s with %s on %v", name, situation, to), take)); later != nil {
						after = later
					}
				}
				visit(t, server, to.path, to.key, ada.value)
				after()
				if !ran {
					t.Fatalf("%s with %s: the session ended before %v", name, situation, to)
				}
			}
		}
	}
}

// What changes the answer is refused with a copy, which has none; what only asks works.
func TestACopyAsksAndChangesNothing(t *testing.T) {
	t.Parallel()
	a := newApp(t, routes(func(r *gin.Engine, cfg config) {
		r.POST("/copy", func(c *gin.Context) {
			cp, results := c.Copy(), map[string]error{}
			done := make(chan struct{})
			go func() {
				defer close(done)
				u, err := ginauth.CurrentUser[user](cp)
				results["CurrentUser"] = err
				results["SignIn"], results["SignOut"], results["Renew"] = ginauth.SignIn(cp, u), ginauth.SignOut(cp), ginauth.Renew(cp)
				results["CanSignIn"], results["KnowBrowser"] = flow.CanSignIn(cp), flow.KnowBrowser(cp, built.Config(cfg), u)
				ginauth.Fail(cp, ginauth.ErrForbidden)
				flow.Reply(cp, http.StatusTeapot, "a copy")
				ginauth.Logout(built.Config(cfg))(cp)
				ginauth.Me(built.Config(cfg))(cp)
			}()
			<-done
			for name, err := range results {
				if refused := errors.Is(err, ginauth.ErrNotMounted); refused == (name == "CurrentUser") {
					t.Errorf("%s on a copy: %v", name, err)
				}
			}
			c.String(http.StatusOK, "the handler's own")
		})
	}))
	ada := a.signUp(t, ada)
	if w := ada.post("/copy", ""); w.Code != http.StatusOK || w.Body.String() != "the handler's own" || w.Header().Get("Set-Cookie") != "" {
		t.Errorf("%d %s %v", w.Code, w.Body, w.Header())
	}
	if w := ada.get("/user"); w.Code != http.StatusOK {
		t.Errorf("afterwards: %d", w.Code)
	}
}

// bounded reports a panic of take, and when it does not return.
func bounded(t *testing.T, what string, take func(*gin.Context) error) func(*gin.Context) {
	t.Helper()
	return func(c *gin.Context) {
		end := make(chan error, 1)
		go func() {
			defer func() {
				if p := recover(); p != nil {
					end <- fmt.Errorf("panic: %v\n%s", p, debug.Stack())
				}
			}()
			_ = take(c)
			end <- nil
		}()
		select {
		case err := <-end:
			if err != nil {
				t.Errorf("%s: %v", what, err)
			}
		case <-time.After(time.Minute):
			t.Errorf("%s does not return", what)
		}
	}
}

func visit(t *testing.T, server *httptest.Server, path, key, token string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.AddCookie(&http.Cookie{Name: cookie, Value: token})
	if key != "" {
		r.Header.Set("X-Api-Key", key)
	}
	answer, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, answer.Body)
	_ = answer.Body.Close()
}
