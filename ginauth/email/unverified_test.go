package email_test

import (
	"net/http"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/store"
)

// Whoever may do nothing else can still get verified, also at another address.
func TestRefusedUsersCanGetVerified(t *testing.T) {
	t.Parallel()
	for name, prove := range map[string]func(*testing.T, *app, *client){
		"the address": func(t *testing.T, a *app, c *client) {
			t.Helper()
			want(t, "resend", c.post("/resend", adaMail), http.StatusAccepted)
			want(t, "verify", c.use("/verify", a.one(t).token(t)), http.StatusNoContent)
		},
		"another address": func(t *testing.T, a *app, c *client) {
			t.Helper()
			want(t, "change", c.post("/email", `{"email":"new@example.com"}`), http.StatusAccepted)
			want(t, "confirm", c.use("/confirm", a.one(t).token(t)), http.StatusNoContent)
		},
	} {
		a := newApp(t, func(f *flows) { f.Config.Unverified = ginauth.UnverifiedRefused })
		a.POST("/posts", ginauth.With(func(c *gin.Context, _ store.User) { c.Status(http.StatusCreated) }))
		c := a.signUp(t)
		wantProblem(t, name, c.post("/posts", `{}`), http.StatusForbidden, "not_verified")
		prove(t, a, c)
		want(t, name, c.post("/posts", `{}`), http.StatusCreated)
	}
}
