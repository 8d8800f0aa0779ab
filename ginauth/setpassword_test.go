package ginauth_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
)

const setNew = `{"new_password":"a brand new battery staple"}`

// byLink logs a user without a password in, as an app's own way does.
var byLink = routes(func(r *gin.Engine, cfg config) {
	r.POST("/link", func(c *gin.Context) {
		n := driver.NewUser{Name: "Ada", Email: "ada@example.com", Canonical: "ada@example.com"}
		u, err := cfg.Users.CreateUser(c, n, nil)
		if err != nil {
			u, _, err = cfg.Users.FindCredential(c, n.Canonical)
		}
		if err == nil {
			err = ginauth.SignIn(c, u)
		}
		if err != nil {
			ginauth.Fail(c, err)
		}
	})
})

var linkOpen = with(func(cfg *config) { cfg.Exclude = append(cfg.Exclude, "/link") })

// SEC-64, SEC-77
func TestUsersWithoutAPasswordCanSetOne(t *testing.T) {
	t.Parallel()
	everywhere(t, func(s suite) {
		t := s.t
		c, other := &client{handler: s.app}, &client{handler: s.app}
		c.post("/link", "")
		other.post("/link", "")
		old := c.as(s.app)
		if w := c.post("/password/change", toNew); w.Code != http.StatusUnauthorized || problemIn(t, w).Code != "invalid_credentials" {
			t.Errorf("there is nothing to change: %d %s", w.Code, w.Body)
		}
		if w := c.post("/password", setNew); w.Code != http.StatusNoContent || c.value == old.value {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		c.want(t, http.StatusOK, "this session")
		old.want(t, http.StatusUnauthorized, "its old token")
		other.want(t, http.StatusUnauthorized, "the other session")
		if w := (&client{handler: s.app}).post("/login", adaNewIn); w.Code != http.StatusOK {
			t.Errorf("login: %d %s", w.Code, w.Body)
		}
		before := c.value
		if w := c.post("/password", `{"new_password":"another brand new staple"}`); w.Code != http.StatusConflict || problemIn(t, w).Code != "password_exists" || c.value != before {
			t.Errorf("the second time: %d %s", w.Code, w.Body)
		}
		c.want(t, http.StatusOK, "after the second time")
	}, accounts, byLink, linkOpen)
}

func TestAFirstPasswordNeedsAFreshLogin(t *testing.T) {
	t.Parallel()
	app := newApp(t, accounts, byLink, linkOpen)
	c := &client{handler: app}
	c.post("/link", "")
	app.clock.Advance(10*time.Minute + time.Second)
	if w := c.post("/password", setNew); w.Code != http.StatusForbidden || problemIn(t, w).Code != "reauthentication_required" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if n := app.count(t, "SELECT count(*) FROM ginauth.users WHERE password_hash IS NOT NULL"); n != 0 {
		t.Error("it was set")
	}
	c.post("/link", "")
	app.clock.Advance(10 * time.Minute)
	if w := c.post("/password", setNew); w.Code != http.StatusNoContent {
		t.Errorf("after a login: %d %s", w.Code, w.Body)
	}
	if e := app.log.Events("authn_password_change"); len(e) != 1 || e[0]["operation"] != "setPassword" {
		t.Errorf("events %v", e)
	}
}
