package ginauth

import (
	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/internal/audit"
)

// CheckRoutes looks through a finished router for what would go wrong in silence: routes that Session does not
// cover because they were registered before it or that opt out of a check, rules that match no route, open nothing or are not
// needed, handlers whose Config or user type is not their Session's, handlers such as Login behind a guard or
// behind the app's own, pages of Options.Pages that are missing or protected, CORS middleware that no preflight
// reaches, proxies that Gin's SetTrustedProxies and Options.TrustedProxies take differently, backends that shadow one
// another, credentials with scopes where no route says which it takes, guards behind what they should guard, users who
// cannot get verified, and mails whose links lead nowhere.
// It returns all faults, one sentence each, or nil. Routes meant to be without Session or to be opened by ExcludeIf or
// SkipOriginCheck, and pages that another server has, are named in open, as rules of Options.Exclude. Call it in a test, or before the server starts.
func CheckRoutes(engine *gin.Engine, open ...string) error { return audit.Check(engine, open...) }
