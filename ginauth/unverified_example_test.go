package ginauth_test

import (
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/store"
)

// New users may look around; what they write waits until their address was proved.
func ExampleUnverified() {
	pool, stop := exampleDatabase()
	defer stop()
	cfg, err := ginauth.New(ginauth.Options[store.User]{
		Users: store.New[store.User](pool), Exclude: []string{"/signup"}, Logger: quiet,
		Unverified: ginauth.UnverifiedReadOnly, UnverifiedMay: []string{"POST /feedback"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	r := gin.New()
	r.Use(ginauth.Session(cfg))
	r.POST("/signup", ginauth.SignUp(cfg))
	r.GET("/posts", func(c *gin.Context) { c.String(http.StatusOK, "posts") })
	r.POST("/posts", func(c *gin.Context) { c.String(http.StatusCreated, "written") })
	r.POST("/feedback", func(c *gin.Context) { c.String(http.StatusCreated, "thank you") })

	in := call(r, nil, "POST", "/signup", `{"name":"Ada","email":"ada@example.com","password":"correct horse battery staple"}`)
	fmt.Println(call(r, in, "GET", "/posts", "").Code, call(r, in, "POST", "/posts", `{}`).Code, call(r, in, "POST", "/feedback", `{}`).Code)
	// Output: 200 403 201
}
