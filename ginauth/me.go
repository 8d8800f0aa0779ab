package ginauth

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/internal/engine"
	"github.com/ginauth/ginauth/ginauth/internal/route"
)

// Me returns the handler that answers 200 with the current user in the form of Options.View, and
// 401 when no user is logged in.
func Me[U any](cfg *Config[U]) gin.HandlerFunc {
	m := cfg.Engine().Mounted("ginauth.Me")
	h := route.New(route.Info{Name: "me", For: route.Users, Mount: m, Cookie: m.Cookie.Name, User: m.Edge.ViewType}, func(c *gin.Context) {
		showUser(c, cfg)
	})
	return h.As(func(c *gin.Context) { h.Serve(c) })
}

// @Summary		Current user
// @Description	Returns the user whose session this is.
// @ID				me
// @Tags			account
// @Produce		json,application/problem+json
// @Success		200	{object}	store.User
// @Failure		401	{object}	Problem	"unauthenticated"
// @Failure		503	{object}	Problem	"unavailable"
// @Security		sessionCookie
// @Router			/user [get]
func showUser[U any](c *gin.Context, cfg *Config[U]) {
	u, err := CurrentUser[U](c)
	if err != nil {
		Fail(c, err)
		return
	}
	engine.Reply(c, http.StatusOK, cfg.m.Edge.View(&u))
}
