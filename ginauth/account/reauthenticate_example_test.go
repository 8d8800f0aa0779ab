package account_test

import (
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/account"
	"github.com/ginauth/ginauth/store/memory"
)

// A route asks for a login or a password of the last ten minutes; half an hour after the login, the password is asked for.
func ExampleReauthenticate() {
	now := time.Now()
	users := memory.New(memory.Options[memory.User]{Now: func() time.Time { return now }})
	cfg, err := ginauth.New(ginauth.Options[memory.User]{Users: users})
	if err != nil {
		fmt.Println(err)
		return
	}
	r := gin.New()
	r.Use(ginauth.Session(cfg))
	r.POST("/signup", ginauth.SignUp(cfg))
	r.POST("/reauthenticate", account.Reauthenticate(cfg))
	r.POST("/iban", ginauth.Require(ginauth.Fresh(10*time.Minute)), func(c *gin.Context) { c.Status(http.StatusNoContent) })

	session := call(r, nil, "POST", "/signup", ada)
	fmt.Println(call(r, session, "POST", "/iban", "").Code)
	now = now.Add(30 * time.Minute)
	fmt.Println(call(r, session, "POST", "/iban", "").Code)
	session = call(r, session, "POST", "/reauthenticate", `{"password":"correct horse battery staple"}`)
	fmt.Println(session.Code, call(r, session, "POST", "/iban", "").Code)
	// Output:
	// 204
	// 403
	// 204 204
}
