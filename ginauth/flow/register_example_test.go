package flow_test

import (
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/flow"
	"github.com/ginauth/ginauth/store/memory"
)

// Invited is what a new user sends: the fields of a sign-up, and the invitation.
type Invited struct {
	ginauth.Registration
	Invitation string `json:"invitation" binding:"required"`
}

// A sign-up for users who were invited.
func ExampleBindRegistration() {
	users := memory.New(memory.Options[memory.User]{})
	cfg, err := ginauth.New(ginauth.Options[memory.User]{Users: users, Exclude: []string{"POST /join"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	join := func(c *gin.Context) (u memory.User, err error) {
		var form Invited
		n, err := flow.BindRegistration(c, cfg, &form)
		if err != nil {
			return u, err
		}
		if form.Invitation != "spring" { // an app has a table of them
			return u, ginauth.Invalid(ginauth.FieldError{Field: "invitation", Code: "unknown", Detail: "the invitation is not known"})
		}
		if u, err = users.CreateUser(ginauth.AuditContext(c), n, nil); err != nil {
			return u, err // a taken address is 409
		}
		return u, ginauth.SignIn(c, u)
	}
	r := gin.New()
	r.Use(ginauth.Session(cfg))
	r.GET("/user", ginauth.Me(cfg))
	r.POST("/join", func(c *gin.Context) {
		u, err := join(c)
		if err != nil {
			ginauth.Fail(c, err)
			return
		}
		flow.Reply(c, http.StatusCreated, u)
	})

	for _, invitation := range []string{"winter", "spring", "spring"} {
		answer := call(r, nil, "POST", "/join", `{"name":"Ada","email":"ada@example.com","password":"correct horse battery staple","invitation":"`+invitation+`"}`)
		fmt.Println(answer.Code, call(r, answer, "GET", "/user", "").Code)
	}
	// Output:
	// 422 401
	// 201 200
	// 409 401
}
