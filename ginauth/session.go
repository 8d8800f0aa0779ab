package ginauth

import (
	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/internal/engine"
)

// Session returns the middleware that protects every route registered after it, except those of
// Options.Exclude; the package doc says how. A protected request without a live session gets 401,
// or, from a browser, a redirect to Pages.Login. If the store cannot be asked, it gets 503. On an
// excluded route nothing is looked up until CurrentUser or sessions.Default asks. Session panics if
// New did not make cfg, as every constructor does, and if Options.NoSessions is set.
func Session[U any](cfg *Config[U]) gin.HandlerFunc {
	h := engine.Protect(compileChain("ginauth.Session", cfg, []Backend[U]{sessionsOf("ginauth.Session", cfg)}), cfg.o.Exclude, cfg.o.UnverifiedMay)
	return h.As(func(c *gin.Context) { h.Serve(c) })
}
