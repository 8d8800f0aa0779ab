package ginauth

import (
	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/internal/audit"
)

// CheckRoutes inspects a finished router and returns all mistakes that would otherwise go
// unnoticed, one sentence each, or nil. Call it in a test, or before the server starts. It finds:
//
//   - routes that Session does not cover because they were registered before it, or that opt out of a
//     check;
//   - rules that match no route, open nothing or are not needed;
//   - handlers whose Config or user type differs from their Session's;
//   - handlers such as Login behind a guard or behind a handler of the app's own;
//   - pages of Options.Pages that are missing or protected;
//   - CORS middleware that no preflight reaches;
//   - proxies that Gin's SetTrustedProxies and Options.TrustedProxies treat differently;
//   - backends that shadow one another;
//   - credentials with scopes, when no route says which scopes it takes;
//   - guards that stand behind the handler that they should guard;
//   - users who cannot get verified, and mails whose links lead nowhere.
//
// In open, name as rules of Options.Exclude the routes that are meant to be without Session or that
// ExcludeIf or SkipOriginCheck opens, and the pages that another server has.
func CheckRoutes(engine *gin.Engine, open ...string) error { return audit.Check(engine, open...) }
