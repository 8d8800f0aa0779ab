// Command swag is a Gin app whose API was described with swag before it had accounts.
// docs/openapi.md, "You already use swag", goes through what changed.
//
//	DATABASE_URL=postgres://… go run ./example/swag
//
//	@title			Notes
//	@version		1.0
//	@description	Keeps notes.
//	@BasePath		/api
package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"

	"github.com/gin-gonic/gin"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/openapi"
	"github.com/ginauth/ginauth/migrations"
	"github.com/ginauth/ginauth/store"
)

// Made by swag: go run github.com/swaggo/swag/cmd/swag@v1.16.6 init --outputTypes json
//
//go:embed docs/swagger.json
var swagger string

func main() {
	ctx := context.Background()
	pool, err := pgxpool.New(ctx, os.Getenv("DATABASE_URL"))
	if err == nil {
		err = migrations.Up(ctx, pool)
	}
	var r *gin.Engine
	if err == nil {
		r, err = router(pool)
	}
	if err == nil {
		err = r.Run("localhost:8080")
	}
	fmt.Fprintln(os.Stderr, "swag:", err)
	os.Exit(1)
}

func router(pool *pgxpool.Pool) (*gin.Engine, error) {
	cfg, err := ginauth.New(ginauth.Options[store.User]{Users: store.New[store.User](pool)})
	if err != nil {
		return nil, err
	}
	r := gin.New()
	r.Use(gin.Recovery(), ginauth.Session(cfg))
	api := r.Group("/api")
	api.POST("/signup", ginauth.SignUp(cfg))
	api.POST("/login", ginauth.Login(cfg))
	api.POST("/logout", ginauth.Logout(cfg))
	api.GET("/notes", listNotes)
	api.POST("/notes", ginauth.Require(ginauth.Verified()), addNote)
	return r, errors.Join(openapi.Mount(r, options), ginauth.CheckRoutes(r))
}

var options = openapi.Options{Swagger: swagger}
