package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/account"
	"github.com/ginauth/ginauth/ginauth/apikey"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/email"
	"github.com/ginauth/ginauth/ginauth/openapi"
	"github.com/ginauth/ginauth/ginauth/password"
	"github.com/ginauth/ginauth/store"
	"github.com/ginauth/ginauth/store/memory"
)

// User is the app's user. To keep more of it, embed store.User in a struct of your own.
type User = store.User

// router is the app: what it takes to have accounts is here. The url is where browsers find it; the mails
// are the caller's to send. The users are a *store.DB or a *memory.Store, which have all that the routes need.
func router(users driver.Users[User], url string, s settings, log *slog.Logger) (*gin.Engine, *email.Flows[User], error) {
	options := ginauth.Options[User]{
		Users: users,
		// Everything needs a login but these, and what is for who has none, such as ginauth.Login.
		Exclude: []string{
			"GET /", "GET /signup", "GET /login", "GET /restore", "GET /forgot", "GET /magic/send", "/style.css", "/mailbox", ginauth.NoRoute,
		},
		// Plain http, which this makes safe by refusing every host but localhost. Delete it behind TLS.
		Cookie: ginauth.Cookie{InsecureLocalhost: true},
		// For load tests alone; leave it out.
		Limits: ginauth.Limits{InsecureUnlimited: s.unlimited},
		// For tests alone, too. The default costs enough.
		Passwords: s.passwords,
		Policy:    password.Policy{Words: []string{"ginauth"}},
		// Where browsers find it, for redirects and for the links in mails.
		BaseURL: url,
		Pages:   ginauth.Pages{Login: "/login", AfterLogin: "/user", AfterLogout: "/"},
		Render:  showProblem,
		Logger:  log,
	}
	if len(s.tenants) > 0 { // each at a host of its own
		options.Realm, options.BaseURL, options.BaseURLOf = s.tenants.of, "", urlOf(url)
	}
	cfg, err := ginauth.New(options)
	if err != nil {
		return nil, nil, err
	}
	options.Pages.AfterLogout = "/restore"
	leaving, err := ginauth.New(options) // for users who delete their account
	if err != nil {
		return nil, nil, err
	}
	keys, err := apikey.New(cfg, apikey.Options[User]{Prefix: "example_"})
	if err != nil {
		return nil, nil, err
	}
	box := newMailbox(url, s.tenants...)
	mails, err := email.New(cfg, email.Options[User]{
		Sender: box, // smtp.New sends for real
		From:   "ginauth example <hello@localhost>", Site: "the ginauth example",
		Pages: email.Pages{Verify: "/verify", Reset: "/reset", Login: "/magic", Change: "/email/confirm", Undo: "/email/undo", Forgot: "/forgot"},
		Page:  showMailPage,
	})
	if err != nil {
		return nil, nil, err
	}

	r := gin.New()
	r.HandleMethodNotAllowed = true
	r.RedirectTrailingSlash = false // it comes before all middleware, and repeats a host that a request line names
	if err := r.SetTrustedProxies(nil); err != nil {
		return nil, mails, fmt.Errorf("trusting no proxy: %w", err)
	}
	r.Use(logRequests(log), recoverPanics(log), setPageHeaders)
	if _, ok := users.(*memory.Store[User]); ok {
		r.Use(tellOnlyInMemory)
	}

	// Protects what is registered below. Without keys for scripts it is ginauth.Session(cfg).
	r.Use(ginauth.Authenticate(cfg, apikey.Backend(keys), ginauth.SessionAuth(cfg)))
	mountSessions(r, cfg)
	mountAccount(r, cfg, leaving)
	mountMail(r, mails)
	mountKeys(r, keys)
	mountPages(r, box)
	return r, mails, nil
}

// finish comes after all routes: it describes them, at /schema, and finds what is wrong with them.
func finish(r *gin.Engine) error {
	return errors.Join(openapi.Mount(r, schema), ginauth.CheckRoutes(r))
}

func mountSessions(r *gin.Engine, cfg *ginauth.Config[User]) {
	r.POST("/signup", ginauth.SignUp(cfg))
	r.POST("/login", ginauth.Login(cfg))
	r.POST("/logout", ginauth.Logout(cfg))
	r.GET("/sessions", account.Sessions(cfg))
	r.DELETE("/sessions/:id", account.RevokeSession(cfg))
	r.POST("/sessions/:id/revoke", account.RevokeSession(cfg)) // HTML forms know no DELETE
	r.POST("/sessions/revoke-others", account.RevokeOtherSessions(cfg))
	r.POST("/sessions/revoke-all", account.RevokeAllSessions(cfg))
	r.POST("/reauthenticate", account.Reauthenticate(cfg))
}

