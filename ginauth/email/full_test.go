package email_test

import (
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/account"
	"github.com/ginauth/ginauth/ginauth/apikey"
	"github.com/ginauth/ginauth/ginauth/email"
	"github.com/ginauth/ginauth/ginauth/jwt"
	"github.com/ginauth/ginauth/store"
)

// newFull is an app with every handler that has to do with accounts.
func newFull(tb testing.TB, pool *pgxpool.Pool) *app {
	tb.Helper()
	a := newAppOn(tb, pool, func(f *flows) {
		f.Config.Exclude = append(f.Config.Exclude, "/restore", "/token", "/token/login", "/refresh", "/revoke", "/verify-password")
	})
	a.db = store.New[user](pool, store.WithNow(a.clock.Now), store.WithTimeout(20*time.Second), store.WithMail())
	a.change(tb, func(f *flows) { f.Config.Users, f.Store = a.db, a.db })
	a.Engine = gin.New()
	cfg, mails := a.cfg, a.mails
	keys, err := apikey.New(cfg, apikey.Options[user]{})
	if err != nil {
		tb.Fatal(err)
	}
	signing, err := jwt.Generate("2030-03", jwt.EdDSA)
	if err != nil {
		tb.Fatal(err)
	}
	ring, err := jwt.NewRing(signing)
	if err != nil {
		tb.Fatal(err)
	}
	tokens, err := jwt.New(cfg, jwt.Options[user]{Issuer: jwt.NewIssuer(jwt.IssuerOptions{Keys: ring, Issuer: baseURL, Audiences: []string{baseURL}, Now: a.clock.Now})})
	if err != nil {
		tb.Fatal(err)
	}
	bearer := jwt.Bearer(cfg, jwt.BackendOptions[user]{
		Accept: jwt.Accept{Issuers: []jwt.Trust{{Issuer: baseURL, Keys: ring}}, Audiences: []string{baseURL}, Now: a.clock.Now},
	})
	a.Use(ginauth.Authenticate(cfg, apikey.Backend(keys), bearer, ginauth.SessionAuth(cfg)))
	a.POST("/signup", ginauth.SignUp(cfg))
	a.POST("/login", ginauth.Login(cfg))
	a.POST("/restore", account.RestoreAccount(cfg))
	a.POST("/reauthenticate", account.Reauthenticate(cfg))
	a.POST("/logout", ginauth.Logout(cfg))
	a.GET("/me", ginauth.Require(ginauth.AnyScope()), ginauth.Me(cfg))
	a.GET("/export", account.ExportAccount(cfg))
	a.POST("/password/change", account.ChangePassword(cfg))
	a.POST("/password", account.SetPassword(cfg))
	a.DELETE("/user", account.DeleteAccountAfter(cfg, 24*time.Hour))
	a.POST("/token", jwt.Token(tokens))
	a.POST("/token/login", jwt.Login(tokens, jwt.InBody))
	a.POST("/refresh", jwt.Refresh(tokens))
	a.POST("/revoke", jwt.Revoke(tokens))
	a.POST("/keys", apikey.Create(keys))
	a.DELETE("/keys/:id", apikey.Revoke(keys))
	a.POST("/quiet", email.SignUp(mails))
	a.POST("/forgot", email.ForgotPassword(mails))
	a.POST("/resend", email.ResendVerification(mails))
	a.POST("/send", email.SendMagicLink(mails))
	a.POST("/email", email.ChangeEmail(mails))
	a.Any("/verify", email.VerifyEmail(mails))
	a.Any("/reset", email.ResetPassword(mails))
	a.Any("/magic", email.MagicLink(mails))
	a.Any("/confirm", email.ConfirmEmailChange(mails))
	a.Any("/undo", email.UndoEmailChange(mails))
	a.GET("/panic", func(*gin.Context) { panic("the app's own fault") })
	return a
}
