package account_test

import (
	"fmt"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/account"
	"github.com/ginauth/ginauth/store/memory"
)

// A user changes their password, and the session goes on under a new cookie.
func ExampleChangePassword() {
	cfg, err := ginauth.New(ginauth.Options[memory.User]{Users: memory.New(memory.Options[memory.User]{})})
	if err != nil {
		fmt.Println(err)
		return
	}
	r := gin.New()
	r.Use(ginauth.Session(cfg))
	r.POST("/signup", ginauth.SignUp(cfg))
	r.GET("/user", ginauth.Me(cfg))
	r.POST("/password/change", account.ChangePassword(cfg))
	r.POST("/password", account.SetPassword(cfg)) // for users who have no password yet

	before := call(r, nil, "POST", "/signup", ada)
	guess := call(r, before, "POST", "/password/change", `{"current_password":"a wrong guess","new_password":"a brand new battery staple"}`)
	after := call(r, before, "POST", "/password/change", `{"current_password":"correct horse battery staple","new_password":"a brand new battery staple"}`)
	second := call(r, after, "POST", "/password", `{"new_password":"yet another battery staple"}`)
	fmt.Println(guess.Code, after.Code, second.Code)
	fmt.Println(call(r, before, "GET", "/user", "").Code, call(r, after, "GET", "/user", "").Code)
	// Output:
	// 401 204 409
	// 401 200
}
