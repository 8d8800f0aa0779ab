package ginauth_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/account"
	"github.com/ginauth/ginauth/ginauth/internal/built"
)

// proved is findKey for users of whom some are verified.
func proved(key string) (user, error) {
	u, err := findKey(key)
	if err == nil && key == "verified" {
		at := time.Now()
		u.VerifiedAt = &at
	}
	return u, err
}

// policed is a router with every kind of route.
func policed(t *testing.T, policy ginauth.Unverified) (app *app, ran *atomic.Int64) {
	t.Helper()
	ran = &atomic.Int64{}
	own := func(c *gin.Context) { ran.Add(1); c.Status(http.StatusNoContent) }
	app = newApp(t)
	cfg := app.cfg
	cfg.Exclude, cfg.Unverified = append(cfg.Exclude, "/open", "/open/*rest"), policy
	if policy != ginauth.UnverifiedAllowed {
		cfg.UnverifiedMay = []string{"POST /may", "/below/*any"}
	}
	r := api(cfg, &keys{scheme: apiKey, find: proved}, &keys{scheme: bearer, find: proved}, ginauth.SessionAuth(built.Config(cfg)))
	for _, path := range []string{"/thing", "/may", "/below/a", "/open"} {
		r.Any(path, own)
	}
	r.Any("/strict", ginauth.Require(ginauth.Verified()), own)
	r.Any("/open/required", ginauth.Require(), own)
	r.Any("/open/with", ginauth.With(func(c *gin.Context, _ user) { own(c) }))
	r.POST("/open/profile", account.UpdateProfile(built.Config(cfg)))
	r.GET("/user", ginauth.Me(built.Config(cfg)))
	r.GET("/sessions", account.Sessions(built.Config(cfg)))
	r.GET("/events", account.Events(built.Config(cfg)))
	r.DELETE("/sessions/:id", account.RevokeSession(built.Config(cfg)))
	r.POST("/sessions/revoke", account.RevokeOtherSessions(built.Config(cfg)))
	r.POST("/logout", ginauth.Logout(built.Config(cfg)))
	r.POST("/password/change", account.ChangePassword(built.Config(cfg)))
	r.POST("/password", account.SetPassword(built.Config(cfg)))
	r.POST("/reauthenticate", account.Reauthenticate(built.Config(cfg)))
	r.GET("/export", account.ExportAccount(built.Config(cfg)))
	r.DELETE("/user", account.DeleteAccount(built.Config(cfg)))
	r.DELETE("/user/later", account.DeleteAccountAfter(built.Config(cfg), time.Hour))
	r.PATCH("/user", account.UpdateProfile(built.Config(cfg)))
	r.NoRoute(own)
	app.Engine = r
	return app, ran
}

// decisions are what the policy says to users who are not verified: y is yes, n is no, for UnverifiedAllowed,
// UnverifiedReadOnly and UnverifiedRefused.
var decisions = map[string]string{
	"GET /thing": "yyn", "HEAD /thing": "yyn", "OPTIONS /thing": "yyn",
	"POST /thing": "ynn", "PUT /thing": "ynn", "PATCH /thing": "ynn", "DELETE /thing": "ynn",
	"CONNECT /thing": "ynn", "TRACE /thing": "ynn",
	"POST /may": "yyy", "GET /may": "yyn", "PUT /may": "ynn", "DELETE /below/a": "yyy", "GET /below/a": "yyy",
	"GET /strict": "nnn", "POST /strict": "nnn",
	"POST /open": "yyy", "POST /open/required": "ynn", "GET /open/required": "yyn",
	"POST /open/with": "ynn", "GET /open/with": "yyn", "POST /open/profile": "ynn",
	"GET /nowhere": "yyn", "POST /nowhere": "ynn",
	"GET /user": "yyy", "GET /sessions": "yyy", "GET /events": "yyy", "DELETE /sessions/x": "yyy", "POST /sessions/revoke": "yyy", "POST /logout": "yyy",
	"POST /password/change": "yyy", "POST /password": "yyy", "POST /reauthenticate": "yyy", "GET /export": "yyy",
	"PATCH /user": "ynn", "DELETE /user": "yyy", "DELETE /user/later": "yyy",
}

func TestUnverifiedUsersMayWhatThePolicySays(t *testing.T) { // SEC-171, SEC-172
	t.Parallel()
	for policy := ginauth.UnverifiedAllowed; policy <= ginauth.UnverifiedRefused; policy++ {
		t.Run(fmt.Sprint(policy), func(t *testing.T) {
			t.Parallel()
			app, ran := policed(t, policy)
			for call, answers := range decisions {
				method, path, _ := strings.Cut(call, " ")
				for _, who := range []string{"somebody", "verified"} {
					for via, credential := range map[string]func(*http.Request){
						"key": header("X-API-Key", who), "token": header("Authorization", "Bearer "+who),
					} {
						ran.Store(0)
						w := ask(app, method, path, credential)
						refused := w.Code == http.StatusForbidden && (method == http.MethodHead || strings.Contains(w.Body.String(), `"code":"not_verified"`))
						if want := who == "somebody" && answers[policy] == 'n'; refused != want || refused && ran.Load() != 0 {
							t.Errorf("%s, %s by %s: %d %s, refused %v; the handler ran %d times", call, who, via, w.Code, w.Body, refused, ran.Load())
						}
					}
				}
				if w := ask(app, method, path); strings.Contains(w.Body.String(), "not_verified") || w.Code == http.StatusForbidden {
					t.Errorf("%s, nobody: %d %s", call, w.Code, w.Body)
				}
			}
		})
	}
}

