package email_test

import (
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth"
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
	a.mails.Config.Users, a.mails.Store, a.Engine = a.db, a.db, gin.New()
	cfg, mails := a.mails.Config, a.mails
	keys := apikey.Keys[user]{Store: a.db}
	signing, err := jwt.Generate("2030-03", jwt.EdDSA)
	if err != nil {
		tb.Fatal(err)
	}
	ring, err := jwt.NewRing(signing)
	if err != nil {
		tb.Fatal(err)
	}
	tokens := jwt.Flow[user]{Config: cfg, Issuer: jwt.NewIssuer(jwt.IssuerOptions{Keys: ring, Issuer: baseURL, Audiences: []string{baseURL}, Now: a.clock.Now})}
	bearer := jwt.Bearer(jwt.Options[user]{
		Accept: jwt.Accept{Issuers: []jwt.Trust{{Issuer: baseURL, Keys: ring}}, Audiences: []string{baseURL}, Now: a.clock.Now}, Users: a.db,
	})
	a.Use(ginauth.Authenticate(cfg, apikey.Backend(cfg, keys), bearer, ginauth.SessionAuth(cfg)))
	a.POST("/signup", ginauth.SignUp(cfg))
	a.POST("/login", ginauth.Login(cfg))
	a.POST("/restore", ginauth.RestoreAccount(cfg))
	a.POST("/reauthenticate", ginauth.Reauthenticate(cfg))
	a.POST("/logout", ginauth.Logout(cfg))
	a.GET("/me", ginauth.Require(ginauth.AnyScope()), ginauth.Me(cfg))
	a.GET("/export", ginauth.ExportAccount(cfg))
	a.POST("/password/change", ginauth.ChangePassword(cfg))
	a.POST("/password", ginauth.SetPassword(cfg))
	a.DELETE("/user", ginauth.DeleteAccountAfter(cfg, 24*time.Hour))
	a.POST("/token", jwt.Token(tokens))
	a.POST("/token/login", jwt.Login(tokens, jwt.InBody))
	a.POST("/refresh", jwt.Refresh(tokens))
	a.POST("/revoke", jwt.Revoke(tokens))
	a.POST("/keys", apikey.Create(cfg, keys))
	a.DELETE("/keys/:id", apikey.Revoke(cfg, keys))
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
