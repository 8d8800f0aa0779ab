// Command quickstart is the smallest app with accounts: sign-up, login, logout, and who am I.
package main

import (
	"context"
	"log/slog"
	"os"

	"github.com/gin-gonic/gin"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/migrations"
	"github.com/ginauth/ginauth/store"
)

func main() {
	slog.Error("the app has ended", "error", run(context.Background()))
	os.Exit(1)
}

func run(ctx context.Context) error {
	pool, err := pgxpool.New(ctx, os.Getenv("DATABASE_URL"))
	if err != nil {
		return err
	}
	if err := migrations.Up(ctx, pool); err != nil { // safe at every start
		return err
	}
	cfg, err := ginauth.New(ginauth.Options[store.User]{
		Users:  store.New[store.User](pool),
		Cookie: ginauth.Cookie{InsecureLocalhost: true}, // for http://localhost; remove it behind https
	})
	if err != nil {
		return err
	}
	r := routes(cfg)
	if err := ginauth.CheckRoutes(r); err != nil {
		return err
	}
	return r.Run() // on :8080, or on $PORT
}

func routes(cfg *ginauth.Config[store.User]) *gin.Engine {
	r := gin.Default()
	r.Use(ginauth.Session(cfg)) // from here on, every route needs a login
	r.POST("/signup", ginauth.SignUp(cfg))
	r.POST("/login", ginauth.Login(cfg))
	r.POST("/logout", ginauth.Logout(cfg))
	r.GET("/user", ginauth.Me(cfg))
	return r
}
