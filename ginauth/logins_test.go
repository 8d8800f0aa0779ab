package ginauth_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/account"
	"github.com/ginauth/ginauth/ginauth/internal/built"
)

const firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

var managing = routes(func(r *gin.Engine, cfg config) {
	r.GET("/sessions", account.Sessions(built.Config(cfg)))
	r.DELETE("/sessions/:id", account.RevokeSession(built.Config(cfg)))
	r.POST("/sessions/revoke-others", account.RevokeOtherSessions(built.Config(cfg)))
	r.POST("/sessions/revoke-all", account.RevokeAllSessions(built.Config(cfg)))
	r.POST("/reauthenticate", account.Reauthenticate(built.Config(cfg)))
	r.POST("/renew", func(c *gin.Context) {
		if err := ginauth.Renew(c); err != nil {
			ginauth.Fail(c, err)
		}
	})
	r.GET("/keys", ginauth.Require(ginauth.Fresh(10*time.Minute)), func(c *gin.Context) { c.String(http.StatusOK, "keys") })
})

func (c *client) devices(t *testing.T) (devices []account.LoginRecord) {
	t.Helper()
	w := c.get("/sessions")
	if err := json.Unmarshal(w.Body.Bytes(), &devices); err != nil || w.Code != http.StatusOK {
		t.Fatalf("GET /sessions: %d %s", w.Code, w.Body)
	}
	return devices
}

func (c *client) delete(path string) *httptest.ResponseRecorder {
	return c.do(httptest.NewRequest(http.MethodDelete, path, nil))
}

func TestSessionsAreListedWithTheirDevices(t *testing.T) {
	t.Parallel()
	app := newApp(t, managing)
	c := app.signUp(t, ada)
	app.signUp(t, grace)
	app.clock.Advance(time.Minute)
	other := &client{handler: app}
	r := jsonRequest("/login", adaIn)
	r.Header.Set("User-Agent", firefox)
	other.do(r)
	devices := c.devices(t)
	if len(devices) != 2 || devices[0].Name != "Firefox on Linux" || devices[0].Current || devices[0].IP != "192.0.2.1" ||
		devices[1].Name != "Unknown device" || !devices[1].Current || !devices[0].CreatedAt.After(devices[1].CreatedAt) {
		t.Errorf("devices %+v", devices)
	}
	if body := c.get("/sessions").Body.String(); strings.Contains(body, other.value) || strings.Contains(body, c.value) {
		t.Error("the list shows a token")
	}
}

