package ginauth_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/account"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/flow"
	"github.com/ginauth/ginauth/ginauth/internal/built"
)

// proving mounts ways to prove who one is, and /auth, which shows what is known of it.
var proving = routes(func(r *gin.Engine, cfg config) {
	mounted := built.Config(cfg)
	r.POST("/reauthenticate", account.Reauthenticate(mounted))
	r.GET("/sessions", fails(func(c *gin.Context) error {
		logins, err := account.ListLogins(c)
		if err == nil {
			c.JSON(http.StatusOK, logins)
		}
		return err
	}))
	r.GET("/events", account.Events(mounted))
	r.POST("/code", fails(func(c *gin.Context) error { return flow.Confirm(c, driver.ByOneTimeCode) }))
	r.POST("/as", fails(func(c *gin.Context) error {
		u, err := ginauth.CurrentUser[user](c)
		if err == nil {
			err = ginauth.SignIn(c, u, ginauth.Proved(driver.Method(c.Query("by"))))
		}
		return err
	}))
	r.POST("/passkey", fails(func(c *gin.Context) error {
		u, err := ginauth.CurrentUser[user](c)
		if err == nil {
			err = ginauth.SignIn(c, u, ginauth.Proved(driver.ByPresence, driver.ByHardwareKey))
		}
		return err
	}))
	r.POST("/silent", fails(func(c *gin.Context) error {
		u, err := ginauth.CurrentUser[user](c)
		if err == nil {
			err = ginauth.SignIn(c, u)
		}
		return err
	}))
	r.GET("/auth", fails(func(c *gin.Context) error {
		auth, err := ginauth.CurrentAuth(c)
		if err == nil {
			c.JSON(http.StatusOK, proof{string(auth.Methods), auth.SecondFactorAt})
		}
		return err
	}))
})

type proof struct {
	Methods string
	Second  time.Time
}

func (c *client) proof(t *testing.T) (p proof) {
	t.Helper()
	w := c.get("/auth")
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Code != http.StatusOK {
		t.Fatalf("GET /auth: %d %s", w.Code, w.Body)
	}
	return p
}

func (c *client) proved(t *testing.T, what, methods string, second time.Time) {
	t.Helper()
	if p := c.proof(t); p.Methods != methods || p.Second.Sub(second).Abs() > time.Millisecond {
		t.Errorf("%s: %q with a second factor at %v, want %q and %v", what, p.Methods, p.Second, methods, second)
	}
}

// RFC 8176: every store keeps how the user has proved who they are.
func TestEveryStoreKeepsHowAUserHasProvedWhoTheyAre(t *testing.T) {
	t.Parallel()
	everywhere(t, func(s suite) {
		t := s.t
		c := &client{handler: s.app}
		c.post("/signup", ada)
		c.proved(t, "a sign-up", "pwd", time.Time{})
		c.post("/login", adaIn)
		c.proved(t, "a login", "pwd", time.Time{})
		s.clock.Advance(time.Minute)
		if w := c.post("/code", ""); w.Code != http.StatusOK {
			t.Fatalf("a code: %d %s", w.Code, w.Body)
		}
		at := c.proof(t).Second
		c.proved(t, "a code", "otp pwd", at)
		if at.IsZero() {
			t.Error("a code is no second factor")
		}
		s.clock.Advance(time.Minute)
		c.post("/reauthenticate", `{"password":"correct horse battery staple"}`)
		c.proved(t, "a password after the code", "otp pwd", at)
		c.post("/put?key=a&value=b", "")
		c.proved(t, "a value", "otp pwd", at)
		if s.there != nil {
			c.as(s.there).wantValue(t, "a", "b", "the other process")
		}
		c.post("/passkey", "")
		if p := c.proof(t); p.Methods != "hwk user" || !p.Second.After(at) {
			t.Errorf("a passkey: %+v", p)
		}
		c.post("/as?by=fed", "")
		c.proved(t, "a provider", "fed", time.Time{})
		c.post("/silent", "")
		c.proved(t, "a login of which nothing is known", "", time.Time{})
		if w := c.post("/as?by=kba", ""); w.Code != http.StatusInternalServerError {
			t.Errorf("a login by knowledge of the user's life: %d %s", w.Code, w.Body)
		}
		c.proved(t, "after the refusal", "", time.Time{})
	}, proving, with(func(cfg *config) { cfg.Exclude = append(cfg.Exclude, "/login") }))
}

// A code after a code is one factor, and stays one.
func TestTheSameFactorTwiceIsNoSecondOne(t *testing.T) {
	t.Parallel()
	a := newApp(t, proving)
	c := &client{handler: a}
	c.post("/signup", ada)
	c.post("/as?by=otp", "")
	c.post("/code", "")
	c.proved(t, "two codes", "otp", time.Time{})
	c.post("/reauthenticate", `{"password":"correct horse battery staple"}`)
	c.proved(t, "a password", "otp pwd", time.Time{})
	if c.post("/code", ""); c.proof(t).Second.IsZero() {
		t.Error("a code after a password is no second factor")
	}
}

func TestListsAndEventsTellHowUsersLoggedIn(t *testing.T) {
	t.Parallel()
	a := newApp(t, proving)
	c := &client{handler: a}
	c.post("/signup", ada)
	c.post("/code", "")
	var logins []struct{ Methods []string }
	if w := c.get("/sessions"); json.Unmarshal(w.Body.Bytes(), &logins) != nil || len(logins) != 1 || len(logins[0].Methods) != 2 || logins[0].Methods[0] != "otp" || logins[0].Methods[1] != "pwd" {
		t.Errorf("the list of logins: %s", w.Body)
	}
	var page struct {
		Events []struct {
			Kind    string
			Methods []string
		}
	}
	w := c.get("/events")
	if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for _, e := range page.Events {
		for _, m := range e.Methods {
			got[e.Kind+" "+m]++
		}
	}
	if len(got) != 2 || got["authn_login_success pwd"] != 1 || got["authn_login_success otp"] != 1 {
		t.Errorf("the events: %s", w.Body)
	}
}

// A session that began before the methods were kept goes on.
func TestSessionsFromBeforeMethodsGoOn(t *testing.T) {
	t.Parallel()
	a := newApp(t, proving)
	c := &client{handler: a}
	c.post("/signup", ada)
	if _, err := a.pool.Exec(t.Context(), `UPDATE ginauth.sessions SET methods = DEFAULT, second_factor_at = DEFAULT`); err != nil {
		t.Fatal(err)
	}
	c.proved(t, "a session from before", "", time.Time{})
	c.post("/reauthenticate", `{"password":"correct horse battery staple"}`)
	c.proved(t, "a password", "pwd", time.Time{})
}
