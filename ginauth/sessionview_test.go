package ginauth_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/internal/built"
)

// As a token's claims are its backend's, the session is the session's, to be read.
func TestTheCredentialOfASessionIsTheSession(t *testing.T) {
	t.Parallel()
	app := newApp(t, managing, routes(func(r *gin.Engine, cfg config) {
		r.POST("/set", func(c *gin.Context) { sessionOf(c).Set("plan", "team") })
		r.GET("/credential", func(c *gin.Context) {
			auth, err := ginauth.CurrentAuth(c)
			if err != nil {
				ginauth.Fail(c, err)
				return
			}
			view, ok := auth.Credential.(ginauth.SessionView)
			before := view.Get("plan")
			sessionOf(c).Set("plan", "free") // seen at once
			_, _ = fmt.Fprintf(c.Writer, "%v %s %v %v %v", ok, view.ID(), before, view.Get("plan"), view.ExpiresAt().After(auth.Now))
			p, err := ginauth.SessionAuth(built.Config(cfg)).Authenticate(c)
			own, same := p.Credential.(ginauth.SessionView)
			_, _ = fmt.Fprintf(c.Writer, " %v %v %v", err, same && own == view, p.AuthenticatedAt.Equal(auth.AuthenticatedAt) && !p.AuthenticatedAt.IsZero())
			if text := fmt.Sprintf("%v %+v %#v", auth, auth, view); strings.Contains(text, c.Request.Header.Get("Cookie")[len(cookie)+1:]) {
				t.Error("it shows the token")
			}
		})
	}))
	c := app.signUp(t, ada)
	c.post("/set", "")
	want := fmt.Sprintf("true %s team free true <nil> true true", current(t, c))
	if w := c.get("/credential"); w.Code != http.StatusOK || w.Body.String() != want {
		t.Errorf("%d %q, want %q", w.Code, w.Body, want)
	}
	if zero := (ginauth.SessionView{}); zero.ID() != "" || zero.Get("plan") != nil || !zero.ExpiresAt().IsZero() {
		t.Error("the zero view holds something")
	}
}
