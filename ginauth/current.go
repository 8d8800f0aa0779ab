package ginauth

import (
	"context"
	"reflect"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/internal/engine"
	"github.com/ginauth/ginauth/ginauth/internal/route"
)

// CurrentUser returns the user of the request. The context is its gin.Context, one derived from
// that, or the context of its http.Request, for net/http handlers that Gin serves below Session. On
// a protected route the user is already known; on an excluded one the first call asks the store. It
// returns ErrUnauthenticated if no user is logged in, ErrUnavailable if the store cannot be asked,
// and ErrNotMounted on a route that Session does not cover. It is safe for concurrent use while the
// request runs; a goroutine that outlives the request needs a c.Copy().
func CurrentUser[U any](ctx context.Context) (U, error) {
	var none U
	c, st, err := engine.StateOf(ctx)
	if err != nil {
		return none, err
	}
	return engine.Typed[U](st.CurrentUserFor(ctx, c))
}

// With makes a Gin handler of a function that takes the current user. If there is no user, or
// Options.Unverified refuses the user, the client gets the problem and the function is not called,
// on excluded routes too.
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
