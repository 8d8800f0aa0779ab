package ginauth_test

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/account"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store"
)

// Users see what happened to their account, and an admin's handler says who did it.
func ExampleEvents() {
	pool, closePool := exampleDatabase()
	defer closePool()

	r := gin.New()
	db := store.New[store.User](pool)
	cfg, err := ginauth.New(ginauth.Options[store.User]{Users: db, Logger: quiet})
	if err != nil {
		fmt.Println(err)
		return
	}
	r.Use(ginauth.Session(cfg))
	r.POST("/signup", ginauth.SignUp(cfg))
	r.POST("/login", ginauth.Login(cfg))
	r.GET("/events", account.Events(cfg))
	r.POST("/unlock/:id", func(c *gin.Context) {
		if err := db.EnableUser(ginauth.AuditContext(c), driver.UserID(c.Param("id"))); err != nil {
			ginauth.Fail(c, err)
			return
		}
		c.Status(http.StatusNoContent)
	})

	in := call(r, nil, "POST", "/signup", `{"name":"Ada","email":"ada@example.com","password":"correct horse battery staple"}`)
	call(r, nil, "POST", "/login", `{"email":"ada@example.com","password":"a wrong one"}`)

	var page account.ActivityPage
	if err := json.Unmarshal(call(r, in, "GET", "/events", "").Body.Bytes(), &page); err != nil {
		panic(err)
	}
	for _, e := range page.Events {
		fmt.Println(e.Kind, e.Outcome, e.Operation, "by me:", e.ByMe)
	}

	// Output:
	// authn_login_fail failure login by me: false
	// authn_login_success success signUp by me: true
	// user_created success signUp by me: true
}
