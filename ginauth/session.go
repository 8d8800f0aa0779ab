package ginauth

import (
	"github.com/gin-gonic/gin"
	"github.com/ginauth/ginauth/ginauth/internal/engine"
)

// Session returns the middleware that protects every route registered after it, except
// those of Options.Exclude. Gin applies middleware to later routes only: a route that was
// registered before router.Use(ginauth.Session(cfg)) is open. CheckRoutes finds those.
//
// A protected request without a live session is answered 401, or, for a browser, with a
// redirect to Pages.Login; when the store cannot be asked it is answered 503, never taken for
// anonymous. Unsafe requests from other origins, and those that open a WebSocket, are refused with 403 on every route, excluded
// or not. Options.Unverified may refuse users whose address was not proved. On an excluded route nothing is looked up until CurrentUser or sessions.Default asks.
//
// A CORS preflight of a protected route, which has no user and which anybody can forge, is answered 204 and runs
// nothing: register CORS middleware before Session. Rules such as "OPTIONS /template" in Exclude let preflights through.
//
// Register Gin's Recovery before Session, so that a handler that panics saves nothing, and run Gin
// in release mode: its debug mode prints cookies after a panic. A second Session on a group protects, too: it closes
// what the first one excludes and it does not, and opens nothing that the first one protects. It must have
// the same cookie, stores, backends and RetrieveUser.
//
// Session panics when New did not make cfg, as every constructor does, and where Options.NoSessions is set.
func Session[U any](cfg *Config[U]) gin.HandlerFunc {
	h := engine.Protect(compileChain("ginauth.Session", cfg, []Backend[U]{sessionsOf("ginauth.Session", cfg)}), cfg.o.Exclude, cfg.o.UnverifiedMay)
	return h.As(func(c *gin.Context) { h.Serve(c) })
}
