package ginauth_test

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store/memory"
)

// An admin disables a user. The event says who did it, and from where.
func ExampleAuditContext() {
	users := memory.New(memory.Options[memory.User]{})
	cfg, err := ginauth.New(ginauth.Options[memory.User]{Users: users, Logger: quiet})
	if err != nil {
		fmt.Println(err)
		return
	}
	r := gin.New()
	r.Use(ginauth.Session(cfg))
	r.POST("/signup", ginauth.SignUp(cfg))
	isAdmin := ginauth.CheckAuth("admin", func(_ *gin.Context, a ginauth.Auth) error {
		if a.Account.Identifier != "ada@example.com" {
			return ginauth.ErrForbidden
		}
		return nil
	})
	r.POST("/users/:id/disable", ginauth.Require(isAdmin), func(c *gin.Context) {
		if err := users.DisableUser(ginauth.AuditContext(c), driver.UserID(c.Param("id"))); err != nil {
			ginauth.Fail(c, err)
			return
		}
		c.Status(http.StatusNoContent)
	})

	admin := call(r, nil, "POST", "/signup", `{"name":"Ada","email":"ada@example.com","password":"correct horse battery staple"}`)
	call(r, nil, "POST", "/signup", `{"name":"Bob","email":"bob@example.com","password":"nanoseconds are short wires"}`)
	bob, _, err := users.FindCredential(context.Background(), "bob@example.com")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(call(r, admin, "POST", "/users/"+string(bob.ID)+"/disable", "").Code)
	events, err := users.UserEvents(context.Background(), bob.ID, time.Time{}, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(events[0].Kind, "by another user:", events[0].Actor != "" && events[0].Actor != bob.ID)
	// Output:
	// 204
	// user_disabled by another user: true
}
