package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"

	"github.com/gin-gonic/gin"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/apikey"
	"github.com/ginauth/ginauth/ginauth/openapi"
	"github.com/ginauth/ginauth/ginauth/password"
	"github.com/ginauth/ginauth/store"
)

// User is the app's user. To keep more of it, embed store.User in a struct of your own.
type User = store.User

// router is the app: what it takes to have accounts is here.
func router(pool *pgxpool.Pool, unlimited bool, log *slog.Logger) (*gin.Engine, error) {
	users := store.New[User](pool)
	cfg := ginauth.Config[User]{
		Users: users,
		// Everything needs a login but these.
		Exclude: []string{"GET /", "/signup", "/login", "/style.css", ginauth.NoRoute},
		// Plain http, which this makes safe by refusing every host but localhost. Delete it behind TLS.
		Cookie: ginauth.Cookie{InsecureLocalhost: true},
		// For load tests alone; leave it out.
		Limits: ginauth.Limits{InsecureUnlimited: unlimited},
		Policy: password.Policy{Words: []string{"ginauth"}},
		Pages:  ginauth.Pages{Login: "/login", AfterLogin: "/user", AfterLogout: "/"},
		Render: showProblem,
		Logger: log,
	}

	keys := apikey.Keys[User]{Store: users, Prefix: "example_"}

	r := gin.New()
	r.HandleMethodNotAllowed = true
	if err := r.SetTrustedProxies(nil); err != nil {
		return nil, fmt.Errorf("trusting no proxy: %w", err)
	}
	r.Use(logRequests(log), recoverPanics(log), setPageHeaders)

	// Protects what is registered below. Without keys for scripts it is ginauth.Session(cfg).
	r.Use(ginauth.Authenticate(cfg, apikey.Backend(cfg, keys), ginauth.SessionAuth(cfg)))
	r.POST("/signup", ginauth.SignUp(cfg))
	r.POST("/login", ginauth.Login(cfg))
	r.POST("/logout", ginauth.Logout(cfg))
	r.GET("/user", ginauth.With(showUser), ginauth.Me(cfg))
	r.GET("/sessions", ginauth.Sessions(cfg))
	r.DELETE("/sessions/:id", ginauth.RevokeSession(cfg))
	r.POST("/sessions/:id/revoke", ginauth.RevokeSession(cfg)) // HTML forms know no DELETE
	r.POST("/sessions/revoke-others", ginauth.RevokeOtherSessions(cfg))
	r.POST("/sessions/revoke-all", ginauth.RevokeAllSessions(cfg))
	r.POST("/reauthenticate", ginauth.Reauthenticate(cfg))

	fresh := ginauth.Require(ginauth.Fresh(freshness))
	r.GET("/api-keys", apikey.List(cfg, keys))
	r.POST("/api-keys", fresh, apikey.Create(cfg, keys))
	r.DELETE("/api-keys/:id", apikey.Revoke(cfg, keys))
	pages := tokenPages{keys: keys}
	r.GET("/tokens", ginauth.With(pages.show))
	r.POST("/tokens", fresh, ginauth.With(pages.create))
	r.POST("/tokens/:id/revoke", ginauth.With(pages.revoke))

	r.GET("/", showHome)
	r.GET("/signup", showForm("signup"))
	r.GET("/login", showForm("login"))
	r.StaticFileFS("/style.css", "style.css", http.FS(files))
	r.NoRoute(func(c *gin.Context) { ginauth.Fail(c, errNotFound) })
	r.NoMethod(func(c *gin.Context) { ginauth.Fail(c, errMethod) })

	return r, errors.Join(openapi.Mount(r, schema), ginauth.CheckRoutes(r))
}

// schema describes the API, at /schema. The pages are for people, who need no description.
var schema = openapi.Options{
	Title: "ginauth example", Version: "1.0.0",
	Hide: []string{"GET /", "GET /signup", "GET /login", "/style.css", "/tokens", "/tokens/:id/revoke"},
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

// showUser answers a browser with the profile page. An API client gets what the next handler says.
func showUser(c *gin.Context, u User) {
	if !wantsPage(c) {
		return
	}
	c.Abort()
	devices, err := ginauth.ListDevices(c)
	if err != nil {
		ginauth.Fail(c, err)
		return
	}
	show(c, http.StatusOK, "user", page{Title: "Your profile", User: &u, Devices: devices})
}

// logRequests lets Gin measure and slog write.
func logRequests(log *slog.Logger) gin.HandlerFunc {
	return gin.LoggerWithConfig(gin.LoggerConfig{Output: io.Discard, Formatter: func(p gin.LogFormatterParams) string {
		log.Info("request", "method", p.Method, "path", p.Path, "status", p.StatusCode, "took", p.Latency)
		return ""
	}})
}

// recoverPanics keeps the headers, and with them the cookies, out of the log.
func recoverPanics(log *slog.Logger) gin.HandlerFunc {
	return gin.CustomRecoveryWithWriter(nil, func(c *gin.Context, cause any) {
		log.Error("panic", "cause", cause, "stack", string(debug.Stack()))
		ginauth.Fail(c, fmt.Errorf("panic: %v", cause))
	})
}
