package account_test

import (
	"fmt"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/account"
	"github.com/ginauth/ginauth/store/memory"
)

// A user leaves, changes their mind within 30 days, and leaves for good.
func ExampleDeleteAccountAfter() {
	cfg, err := ginauth.New(ginauth.Options[memory.User]{Users: memory.New(memory.Options[memory.User]{})})
	if err != nil {
		fmt.Println(err)
		return
	}
	r := gin.New()
	r.Use(ginauth.Session(cfg))
	r.POST("/signup", ginauth.SignUp(cfg))
	r.POST("/login", ginauth.Login(cfg))
	r.POST("/leave", account.DeleteAccountAfter(cfg, 30*24*time.Hour))
	r.POST("/restore", account.RestoreAccount(cfg))
	r.DELETE("/user", account.DeleteAccount(cfg)) // at once
	r.GET("/user/export", account.ExportAccount(cfg))

	session := call(r, nil, "POST", "/signup", ada)
	fmt.Println(call(r, session, "POST", "/leave", "").Code, call(r, nil, "POST", "/login", adaIn).Code)
	session = call(r, nil, "POST", "/restore", adaIn)
	fmt.Println(session.Code, call(r, session, "GET", "/user/export", "").Code)
	fmt.Println(call(r, session, "DELETE", "/user", "").Code, call(r, nil, "POST", "/restore", adaIn).Code)
	// Output:
	// 200 401
	// 200 200
	// 204 401
}