func TestUnverifiedSessionsMayWhatThePolicySays(t *testing.T) { // SEC-173
	t.Parallel()
	for policy := ginauth.UnverifiedAllowed; policy <= ginauth.UnverifiedRefused; policy++ {
		app, _ := policed(t, policy)
		for _, verified := range []bool{false, true} {
			for call, answers := range decisions {
				app.exec(t, `DELETE FROM ginauth.users`)
				signUp := ask(signUpOf(app), http.MethodPost, "/signup", func(r *http.Request) { *r = *jsonRequest("/signup", ada) })
				c := &client{handler: app, value: signUp.Result().Cookies()[0].Value}
				if verified {
					app.exec(t, `UPDATE ginauth.users SET verified_at = now()`) // counts at the next request
				}
				method, path, _ := strings.Cut(call, " ")
				r, _ := http.NewRequest(method, path, strings.NewReader(`{}`))
				r.Header.Set("Content-Type", "application/json")
				w := c.do(r)
				refused := w.Code == http.StatusForbidden && (method == http.MethodHead || strings.Contains(w.Body.String(), `"code":"not_verified"`))
				if want := !verified && answers[policy] == 'n'; refused != want {
					t.Errorf("%v, %s, verified %v: %d %s", policy, call, verified, w.Code, w.Body)
				}
			}
		}
	}
}

// signUpOf is a router with the same sessions, to sign up.
func signUpOf(a *app) *gin.Engine {
	r := gin.New()
	r.Use(ginauth.Session(built.Config(a.cfg)))
	r.POST("/signup", ginauth.SignUp(built.Config(a.cfg)))
	return r
}

func TestAGroupMayHaveAStricterPolicy(t *testing.T) {
	t.Parallel()
	app := newApp(t, routes(func(r *gin.Engine, cfg config) {
		r.POST("/comments", func(*gin.Context) {})
		cfg.Unverified = ginauth.UnverifiedRefused
		cfg.Exclude = append(cfg.Exclude, "/posts/open/*rest")
		posts := r.Group("/posts", ginauth.Session(built.Config(cfg)))
		posts.POST("", func(*gin.Context) {})
		posts.POST("/open/required", ginauth.Require(), func(*gin.Context) {})
		posts.POST("/open/with", ginauth.With(func(*gin.Context, user) {}))
		posts.POST("/open/profile", account.UpdateProfile(built.Config(cfg)))
	}), with(func(cfg *config) { cfg.Exclude = append(cfg.Exclude, "/posts/open/*rest") }))
	c := app.signUp(t, ada)
	if w := c.post("/comments", "{}"); w.Code != http.StatusOK {
		t.Errorf("outside: %d %s", w.Code, w.Body)
	}
	if w := c.post("/posts", "{}"); problemIn(t, w).Code != "not_verified" {
		t.Errorf("inside: %d %s", w.Code, w.Body)
	}
	denied := app.log.Events("authz_fail") // SEC-161
	if len(denied) != 1 || denied[0]["guard"] != "verified" || denied[0]["route"] != "/posts" || denied[0]["user_id"] == "" || denied[0]["via"] != "sessionCookie" {
		t.Errorf("events %v", denied)
	}
	for _, path := range []string{"required", "with", "profile"} {
		if w := c.post("/posts/open/"+path, `{"name":"Ada"}`); problemIn(t, w).Code != "not_verified" {
			t.Errorf("excluded, %s: %d %s", path, w.Code, w.Body)
		}
	}
}

func TestAPolicyThatMeansNothingFailsAtConstruction(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*config){
		"Unverified must be":              func(cfg *config) { cfg.Unverified = 3 },
		"Unverified must be Unverified":   func(cfg *config) { cfg.Unverified = -1 },
		"UnverifiedMay: the Exclude rule": func(cfg *config) { cfg.Unverified, cfg.UnverifiedMay = ginauth.UnverifiedRefused, []string{"may"} },
		"UnverifiedMay has no effect":     func(cfg *config) { cfg.UnverifiedMay = []string{"/may"} },
	} {
		cfg := config{Users: newUnusedDB()}
		change(&cfg)
		if _, err := ginauth.New(cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %q", err, want)
		}
	}
	app := newApp(t, with(func(cfg *config) {
		cfg.Unverified, cfg.UnverifiedMay = ginauth.UnverifiedRefused, []string{"/user", "/typo"}
	}))
	if err := ginauth.CheckRoutes(app.Engine); err == nil || err.Error() != `the UnverifiedMay rule "/typo" matches no route: correct or remove it` {
		t.Errorf("CheckRoutes: %v", err)
	}
}
