package flow_test

import (
	"fmt"
	"log/slog"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/flow"
	"github.com/ginauth/ginauth/store/memory"
)

// A login that asks for a password and a code. The session begins when both are right.
func ExampleVerifyPassword() {
	cfg, err := ginauth.New(ginauth.Options[memory.User]{
		Users: memory.New(memory.Options[memory.User]{}), Exclude: []string{"POST /login/code"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	prove := func(c *gin.Context) (u memory.User, err error) {
		var form struct {
			ginauth.Credentials
			Code string `json:"code" binding:"required,len=6"`
		}
		if err := flow.Bind(c, &form); err != nil {
			return u, err
		}
		if u, err = flow.VerifyPassword(c, cfg, form.Email, form.Password); err != nil {
			return u, err
		}
		guess, err := flow.CountGuess(c, cfg, "code", u.ID)
		if err != nil {
			return u, err
		}
		if form.Code != "755224" { // an app computes the code of the user
			return u, ginauth.ErrInvalidCredentials
		}
		if err := guess.TakeBack(c.Request.Context()); err != nil {
			slog.Warn("a right code counts as a wrong one", "error", err) // no reason to turn the user away
		}
		return u, nil
	}
	r := gin.New()
	r.Use(ginauth.Session(cfg))
	r.POST("/signup", ginauth.SignUp(cfg))
	r.GET("/user", ginauth.Me(cfg))
	r.POST("/login/code", func(c *gin.Context) {
		u, err := prove(c)
		if err == nil {
			err = ginauth.SignIn(c, u)
		}
		if err != nil {
			ginauth.Fail(c, err)
			return
		}
		flow.Reply(c, http.StatusOK, u)
	})

	call(r, nil, "POST", "/signup", ada)
	wrong := call(r, nil, "POST", "/login/code", `{"email":"ada@example.com","password":"correct horse battery staple","code":"000000"}`)
	right := call(r, nil, "POST", "/login/code", `{"email":"ada@example.com","password":"correct horse battery staple","code":"755224"}`)
	fmt.Println(wrong.Code, call(r, wrong, "GET", "/user", "").Code)
	fmt.Println(right.Code, call(r, right, "GET", "/user", "").Code)
	// Output:
	// 401 401
	// 200 200
}
