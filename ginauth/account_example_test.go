package ginauth_test

import (
	"context"
	"fmt"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/account"
	"github.com/ginauth/ginauth/store"
)

// A user changes their password, and the session goes on under a new cookie.
func ExampleChangePassword() {
	pool, closePool := exampleDatabase()
	defer closePool()
	r := gin.New()
	cfg, err := ginauth.New(ginauth.Options[store.User]{Users: store.New[store.User](pool), Exclude: []string{"/signup"}, Logger: quiet})
	if err != nil {
		fmt.Println(err)
		return
	}
	r.Use(ginauth.Session(cfg))
	r.POST("/signup", ginauth.SignUp(cfg))
	r.POST("/password/change", account.ChangePassword(cfg))
	r.POST("/password", account.SetPassword(cfg))
	r.GET("/user", ginauth.Me(cfg))

	before := call(r, nil, "POST", "/signup", `{"name":"Ada","email":"ada@example.com","password":"correct horse battery staple"}`)
	guess := call(r, before, "POST", "/password/change", `{"current_password":"a wrong guess","new_password":"a brand new battery staple"}`)
	after := call(r, before, "POST", "/password/change", `{"current_password":"correct horse battery staple","new_password":"a brand new battery staple"}`)
	second := call(r, after, "POST", "/password", `{"new_password":"yet another battery staple"}`)
	fmt.Println(guess.Code, after.Code, second.Code)
	fmt.Println(call(r, before, "GET", "/user", "").Code, call(r, after, "GET", "/user", "").Code)
	// Output:
	// 401 204 409
	// 401 200
}

// ProfileForm is what members may change of themselves: their name and their plan.
type ProfileForm struct {
	account.Profile
	Plan *string `json:"plan" binding:"omitempty,oneof=free team"`
}

// The app's own payload for the app's own columns.
func ExampleUpdateProfileWith() {
	pool, closePool := exampleDatabase()
	defer closePool()
	if _, err := pool.Exec(context.Background(), "ALTER TABLE ginauth.users ADD COLUMN plan text NOT NULL DEFAULT 'free'"); err != nil {
		fmt.Println(err)
		return
	}
	r := gin.New()
	cfg, err := ginauth.New(ginauth.Options[Member]{
		Users: store.New[Member](pool), Exclude: []string{"/signup"}, Logger: quiet,
		View: func(m Member) any { return m.Name + " on " + m.Plan },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	r.Use(ginauth.Session(cfg))
	r.POST("/signup", ginauth.SignUp(cfg))
	r.PATCH("/user", account.UpdateProfileWith(cfg, func(_ context.Context, f ProfileForm, m *Member) error {
		if f.Plan != nil {
			m.Plan = *f.Plan
		}
		return nil
	}))

	session := call(r, nil, "POST", "/signup", `{"name":"Ada","email":"ada@example.com","password":"correct horse battery staple"}`)
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

// A user leaves, thinks better of it, and comes back.
func ExampleDeleteAccountAfter() {
	pool, closePool := exampleDatabase()
	defer closePool()
	r := gin.New()
	cfg, err := ginauth.New(ginauth.Options[store.User]{Users: store.New[store.User](pool), Exclude: []string{"/signup", "/login", "/restore"}, Logger: quiet})
	if err != nil {
		fmt.Println(err)
		return
	}
	r.Use(ginauth.Session(cfg))
	r.POST("/signup", ginauth.SignUp(cfg))
	r.POST("/login", ginauth.Login(cfg))
	r.POST("/leave", account.DeleteAccountAfter(cfg, 30*24*time.Hour))
	r.POST("/restore", account.RestoreAccount(cfg))
	r.DELETE("/user", account.DeleteAccount(cfg)) // at once, and for good
	r.GET("/user/export", account.ExportAccount(cfg))

	const credentials = `{"email":"ada@example.com","password":"correct horse battery staple"}`
	session := call(r, nil, "POST", "/signup", `{"name":"Ada","email":"ada@example.com","password":"correct horse battery staple"}`)
	fmt.Println(call(r, session, "POST", "/leave", "").Code, call(r, nil, "POST", "/login", credentials).Code)
	session = call(r, nil, "POST", "/restore", credentials)
	fmt.Println(session.Code, call(r, session, "GET", "/user/export", "").Code)
	fmt.Println(call(r, session, "DELETE", "/user", "").Code, call(r, nil, "POST", "/restore", credentials).Code)
	// Output:
	// 200 401
	// 200 200
	// 204 401
}
