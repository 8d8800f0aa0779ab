package account_test

import (
	"context"
	"fmt"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/account"
	"github.com/ginauth/ginauth/store/memory"
)

// Member has one field more than the users of the store.
type Member struct {
	memory.User
	Plan string `json:"plan"`
}

// ProfileForm is what members may change of themselves: their name and their plan.
type ProfileForm struct {
	account.Profile
	Plan *string `json:"plan" binding:"omitempty,oneof=free team"`
}

// The app's own payload changes the app's own fields, and nothing else.
func ExampleUpdateProfileWith() {
	cfg, err := ginauth.New(ginauth.Options[Member]{
		Users: memory.New(memory.Options[Member]{}),
		View:  func(m Member) any { return m.Name + " on " + m.Plan },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	r := gin.New()
	r.Use(ginauth.Session(cfg))
	r.POST("/signup", ginauth.SignUp(cfg))
	r.PATCH("/user", account.UpdateProfileWith(cfg, func(_ context.Context, f ProfileForm, m *Member) error {
		if f.Plan != nil {
			m.Plan = *f.Plan
		}
		return nil
	}))

	session := call(r, nil, "POST", "/signup", ada)
	for _, body := range []string{`{"plan":"team"}`, `{"name":"Ada King"}`, `{"email":"eve@example.com"}`} {
		fmt.Println(call(r, session, "PATCH", "/user", body).Body)
	}
	fmt.Println(call(r, session, "PATCH", "/user", `{"plan":"gold"}`).Code)
	// Output:
	// "Ada on team"
	// "Ada King on team"
	// "Ada King on team"
	// 422
}
