package ginauth_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/internal/built"
)

// SEC-73
func TestLogoutEndsTheSessionOnEveryServer(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	other := newAppOn(t, app.pool)
	c := app.signUp(t, ada)
	copied := &client{handler: other, value: c.value}
	if w := copied.get("/user"); w.Code != http.StatusOK {
		t.Fatalf("the second server answers %d", w.Code)
	}
	w := c.post("/logout", "")
	if w.Code != http.StatusNoContent || w.Header().Get("Set-Cookie") != cookie+"=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax" {
		t.Errorf("%d, Set-Cookie %q", w.Code, w.Header().Get("Set-Cookie"))
	}
	if w := copied.get("/user"); w.Code != http.StatusUnauthorized {
		t.Errorf("a copied cookie answers %d", w.Code)
	}
	if n := app.count(t, "SELECT count(*) FROM ginauth.sessions"); n != 0 {
		t.Errorf("%d sessions", n)
	}
}

func TestLogoutIsIdempotent(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	c := app.signUp(t, ada)
	token := c.value
	c.post("/logout", "")
	for name, c := range map[string]*client{"no cookie": {handler: app}, "dead cookie": {handler: app, value: token}, "garbage": {handler: app, value: "x"}} {
		w := c.post("/logout", "")
		if w.Code != http.StatusNoContent {
			t.Errorf("%s: %d", name, w.Code)
		}
		if cleared := w.Header().Get("Set-Cookie") != ""; cleared != (name != "no cookie") {
			t.Errorf("%s: cleared = %v", name, cleared)
		}
	}
}

// SEC-74, SEC-85
func TestLogoutIsPostOnlyAndOfThisSite(t *testing.T) {
	t.Parallel()
	app := newApp(t, routes(func(r *gin.Engine, cfg config) { r.Any("/any", ginauth.Logout(built.Config(cfg))) }))
	c := app.signUp(t, ada)
	for _, method := range []string{"GET", "HEAD", "PUT", "DELETE"} {
		if w := c.do(httptest.NewRequest(method, "/any", nil)); w.Code != http.StatusMethodNotAllowed {
			t.Errorf("%s: %d", method, w.Code)
		}
	}
	foreign := formRequest("/logout", "")
	foreign.Header.Set("Sec-Fetch-Site", "cross-site")
	if w := c.do(foreign); w.Code != http.StatusForbidden || w.Header().Get("Set-Cookie") != "" {
		t.Errorf("a form of another site: %d", w.Code)
	}
	if w := c.get("/user"); w.Code != http.StatusOK {
		t.Errorf("the session is gone: %d", w.Code)
	}
}

// SEC-75
func TestSlowRequestDoesNotBringASessionBack(t *testing.T) {
	t.Parallel()
	inside, goOn := make(chan struct{}), make(chan struct{})
	app := newApp(t, routes(func(r *gin.Engine, _ config) {
		r.POST("/slow", func(c *gin.Context) {
			s := sessionOf(c)
			s.Set("seen", true)
			inside <- struct{}{}
			<-goOn
			c.String(http.StatusOK, "done")
		})
	}))
	c := app.signUp(t, ada)
	slow := &client{handler: app, value: c.value}
	answer := make(chan *httptest.ResponseRecorder)
	go func() { answer <- slow.post("/slow", "") }()
	<-inside
	c.post("/logout", "")
	close(goOn)
	if w := <-answer; w.Code != http.StatusUnauthorized || w.Header().Get("Set-Cookie") != "" {
		t.Errorf("the slow request was answered %d", w.Code)
	}
	if w := slow.get("/user"); w.Code != http.StatusUnauthorized || app.count(t, "SELECT count(*) FROM ginauth.sessions") != 0 {
		t.Errorf("the session is back: %d", w.Code)
	}
}