func mountAccount(r *gin.Engine, cfg, leaving *ginauth.Config[User]) {
	r.GET("/user", ginauth.Require(ginauth.AnyScope()), ginauth.With(showUser), ginauth.Me(cfg)) // for tokens, too
	r.PATCH("/user", account.UpdateProfile(cfg))
	r.POST("/user", account.UpdateProfile(cfg)) // HTML forms know no PATCH
	r.GET("/events", account.Events(cfg))
	r.GET("/activity", ginauth.With(showActivity))
	r.GET("/user/export", fresh(), account.ExportAccount(cfg))
	r.POST("/password/change", account.ChangePassword(cfg))
	r.POST("/password", account.SetPassword(cfg)) // for users who signed up by a mailed link and have no password

	r.POST("/user/archive", account.DeleteAccountAfter(leaving, grace))
	r.POST("/restore", account.RestoreAccount(cfg))
}

func mountMail(r *gin.Engine, mails *email.Flows[User]) {
	both := []string{http.MethodGet, http.MethodPost} // a GET shows a button, its POST does it
	r.POST("/verify/resend", email.ResendVerification(mails))
	r.Match(both, "/verify", email.VerifyEmail(mails))
	r.POST("/forgot", email.ForgotPassword(mails))
	r.Match(both, "/reset", email.ResetPassword(mails))
	r.POST("/magic/send", email.SendMagicLink(mails))
	r.Match(both, "/magic", email.MagicLink(mails))
	r.POST("/email", email.ChangeEmail(mails))
	r.Match(both, "/email/confirm", email.ConfirmEmailChange(mails))
	r.Match(both, "/email/undo", email.UndoEmailChange(mails))
}

func mountKeys(r *gin.Engine, keys *apikey.Keys[User]) {
	r.GET("/api-keys", apikey.List(keys))
	r.POST("/api-keys", fresh(), apikey.Create(keys))
	r.DELETE("/api-keys", apikey.RevokeAll(keys))
	r.DELETE("/api-keys/:id", apikey.Revoke(keys))
	pages := tokenPages{keys: keys}
	r.GET("/tokens", ginauth.With(pages.show))
	r.POST("/tokens", fresh(), ginauth.With(pages.create))
	r.POST("/tokens/:id/revoke", ginauth.With(pages.revoke))
	r.POST("/tokens/revoke-all", ginauth.With(pages.revokeAll))
}

func mountPages(r *gin.Engine, box *mailbox) {
	r.GET("/", showHome)
	for _, path := range []string{"/signup", "/login", "/restore", "/forgot", "/magic/send"} {
		r.GET(path, showForm(path))
	}
	r.GET("/account", ginauth.With(showAccount))
	r.GET("/mailbox", box.show)
	r.StaticFileFS("/style.css", "style.css", http.FS(files))
	r.NoRoute(func(c *gin.Context) { ginauth.Fail(c, errNotFound) })
	r.NoMethod(func(c *gin.Context) { ginauth.Fail(c, errMethod) })
}

// schema describes the API, at /schema. The pages are for people, who need no description.
var schema = openapi.Options{
	Title: "ginauth example", Version: "1.0.0",
	Hide: []string{
		"GET /", "GET /signup", "GET /login", "GET /restore", "GET /forgot", "GET /magic/send", "GET /account", "GET /activity",
		"GET /verify", "GET /reset", "GET /magic", "GET /email/confirm", "GET /email/undo",
		"POST /user", "/tokens", "/tokens/:id/revoke", "/tokens/revoke-all", "/mailbox", "/style.css",
	},
}

// The app's own problems look like those of ginauth.
var (
	errNotFound = &ginauth.Problem{
		Type: "about:blank", Title: "Not Found", Status: http.StatusNotFound,
		Code: "not_found", Detail: "There is nothing at this address.",
	}
	errMethod = &ginauth.Problem{
		Type: "about:blank", Title: "Method Not Allowed", Status: http.StatusMethodNotAllowed,
		Code: "method_not_allowed", Detail: "This address does not answer to that method.",
	}
)
