package account_test

import (
	"encoding/json"
	"fmt"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/account"
	"github.com/ginauth/ginauth/store/memory"
)

// Users see what happened to their account.
func ExampleEvents() {
	cfg, err := ginauth.New(ginauth.Options[memory.User]{Users: memory.New(memory.Options[memory.User]{})})
	if err != nil {
		fmt.Println(err)
		return
	}
	r := gin.New()
	r.Use(ginauth.Session(cfg))
	r.POST("/signup", ginauth.SignUp(cfg))
	r.POST("/login", ginauth.Login(cfg))
	r.GET("/events", account.Events(cfg))

	session := call(r, nil, "POST", "/signup", ada)
	call(r, nil, "POST", "/login", `{"email":"ada@example.com","password":"a wrong one"}`)
	var page account.ActivityPage
	if err := json.Unmarshal(call(r, session, "GET", "/events", "").Body.Bytes(), &page); err != nil {
		fmt.Println(err)
		return
	}
	for _, e := range page.Events {
		fmt.Println(e.Kind, e.Outcome, e.Operation, "by me:", e.ByMe)
	}
	// Output:
	// authn_login_fail failure login by me: false
	// authn_login_success success signUp by me: true
	// user_created success signUp by me: true
}
