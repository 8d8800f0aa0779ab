package ginauthtest_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/apikey"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/flow"
	"github.com/ginauth/ginauth/ginauth/ginauthtest"
	"github.com/ginauth/ginauth/store/memory"
)

const session = "__Host-session"

func show(c *gin.Context) { c.String(http.StatusOK, "something for users") }

// broken are routers with one fault each.
var broken = map[string]struct {
	breaks  string // the requirement
	at      string // what the finding names
	build   func(ginauthtest.Kit[User]) *gin.Engine
	options []ginauthtest.Option
}{
	"a guard was forgotten": {"ASVS-8.2.1", "GET /reports/:id", with(before(func(r *gin.Engine, cfg *ginauth.Config[User]) {
		r.GET("/reports", ginauth.Session(cfg), show)
		r.GET("/reports/:id", show)
	})), nil},
	"a route stands before Session": {"ASVS-8.2.1", "POST /import", with(before(func(r *gin.Engine, _ *ginauth.Config[User]) { r.POST("/import", show) })), nil},
	"too much is excluded":          {"ASVS-8.2.1", "GET /admin/users", with(options(func(o *ginauth.Options[User]) { o.Exclude = []string{"/admin/*any"} }), handles(http.MethodGet, "/admin/users", show)), nil},
	"any cookie is good enough": {"ASVS-7.2.1", "GET /quick", with(before(func(r *gin.Engine, _ *ginauth.Config[User]) {
		r.GET("/quick", func(c *gin.Context) {
			if _, err := c.Cookie(session); err != nil {
				ginauth.Fail(c, ginauth.ErrUnauthenticated)
			}
		}, private, show)
	})), nil},
	"the token comes in the URL": {"ASVS-14.2.1", "GET /page", with(middleware(func(c *gin.Context) {
		if token := c.Query("token"); token != "" {
			c.Request.AddCookie(&http.Cookie{Name: session, Value: token})
		}
	})), nil},
	"the guard compares the text of the path": {"ASVS-8.3.1", "GET /vault", with(before(func(r *gin.Engine, cfg *ginauth.Config[User]) {
		guard := ginauth.Session(cfg)
		r.RemoveExtraSlash = true
		r.Use(func(c *gin.Context) {
			if c.Request.URL.Path == "/vault" {
				guard(c)
			}
		})
		r.GET("/vault", private, show)
	})), nil},
	"the app's own login keeps the token": {"ASVS-7.2.4", "POST /login", with(login(func(k ginauthtest.Kit[User], c *gin.Context, u User) {
		token, _ := driver.ParseToken(cookieOf(c))
		if cookieOf(c) == "" {
			token = driver.NewToken()
		}
		keep, _ := k.Options.Users.(driver.Sessions)
		_ = keep.DeleteSession(c, token.Digest())
		_, _ = keep.CreateSession(c, driver.NewSession{Digest: token.Digest(), UserID: u.ID, Authenticated: true, Lifetime: 24 * time.Hour, IdleTimeout: time.Hour})
		http.SetCookie(c.Writer, &http.Cookie{Name: session, Value: token.Reveal(), Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	})), nil},
	"the app's own login leaves the token of before good": {"ASVS-7.2.4", "POST /login leaves the token", with(login(func(k ginauthtest.Kit[User], c *gin.Context, u User) {
		token := driver.NewToken()
		keep, _ := k.Options.Users.(driver.Sessions)
		_, _ = keep.CreateSession(c, driver.NewSession{Digest: token.Digest(), UserID: u.ID, Authenticated: true, Lifetime: 24 * time.Hour, IdleTimeout: time.Hour})
		http.SetCookie(c.Writer, &http.Cookie{Name: session, Value: token.Reveal(), Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	})), nil},
	"the mailed link says who has an account": {"ASVS-6.3.8", "POST /forgot", with(func(h *homes) { h.tells = "/forgot" }), nil},
	"the login says who has an account":       {"ASVS-6.3.8", "POST /login", with(func(h *homes) { h.tells = "/login" }), nil},
	"the login goes wherever next says": {"ASVS-3.7.2", "POST /login", with(login(func(_ ginauthtest.Kit[User], c *gin.Context, u User) {
		if err := ginauth.SignIn(c, u); err != nil {
			ginauth.Fail(c, err)
			return
		}
		if next := c.Query("next"); next != "" {
			c.Redirect(http.StatusSeeOther, next)
		}
	})), nil},
	"the origin is not checked": {"ASVS-3.5.1", "POST /notes", with(options(func(o *ginauth.Options[User]) { o.SkipOriginCheck = []string{"POST /notes"} })), nil},
	"the origin is checked for JSON alone": {"ASVS-3.5.2", "POST /notes", with(options(func(o *ginauth.Options[User]) { o.SkipOriginCheck = []string{"POST /notes"} }), middleware(func(c *gin.Context) {
		if c.ContentType() == "application/json" && c.GetHeader("Origin") != "https://example.com" && c.Request.Method != http.MethodGet {
			ginauth.Fail(c, ginauth.ErrCrossOrigin)
		}
	})), nil},
	"a GET logs out": {"ASVS-3.5.3", "GET /leave ends the session", with(handles(http.MethodGet, "/leave", func(c *gin.Context) { _ = ginauth.SignOut(c) })), nil},
	"a GET writes": {"ASVS-3.5.3", "GET /visit changes the account", with(func(h *homes) {
		h.after = append(h.after, func(r *gin.Engine, k ginauthtest.Kit[User], _ *ginauth.Config[User]) {
			users, _ := k.Options.Users.(driver.Accounts[User])
			r.GET("/visit", ginauth.With(func(c *gin.Context, u User) {
				name := u.Name + "!"
				_, _ = users.UpdateUser(c, u.ID, &name, func(*User) error { return nil })
			}))
		})
	}), nil},
	"a GET writes to a table of the app": {"ASVS-3.5.3", "GET /visit writes to the app's tables", with(func(h *homes) {
		h.after = append(h.after, func(r *gin.Engine, k ginauthtest.Kit[User], _ *ginauth.Config[User]) {
			_, err := k.Pool.Exec(context.Background(), `CREATE TABLE visits (at timestamptz)`)
			if err != nil {
				panic(err)
			}
			r.GET("/visit", ginauth.With(func(c *gin.Context, _ User) { _, _ = k.Pool.Exec(c, `INSERT INTO visits VALUES (now())`) }))
		})
	}), []ginauthtest.Option{}},
	"an answer is cached": {"ASVS-14.3.2", "GET /report", with(handles(http.MethodGet, "/report", func(c *gin.Context) {
		c.Header("Cache-Control", "public, max-age=600")
		show(c)
	})), nil},
	"every origin may read, without credentials": {"ASVS-3.4.2", "lets every origin read", with(middleware(func(c *gin.Context) { c.Header("Access-Control-Allow-Origin", "*") })), nil},
	"every origin may read": {"ASVS-3.4.2", "lets https://evil.example read", with(middleware(func(c *gin.Context) {
		if origin := c.GetHeader("Origin"); origin != "" {
			c.Header("Access-Control-Allow-Origin", origin)
			c.Header("Access-Control-Allow-Credentials", "true")
		}
	})), nil},
	"the body says whose account it is": {"ASVS-8.2.2", "POST /rename changes the account of another user", with(func(h *homes) {
		h.after = append(h.after, func(r *gin.Engine, k ginauthtest.Kit[User], _ *ginauth.Config[User]) {
			users, _ := k.Options.Users.(driver.Accounts[User])
			r.POST("/rename", ginauth.With(func(c *gin.Context, _ User) {
				var form struct {
					UserID driver.UserID `json:"user_id"`
				}
				_ = c.ShouldBindJSON(&form)
				name := "changed"
				_, _ = users.UpdateUser(c, form.UserID, &name, func(*User) error { return nil })
			}))
		})
	}), nil},
	"the query says whose account it is": {"ASVS-8.2.2", "GET /profile shows the address of another user", with(func(h *homes) {
		h.after = append(h.after, func(r *gin.Engine, k ginauthtest.Kit[User], _ *ginauth.Config[User]) {
			r.GET("/profile", ginauth.With(func(c *gin.Context, _ User) {
				u, _ := k.Options.Users.FindUser(c, driver.UserID(c.Query("uid")))
				c.JSON(http.StatusOK, u)
			}))
		})
	}), nil},
	"scopes are ignored": {"ASVS-10.3.2", "GET /page", func(k ginauthtest.Kit[User]) *gin.Engine {
		cfg := k.New(k.Options)
		keys := k.Keys(apikey.Options[User]{})
		r := gin.New()
		r.Use(ginauth.Authenticate[User](cfg, allMighty{apikey.Backend(keys)}, ginauth.SessionAuth(cfg)))
		furnish(r, k, cfg, keys)
		return r
	}, nil},
	"the logout drops the cookie alone": {"ASVS-7.4.1", "after POST /logout", with(func(h *homes) {
		h.logout = func(c *gin.Context) {
			http.SetCookie(c.Writer, &http.Cookie{Name: session, MaxAge: -1, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
		}
	}), nil},
	"a cache forgets no session": {"ASVS-7.4.5", "GET /cached", with(cached(func(c *gin.Context) { // but those that log out
		if c.FullPath() == "/logout" {
			known.Delete(cookieOf(c))
		}
	})), nil},
	"a disabled user is still in": {"ASVS-7.4.2", "a session of a user who was disabled", with(), []ginauthtest.Option{ginauthtest.Users(func(now func() time.Time) driver.Users[User] {
		return &lax{Store: memory.New(memory.Options[User]{Now: now})}
	})}},
	"a deleted user is still in": {"ASVS-7.4.2", "a session of a user who was deleted", with(), []ginauthtest.Option{ginauthtest.Users(func(now func() time.Time) driver.Users[User] {
		return &softly{memory.New(memory.Options[User]{Now: now})}
	})}},
	"a session never grows old": {"ASVS-7.3.2", "a session older than", with(), []ginauthtest.Option{ginauthtest.Users(func(now func() time.Time) driver.Users[User] {
		return &eternal{Store: memory.New(memory.Options[User]{Now: now})}
	})}},
	"a session never idles": {"ASVS-7.3.1", "a session that was not used", with(), []ginauthtest.Option{ginauthtest.Users(func(now func() time.Time) driver.Users[User] {
		return &tireless{Store: memory.New(memory.Options[User]{Now: now})}
	})}},
	"a cookie is not Secure": {"ASVS-3.3.1", "the cookie __Host-session is not Secure", with(cookieWithout("; Secure")), nil},
	"a cookie has no prefix": {"ASVS-3.3.1", "the cookie theme has neither the prefix", with(middleware(func(c *gin.Context) {
		http.SetCookie(c.Writer, &http.Cookie{Name: "theme", Value: "dark", Secure: true, SameSite: http.SameSiteLaxMode})
	})), nil},
	"a cookie has no SameSite": {"ASVS-3.3.2", "the cookie __Host-session has neither", with(cookieWithout("; SameSite=Lax")), nil},
	"scripts read the cookie":  {"ASVS-3.3.4", "the cookie __Host-session is not HttpOnly", with(cookieWithout("; HttpOnly")), nil},
	"a page has the token":     {"ASVS-3.3.4", "GET /debug has the session token in its body", with(handles(http.MethodGet, "/debug", func(c *gin.Context) { c.String(http.StatusOK, cookieOf(c)) })), nil},
	"an outage logs out": {"ASVS-16.5.3", "GET /user changes the cookie", with(middleware(func(c *gin.Context) {
		c.Writer = &forgetful{c.Writer}
	})), nil},
	"an outage lets in": {"ASVS-16.5.3", "GET /feed", with(before(func(r *gin.Engine, cfg *ginauth.Config[User]) {
		o := cfg.Options()
		o.Exclude = []string{"GET /feed"}
		open, err := ginauth.New(o)
		if err != nil {
			panic(err)
		}
		r.GET("/feed", ginauth.Session(open), func(c *gin.Context) {
			if _, err := ginauth.CurrentUser[User](c); errors.Is(err, ginauth.ErrUnauthenticated) {
				ginauth.Fail(c, err)
				return
			}
			show(c)
		})
	})), nil},
}

func TestConformanceFindsEachFaultAndNothingElse(t *testing.T) {
	t.Parallel()
	for name, b := range broken {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			on := b.options
			if on == nil {
				on = []ginauthtest.Option{ginauthtest.InMemory()}
			}
			report := ginauthtest.Examine(t, ginauthtest.New(t, b.build, on...), ginauthtest.Public("POST /login"))
			seen := false
			for _, r := range report.Requirements {
				for _, finding := range r.Findings {
					if r.ID != b.breaks {
						t.Errorf("%s: %s", r.ID, finding)
					}
					seen = seen || strings.Contains(finding, b.at)
				}
			}
			if !seen {
				t.Errorf("%s does not find %q", b.breaks, b.at)
			}
		})
	}
}

// A check that finds nothing in any router would be worthless.
func TestEachRequirementHasARouterThatBreaksIt(t *testing.T) {
	t.Parallel()
	for _, r := range ginauthtest.Examine(t, ginauthtest.New(t, house, ginauthtest.InMemory())).Requirements {
		found := false
		for _, b := range broken {
			found = found || b.breaks == r.ID
		}
		if !found {
			t.Errorf("no router breaks %s", r.ID)
		}
	}
}

// homes is house with changes.
type homes struct {
	options []func(*ginauth.Options[User])
	before  []func(*gin.Engine, *ginauth.Config[User])
	use     []gin.HandlerFunc
	login   func(ginauthtest.Kit[User], *gin.Context, User)
	logout  gin.HandlerFunc
	tells   string // a path
	after   []func(*gin.Engine, ginauthtest.Kit[User], *ginauth.Config[User])
}

type change = func(*homes)

func options(edit func(*ginauth.Options[User])) change {
	return func(h *homes) { h.options = append(h.options, edit) }
}

func before(add func(*gin.Engine, *ginauth.Config[User])) change {
	return func(h *homes) { h.before = append(h.before, add) }
}

func middleware(m gin.HandlerFunc) change { return func(h *homes) { h.use = append(h.use, m) } }

func login(answer func(ginauthtest.Kit[User], *gin.Context, User)) change {
	return func(h *homes) { h.login = answer }
}

func handles(method, path string, handler gin.HandlerFunc) change {
	return func(h *homes) {
		h.after = append(h.after, func(r *gin.Engine, _ ginauthtest.Kit[User], _ *ginauth.Config[User]) { r.Handle(method, path, handler) })
	}
}

func with(changes ...change) func(ginauthtest.Kit[User]) *gin.Engine {
	var h homes
	for _, edit := range changes {
		edit(&h)
	}
	return func(k ginauthtest.Kit[User]) *gin.Engine {
		o := k.Options
		for _, edit := range h.options {
			edit(&o)
		}
		if h.login != nil || h.tells != "" {
			o.Exclude = append(o.Exclude, "POST "+cmp.Or(h.tells, "/login"))
		}
		cfg := k.New(o)
		keys := k.Keys(apikey.Options[User]{})
		r := gin.New()
		for _, add := range h.before {
			add(r, cfg)
		}
		r.Use(h.use...)
		r.Use(ginauth.Authenticate(cfg, apikey.Backend(keys), ginauth.SessionAuth(cfg)))
		if h.tells != "" {
			r.Use(tells(k, h.tells))
		}
		h.furnish(r, k, cfg, keys)
		for _, add := range h.after {
			add(r, k, cfg)
		}
		return r
	}
}

// furnish mounts the routes of house but for those that the app has of its own.
func (h *homes) furnish(r *gin.Engine, k ginauthtest.Kit[User], cfg *ginauth.Config[User], keys *apikey.Keys[User]) {
	if h.login == nil && h.logout == nil {
		furnish(r, k, cfg, keys)
		return
	}
	r.POST("/signup", ginauth.SignUp(cfg))
	r.GET("/user", ginauth.Require(ginauth.AnyScope()), ginauth.Me(cfg))
	r.GET("/page", ginauth.With(func(c *gin.Context, u User) { c.String(http.StatusOK, u.Name) }))
	if h.logout == nil {
		r.POST("/logout", ginauth.Logout(cfg))
	} else {
		r.POST("/logout", h.logout)
	}
	if h.login == nil {
		r.POST("/login", ginauth.Login(cfg))
		return
	}
	r.POST("/login", func(c *gin.Context) {
		var form ginauth.Credentials
		if err := flow.Bind(c, &form); err != nil {
			ginauth.Fail(c, err)
			return
		}
		u, err := flow.VerifyPassword(c, cfg, form.Email, form.Password)
		if err != nil {
			ginauth.Fail(c, err)
			return
		}
		h.login(k, c, u)
	})
}

func cookieOf(c *gin.Context) string {
	value, _ := c.Cookie(session)
	return value
}

// private marks an answer of a route outside of Session.
func private(c *gin.Context) { c.Header("Cache-Control", "no-store") }

// tells answers an unknown user itself.
func tells(k ginauthtest.Kit[User], path string) gin.HandlerFunc {
	return func(c *gin.Context) {
		if c.FullPath() != path {
			return
		}
		body, _ := io.ReadAll(c.Request.Body)
		c.Request.Body = io.NopCloser(bytes.NewReader(body))
		var form struct{ Email string }
		_ = json.Unmarshal(body, &form)
		if _, _, err := k.Options.Users.FindCredential(c, form.Email); errors.Is(err, driver.ErrNoUser) {
			c.AbortWithStatus(http.StatusNotFound)
		}
	}
}

// cookieWithout takes an attribute off all cookies.
func cookieWithout(attribute string) change {
	return middleware(func(c *gin.Context) { c.Writer = &cutter{c.Writer, attribute} })
}

type cutter struct {
	gin.ResponseWriter
	attribute string
}

func (w *cutter) cut() {
	for i, k := range w.Header()["Set-Cookie"] {
		w.Header()["Set-Cookie"][i] = strings.ReplaceAll(k, w.attribute, "")
	}
}

func (w *cutter) WriteHeader(code int) {
	w.cut()
	w.ResponseWriter.WriteHeader(code)
}

func (w *cutter) WriteHeaderNow() {
	w.cut()
	w.ResponseWriter.WriteHeaderNow()
}

func (w *cutter) Write(b []byte) (int, error) {
	w.cut()
	return w.ResponseWriter.Write(b)
}

// forgetful clears the cookie with every answer that something is away.
type forgetful struct{ gin.ResponseWriter }

func (w *forgetful) WriteHeader(code int) {
	if code == http.StatusServiceUnavailable {
		http.SetCookie(w, &http.Cookie{Name: session, MaxAge: -1, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	}
	w.ResponseWriter.WriteHeader(code)
}

// known are cookies for which cached has asked once.
var known sync.Map

// cached is a guard that asks the store once for each cookie.
func cached(forget gin.HandlerFunc) change {
	return before(func(r *gin.Engine, cfg *ginauth.Config[User]) {
		guard := ginauth.Session(cfg)
		r.Use(forget)
		r.GET("/cached", func(c *gin.Context) {
			if _, ok := known.Load(cookieOf(c)); ok {
				return
			}
			guard(c)
			if !c.IsAborted() {
				known.Store(cookieOf(c), true)
			}
		}, private, show)
	})
}

// allMighty is a backend that forgets the scopes.
type allMighty struct{ ginauth.Backend[User] }

func (b allMighty) Authenticate(c *gin.Context) (ginauth.Principal[User], error) {
	p, err := b.Backend.Authenticate(c)
	p.Scopes = nil
	return p, err
}

func (b allMighty) Scheme() ginauth.Scheme {
	s := b.Backend.Scheme()
	s.Scoped = false
	return s
}

// lax keeps who is disabled in a place that nothing reads.
type lax struct {
	*memory.Store[User]
	off sync.Map
}

func (l *lax) DisableUser(_ context.Context, id driver.UserID) error {
	l.off.Store(id, true)
	return nil
}

// softly marks who is deleted in a place that nothing reads.
type softly struct{ *memory.Store[User] }

func (*softly) DeleteUser(context.Context, driver.UserID) error { return nil }

// eternal gives a session no end, as long as it is used.
type eternal struct{ *memory.Store[User] }

func (e *eternal) CreateSession(ctx context.Context, n driver.NewSession) (driver.Session, error) {
	n.Lifetime = 100 * 365 * 24 * time.Hour
	return e.Store.CreateSession(ctx, n)
}

// tireless lets no session end for want of use.
type tireless struct{ *memory.Store[User] }

func (e *tireless) CreateSession(ctx context.Context, n driver.NewSession) (driver.Session, error) {
	n.IdleTimeout = n.Lifetime
	return e.Store.CreateSession(ctx, n)
}
