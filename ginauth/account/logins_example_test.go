package account_test

import (
	"encoding/json"
	"fmt"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/account"
	"github.com/ginauth/ginauth/store/memory"
)

// A user looks at their logins, and ends the one on a phone that is lost.
func ExampleSessions() {
	cfg, err := ginauth.New(ginauth.Options[memory.User]{Users: memory.New(memory.Options[memory.User]{})})
	if err != nil {
		fmt.Println(err)
		return
	}
	r := gin.New()
	r.Use(ginauth.Session(cfg))
	r.POST("/signup", ginauth.SignUp(cfg))
	r.POST("/login", ginauth.Login(cfg))
	r.GET("/user", ginauth.Me(cfg))
	r.GET("/sessions", account.Sessions(cfg))
	r.DELETE("/sessions/:id", account.RevokeSession(cfg))
	r.DELETE("/sessions", account.RevokeOtherSessions(cfg))

	phone := call(r, nil, "POST", "/signup", ada)
	laptop := call(r, nil, "POST", "/login", adaIn)
	var logins []account.LoginRecord
	if err := json.Unmarshal(call(r, laptop, "GET", "/sessions", "").Body.Bytes(), &logins); err != nil {
		fmt.Println(err)
		return
	}
	for _, l := range logins {
		if !l.Current {
			fmt.Println(call(r, laptop, "DELETE", "/sessions/"+string(l.ID), "").Code)
		}
	}
	fmt.Println(len(logins), call(r, phone, "GET", "/user", "").Code, call(r, laptop, "GET", "/user", "").Code)
	// Output:
	// 204
	// 2 401 200
}