// SEC-79
func TestASessionIsRevokedByItsUserOnly(t *testing.T) {
	t.Parallel()
	app := newApp(t, managing)
	adas, graces := app.signUp(t, ada), app.signUp(t, grace)
	id := string(adas.devices(t)[0].ID)
	for _, path := range []string{"/sessions/" + id, "/sessions/nonsense", "/sessions/00000000-0000-0000-0000-000000000000"} {
		if w := graces.delete(path); w.Code != http.StatusNotFound || problemIn(t, w).Code != "session_not_found" {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	if w := adas.get("/user"); w.Code != http.StatusOK {
		t.Fatalf("somebody else's session ended: %d", w.Code)
	}
	second := &client{handler: app, value: app.loggedIn(t)}
	if w := second.delete("/sessions/" + id); w.Code != http.StatusNoContent {
		t.Errorf("own session: %d %s", w.Code, w.Body)
	}
	if w := adas.get("/user"); w.Code != http.StatusUnauthorized {
		t.Errorf("the revoked session answers %d", w.Code)
	}
	if w := second.delete("/sessions/" + string(second.devices(t)[0].ID)); w.Code != http.StatusNoContent || second.value != "" {
		t.Errorf("the session that asks: %d, cookie %q", w.Code, second.value)
	}
	if w := (&client{handler: app}).delete("/sessions/" + id); w.Code != http.StatusUnauthorized {
		t.Errorf("nobody: %d", w.Code)
	}
}

func TestOtherAndAllSessionsAreRevoked(t *testing.T) {
	t.Parallel()
	app := newApp(t, managing)
	app.signUp(t, ada)
	bystander := app.signUp(t, grace)
	var clients []*client
	for range 4 {
		clients = append(clients, &client{handler: app, value: app.loggedIn(t)})
	}
	if w := clients[0].post("/sessions/revoke-others", ""); w.Code != http.StatusNoContent {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	for i, want := range []int{200, 401, 401, 401} {
		if w := clients[i].get("/user"); w.Code != want {
			t.Errorf("client %d: %d, want %d", i, w.Code, want)
		}
	}
	again := &client{handler: app, value: app.loggedIn(t)}
	if w := again.post("/sessions/revoke-all", ""); w.Code != http.StatusNoContent || again.value != "" {
		t.Errorf("%d, cookie %q", w.Code, again.value)
	}
	if w := clients[0].get("/user"); w.Code != http.StatusUnauthorized {
		t.Errorf("after revoke-all: %d", w.Code)
	}
	if w := bystander.get("/user"); w.Code != http.StatusOK {
		t.Errorf("somebody else's session: %d", w.Code)
	}
	if w := (&client{handler: app, value: app.loggedIn(t)}).get("/user"); w.Code != http.StatusOK {
		t.Errorf("a login after revoke-all: %d", w.Code)
	}
}

func TestEndingAnotherSessionLeadsBackToThePage(t *testing.T) {
	t.Parallel()
	app := newApp(t, managing, browsing)
	c := app.signUp(t, ada)
	if w := c.do(formRequest("/sessions/revoke-others", "")); w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/user" {
		t.Errorf("others: %d %q", w.Code, w.Header().Get("Location"))
	}
	if w := c.do(formRequest("/sessions/revoke-all", "")); w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/" || c.value != "" {
		t.Errorf("all: %d %q", w.Code, w.Header().Get("Location"))
	}
}

// SEC-67, SEC-68, SEC-70
func TestRememberedSessionOutlivesTheBrowser(t *testing.T) {
	t.Parallel()
	app := newApp(t, managing)
	app.signUp(t, ada)
	c := &client{handler: app}
	w := c.post("/login", strings.Replace(adaIn, "}", `,"remember":true}`, 1))
	if set := w.Header().Get("Set-Cookie"); !strings.Contains(set, "; Max-Age=2592000; ") {
		t.Errorf("Set-Cookie %q", set)
	}
	app.clock.Advance(13 * 24 * time.Hour)
	if w := c.get("/user"); w.Code != http.StatusOK {
		t.Fatalf("after 13 days: %d", w.Code)
	}
	w = c.post("/renew", "")
	if set := w.Header().Get("Set-Cookie"); !strings.Contains(set, "; Max-Age=1468800; ") {
		t.Errorf("renewed: Set-Cookie %q", set)
	}
	app.clock.Advance(13 * 24 * time.Hour)
	c.get("/user")
	app.clock.Advance(4*24*time.Hour + time.Second)
	if w := c.get("/user"); w.Code != http.StatusUnauthorized {
		t.Errorf("after 30 days: %d", w.Code)
	}
	d := &client{handler: app}
	d.do(formRequest("/login", "email=ada@example.com&password=correct+horse+battery+staple&remember=true"))
	app.clock.Advance(14*24*time.Hour + time.Second)
	if w := d.get("/user"); w.Code != http.StatusUnauthorized {
		t.Errorf("14 idle days: %d", w.Code)
	}
}

// SEC-80
func TestSessionsOfAUserAreCapped(t *testing.T) {
	t.Parallel()
	app := newApp(t, managing, with(func(cfg *config) { cfg.MaxSessions = 3 }))
	first := app.signUp(t, ada)
	for range 3 {
		app.clock.Advance(time.Second)
		app.loggedIn(t)
	}
	if w := first.get("/user"); w.Code != http.StatusUnauthorized || app.count(t, "SELECT count(*) FROM ginauth.sessions") != 3 {
		t.Errorf("%d, %d sessions", w.Code, app.count(t, "SELECT count(*) FROM ginauth.sessions"))
	}
	events := app.log.Events("session_evicted")
	if len(events) != 1 || events[0]["evicted"] != float64(1) || events[0]["user_id"] == nil || events[0]["session"] == nil {
		t.Errorf("events %v", events)
	}
}

func TestFreshAsksForThePasswordAgain(t *testing.T) {
	t.Parallel()
	app := newApp(t, managing)
	c := app.signUp(t, ada)
	app.signUp(t, grace)
	if w := c.get("/keys"); w.Code != http.StatusOK {
		t.Fatalf("after sign-up: %d", w.Code)
	}
	app.clock.Advance(10*time.Minute + time.Second)
	if w := c.get("/keys"); w.Code != http.StatusForbidden || problemIn(t, w).Code != "reauthentication_required" {
		t.Errorf("later: %d %s", w.Code, w.Body)
	}
	for _, body := range []string{`{"password":"wrong horse battery staple"}`, `{"password":"nanoseconds are short wires"}`} {
		if w := c.post("/reauthenticate", body); w.Code != http.StatusUnauthorized || problemIn(t, w).Code != "invalid_credentials" {
			t.Errorf("%s: %d %s", body, w.Code, w.Body)
		}
	}
	if w := c.get("/keys"); w.Code != http.StatusForbidden {
		t.Errorf("after a wrong password: %d", w.Code)
	}
	old := c.value
	if w := c.post("/reauthenticate", `{"password":"correct horse battery staple"}`); w.Code != http.StatusNoContent || c.value == old { // SEC-64
		t.Errorf("reauthenticate: %d %s", w.Code, w.Body)
	}
	if w := c.get("/keys"); w.Code != http.StatusOK {
		t.Errorf("after reauthenticate: %d", w.Code)
	}
	if w := (&client{handler: app}).get("/keys"); w.Code != http.StatusUnauthorized { // SEC-171
		t.Errorf("nobody: %d", w.Code)
	}
}

var graceful = with(func(cfg *config) { cfg.RotationGrace = 10 * time.Second })

// SEC-66, SEC-82
func TestRotationHasAGraceForReadersAndDetectsTheft(t *testing.T) {
	t.Parallel()
	app := newApp(t, managing, graceful)
	c := app.signUp(t, ada)
	old := &client{handler: app, value: c.value}
	c.post("/renew", "")
	if w := old.get("/user"); w.Code != http.StatusOK || old.value != c.value && w.Header().Get("Set-Cookie") != "" {
		t.Errorf("a read within the grace: %d, Set-Cookie %q", w.Code, w.Header().Get("Set-Cookie"))
	}
	if w := old.post("/renew", ""); w.Code != http.StatusUnauthorized {
		t.Errorf("a write within the grace: %d", w.Code)
	}
	if w := c.get("/user"); w.Code != http.StatusOK {
		t.Errorf("the new token: %d", w.Code)
	}
	app.clock.Advance(11 * time.Second)
	if w := old.get("/user"); w.Code != http.StatusUnauthorized || len(app.log.Events("authn_token_reuse")) != 1 {
		t.Errorf("a replay after the grace: %d, %d events", w.Code, len(app.log.Events("authn_token_reuse")))
	}
	if w := c.get("/user"); w.Code != http.StatusUnauthorized {
		t.Errorf("the family lives on: %d", w.Code)
	}
}

// SEC-81
func TestClearSiteDataAtLogout(t *testing.T) {
	t.Parallel()
	app := newApp(t, with(func(cfg *config) { cfg.ClearSiteData = []string{"cache", "storage"} }))
	if got := app.signUp(t, ada).post("/logout", "").Header().Get("Clear-Site-Data"); got != `"cache", "storage"` {
		t.Errorf("Clear-Site-Data: %s", got)
	}
}
