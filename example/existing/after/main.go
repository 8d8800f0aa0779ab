// Command after is the app of example/existing/before on ginauth: the users stay in their own table, and nobody has to
// log in again or needs a new password. docs/existing-app.md has the steps.
//
//	DATABASE_URL=postgres://… SESSION_KEY=… go run ./example/existing/after
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/gin-contrib/sessions/cookie"
	"github.com/gin-gonic/gin"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/bridge"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/password"
	"github.com/ginauth/ginauth/migrations"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "after:", err)
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
	if err := migrations.Up(ctx, pool); err != nil { // safe at every start
		return err
	}
	users, err := newUsers(ctx, pool, os.Getenv("BESIDE_BEFORE") != "")
	if err != nil {
		return err
	}
	go func() { _ = users.RunSweeper(ctx, time.Hour) }()             // deletes what has ended
	until := time.Date(2027, time.January, 15, 0, 0, 0, 0, time.UTC) // a week after the move
	r, err := (&app{users}).routes([]byte(key), until)               //nolint:contextcheck // handlers have the context of their request
	if err != nil {
		return err
	}
	return r.Run() // on :8080, or on $PORT
}

// app is what the handlers share.
type app struct{ users users }

func (a *app) routes(key []byte, until time.Time) (*gin.Engine, error) {
	r := gin.Default()
	r.SetHTMLTemplate(pages)
	cfg, err := ginauth.New(ginauth.Options[user]{
		Users:      a.users,
		Identifier: driver.UsernameIdentifier,
		Policy:     password.Policy{MinLength: 8}, // as before; the default is 15
		Exclude:    []string{"GET /", "GET /signup", "GET /login"},
		Pages:      ginauth.Pages{Login: "/login", AfterLogin: "/profile", AfterLogout: "/login"},
		Render:     showAgain,
		Cookie:     ginauth.Cookie{InsecureLocalhost: true}, // for http://localhost; remove it behind https
		AcceptOnce: &bridge.Bridge{
			Until: until, Cookie: "app", Store: cookie.NewStore(key), LeaveCookie: a.users.besideBefore,
			Session: func(values map[any]any) bridge.Login {
				id, _ := values["user_id"].(int64)
				return bridge.Login{User: ginauth.UserID(strconv.FormatInt(id, 10)), Remember: true}
			},
		},
	})
	if err != nil {
		return nil, err
	}
	r.Use(ginauth.Session(cfg))

	r.GET("/", func(c *gin.Context) { c.Redirect(302, "/profile") })
	r.GET("/signup", a.page("signup"))
	r.POST("/signup", ginauth.SignUpWith(cfg, func(context.Context, ginauth.Credentials, *user) error { return nil }))
	r.GET("/login", a.page("login"))
	r.POST("/login", ginauth.Login(cfg))
	r.POST("/logout", ginauth.Logout(cfg))

	r.GET("/profile", ginauth.With(a.profile))
	r.GET("/admin", ginauth.Require(isAdmin), a.admin)
	return r, ginauth.CheckRoutes(r)
}
