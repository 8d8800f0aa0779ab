package memory_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/store/memory"
)

// Customer adds a field to the users.
type Customer struct {
	memory.User
	Plan string `json:"plan"`
}

// An app without a database: what it holds is gone when it ends.
func ExampleNew() {
	cfg, err := ginauth.New(ginauth.Options[Customer]{Users: memory.New(memory.Options[Customer]{})})
	if err != nil {
		panic(err)
	}
	gin.SetMode(gin.ReleaseMode)
	router := gin.New()
	router.Use(ginauth.Session(cfg))
	router.POST("/signup", ginauth.SignUp(cfg))
	router.GET("/me", ginauth.Me(cfg))

	signUp := httptest.NewRequest(http.MethodPost, "https://example.com/signup",
		strings.NewReader(`{"name": "Ada", "email": "ada@example.com", "password": "correct horse battery staple"}`))
	signUp.Header.Set("Content-Type", "application/json")
	signedUp := httptest.NewRecorder()
	router.ServeHTTP(signedUp, signUp)

	me := httptest.NewRequest(http.MethodGet, "https://example.com/me", http.NoBody)
	for _, c := range signedUp.Result().Cookies() {
		me.AddCookie(c)
	}
	answer := httptest.NewRecorder()
	router.ServeHTTP(answer, me)
	fmt.Println(signedUp.Code, answer.Code, strings.Contains(answer.Body.String(), `"email":"ada@example.com"`))

	// Output:
	// 201 200 true
}
