package ginauthtest_test

import (
	"net/http"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/account"
	"github.com/ginauth/ginauth/ginauth/apikey"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/email"
	"github.com/ginauth/ginauth/ginauth/ginauthtest"
)

// house is a router without faults.
func house(k ginauthtest.Kit[User]) *gin.Engine {
	cfg := k.New(k.Options)
	keys := k.Keys(apikey.Options[User]{})
	r := gin.New()
	r.Use(ginauth.Authenticate(cfg, apikey.Backend(keys), ginauth.SessionAuth(cfg)))
	furnish(r, k, cfg, keys)
	return r
}

func furnish(r *gin.Engine, k ginauthtest.Kit[User], cfg *ginauth.Config[User], keys *apikey.Keys[User]) {
	mails := k.Mails(email.Options[User]{Pages: email.Pages{Verify: "/verify", Reset: "/reset"}})
	r.POST("/signup", ginauth.SignUp(cfg))
	r.POST("/login", ginauth.Login(cfg))
	r.POST("/logout", ginauth.Logout(cfg))
	r.GET("/user", ginauth.Require(ginauth.AnyScope()), ginauth.Me(cfg))
	r.PATCH("/user", account.UpdateProfile(cfg))
	if _, lists := cfg.Options().Sessions.(driver.Logins); lists || cfg.Options().Sessions == nil {
		r.GET("/sessions", account.Sessions(cfg))
		r.DELETE("/sessions/:id", account.RevokeSession(cfg))
	}
	r.POST("/password", account.ChangePassword(cfg))
	r.POST("/forgot", email.ForgotPassword(mails))
	r.Match([]string{http.MethodGet, http.MethodPost}, "/reset", email.ResetPassword(mails))
	r.POST("/api-keys", apikey.Create(keys))
	r.GET("/page", ginauth.With(func(c *gin.Context, u User) { c.String(http.StatusOK, u.Name) }))
	r.POST("/notes", ginauth.With(func(c *gin.Context, u User) { c.JSON(http.StatusCreated, gin.H{"by": u.ID}) }))
}

func TestConformanceFindsNothing(t *testing.T) {
	t.Parallel()
	for name, options := range stores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report := ginauthtest.Conformance(t, ginauthtest.New(t, house, options...))
			for _, r := range report.Requirements {
				if r.Skipped != "" || r.Requests == 0 && r.ID != "ASVS-3.3.1" && r.ID != "ASVS-3.3.2" {
					t.Errorf("%s: %d requests, skipped since %s", r.ID, r.Requests, r.Skipped)
				}
			}
		})
	}
}
