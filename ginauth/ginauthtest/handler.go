package ginauthtest

import (
	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
)

// RequestWith returns the client of a user for handlers alone, without the app's routes: they run
// behind Session, for every method, on a path such as "/posts/:id". The user logs in as by As, just
// now, with the values in the session; nil is none. Templates are the app's.
//
//	app.RequestWith(ada, map[any]any{"cart": 3}, "/cart/:id", showCart).GET("/cart/7").Status(200)
func (a *App[U]) RequestWith(u U, session map[any]any, path string, handlers ...gin.HandlerFunc) *Client[U] {
	a.tb.Helper()
	options := []UserOption{Fresh()}
	for key, v := range session {
		options = append(options, Value(key, v))
	}
	c := a.As(u, options...)
	r := gin.New()
	r.HTMLRender = a.Engine.HTMLRender
	r.Use(ginauth.Session(a.config))
	r.Any(path, handlers...)
	c.router = r
	return c
}
