package openapi_test

import (
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/openapi"
	"github.com/ginauth/ginauth/store"
)

func TestX(t *testing.T) {
	gin.SetMode(gin.TestMode)
	cfg := ginauth.Config[store.User]{Users: store.New[store.User](&pgxpool.Pool{}), Exclude: []string{"/login", "/signup"}}
	r := gin.New()
	r.Use(ginauth.Session(cfg))
	r.POST("/login", ginauth.Login(cfg))
	r.POST("/signup", ginauth.SignUp(cfg))
	r.GET("/me", ginauth.Me(cfg))
	r.POST("/logout", ginauth.Logout(cfg))
	r.DELETE("/s/:sid", ginauth.RevokeSession(cfg))
	r.GET("/f/*rest", ginauth.Require(ginauth.Fresh(1)), func(*gin.Context) {})
	d, err := openapi.Build(r, openapi.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Log(string(d.YAML()))
	t.Log(d.Report())
}
