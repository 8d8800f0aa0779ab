// Command before is a small app with accounts of its own: gin-contrib/sessions keeps the login in a
// cookie, bcrypt hashes the passwords, and the users are in a table with ids from a sequence.
//
//	DATABASE_URL=postgres://… SESSION_KEY=… go run ./example/existing/before
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/gin-contrib/sessions"
	"github.com/gin-contrib/sessions/cookie"
	"github.com/gin-gonic/gin"
	"github.com/jackc/pgx/v5/pgxpool"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "before:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	key := os.Getenv("SESSION_KEY")
	if len(key) < 32 {
		return errors.New("SESSION_KEY needs 32 or more characters")
	}
	pool, err := pgxpool.New(ctx, os.Getenv("DATABASE_URL"))
	if err != nil {
		return err
	}
	defer pool.Close()
	if _, err := pool.Exec(ctx, schema); err != nil {
		return err
	}
	return (&app{users: users{pool}}).routes([]byte(key)).Run() // on :8080, or on $PORT
}

// app is what the handlers share.
type app struct{ users users }

func (a *app) routes(key []byte) *gin.Engine {
	r := gin.Default()
	r.SetHTMLTemplate(pages)
	store := cookie.NewStore(key)
	store.Options(sessions.Options{Path: "/", MaxAge: 7 * 24 * 3600, HttpOnly: true, SameSite: 2}) // Lax
	r.Use(sessions.Sessions("app", store))

	r.GET("/", func(c *gin.Context) { c.Redirect(302, "/profile") })
	r.GET("/signup", a.page("signup"))
	r.POST("/signup", a.signUp)
	r.GET("/login", a.page("login"))
	r.POST("/login", a.logIn)
	r.POST("/logout", a.logOut)

	members := r.Group("/", a.requireUser)
	members.GET("/profile", a.profile)
	members.GET("/admin", a.requireAdmin, a.admin)
	return r
}
