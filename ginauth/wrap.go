package ginauth

import (
	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/internal/route"
)

// Wrap returns a middleware of the app's own around a Session or Authenticate: the function around
// decides whether and when to call session. CheckRoutes and OpenAPI then treat the routes below as
// covered; they cannot see a call of Session inside any other function. The app is responsible for
// requests that around lets pass without session. Options.Exclude and ExcludeIf need no Wrap. It
// panics unless session comes from Session or Authenticate, and if around is nil.
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
	info.Name, info.For = route.Wrapper, route.VerifiedUsers // around is code of the app, which may do anything
	h := route.New(info, func(c *gin.Context) { around(c, session) })
	return h.As(func(c *gin.Context) { h.Serve(c) })
}
