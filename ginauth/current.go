package ginauth

import (
	"context"
	"reflect"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/internal/engine"
	"github.com/ginauth/ginauth/ginauth/internal/route"
)

// CurrentUser returns the user of the request whose gin.Context this is, or is derived
// from; the context of the http.Request does as well, for net/http handlers that Gin serves below Session. On a protected route the user is known already; on an excluded one the store is asked
// at the first call. It returns ErrUnauthenticated when nobody is logged in, ErrUnavailable when
// the store cannot be asked, and ErrNotMounted on a route that Session does not cover.
// It is safe for concurrent use while the request runs; a goroutine that outlives it needs a c.Copy().
func CurrentUser[U any](ctx context.Context) (U, error) {
	var none U
	c, st, err := engine.StateOf(ctx)
	if err != nil {
		return none, err
	}
	return engine.Typed[U](st.CurrentUserFor(ctx, c))
}

// With makes a Gin handler of a function that takes the current user. Without one the
// function is not called, and the client gets the problem, on excluded routes too, and so do users whom Options.Unverified refuses.
func With[U any](handle func(*gin.Context, U)) gin.HandlerFunc {
	h := route.New(route.Info{Name: route.With, For: route.VerifiedUsers, Users: []reflect.Type{reflect.TypeFor[U]()}}, func(c *gin.Context) {
		u, err := CurrentUser[U](c)
		if st := engine.Attached(c); err == nil && st != nil {
			err = st.CheckPolicies(c)
		}
		if err != nil {
			Fail(c, err)
			return
		}
		handle(c, u)
	})
	return h.As(func(c *gin.Context) { h.Serve(c) })
}
