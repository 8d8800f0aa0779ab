package ginauth

import (
	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/internal/route"
)

// Wrap returns a middleware of the app's own around a Session or Authenticate: around decides whether and when to
// call session. CheckRoutes and OpenAPI know the routes below it as covered, which they cannot tell of a function that
// calls Session unseen; what around lets pass without it is for around to justify. Options.Exclude and
// ExcludeIf do without. It panics unless session is one, and when around is nil.
//
//	session := ginauth.Session(cfg)
//	r.Use(ginauth.Wrap(session, func(c *gin.Context, session gin.HandlerFunc) { … }))
func Wrap(session gin.HandlerFunc, around func(c *gin.Context, session gin.HandlerFunc)) gin.HandlerFunc {
	info, ours := route.Of(session)
	if !ours || !info.IsSession() {
		panic("ginauth.Wrap: give it what ginauth.Session or ginauth.Authenticate returns") //nolint:forbidigo // while routes are built
	}
	if around == nil {
		panic("ginauth.Wrap: around is nil: use the Session itself") //nolint:forbidigo // while routes are built
	}
	info.Name, info.For = route.Wrapper, route.VerifiedUsers // around is the app's own code, which may do anything
	h := route.New(info, func(c *gin.Context) { around(c, session) })
	return h.As(func(c *gin.Context) { h.Serve(c) })
}
