package ginauth

import (
	"github.com/gin-gonic/gin"
	"github.com/ginauth/ginauth/ginauth/internal/engine"
)

// Session returns the middleware that protects every route registered after it, except those of
// Options.Exclude. Gin applies middleware to later routes only: a route that was registered before
// router.Use(ginauth.Session(cfg)) is open. CheckRoutes finds such routes.
//
// A protected request without a live session gets 401, or, from a browser, a redirect to
// Pages.Login. If the store cannot be asked, it gets 503 and is never treated as anonymous. Unsafe
// requests from other origins get 403 on every route, excluded or not, and so do requests from
// there that open a WebSocket. Options.Unverified may refuse users who have not proved to own their
// address. On an excluded route nothing is looked up until CurrentUser or sessions.Default asks.
//
// A CORS preflight has no user, and anybody can forge one. On a protected route it gets 204 and
// runs nothing: register CORS middleware before Session. Rules such as "OPTIONS /template" in
// Exclude let preflights through.
//
// Register Gin's Recovery before Session, so that a handler that panics saves nothing. Run Gin in
// release mode: its debug mode prints cookies after a panic. A second Session on a group adds
// protection: it closes routes that the first one excludes, and opens none that the first one
// protects. It must have the same cookie, stores, backends and RetrieveUser.
//
// Session panics if New did not make cfg, as every constructor does, and if Options.NoSessions is
// set.
func Session[U any](cfg *Config[U]) gin.HandlerFunc {
	h := engine.Protect(compileChain("ginauth.Session", cfg, []Backend[U]{sessionsOf("ginauth.Session", cfg)}), cfg.o.Exclude, cfg.o.UnverifiedMay)
	return h.As(func(c *gin.Context) { h.Serve(c) })
}
