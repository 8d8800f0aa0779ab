package main

import (
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/ginauthtest"
)

func TestTheExampleConforms(t *testing.T) {
	t.Parallel()
	for name, options := range map[string][]ginauthtest.Option{"PostgreSQL": nil, "memory": {ginauthtest.InMemory()}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := ginauthtest.New(t, func(k ginauthtest.Kit[User]) *gin.Engine {
				o := k.Options
				o.BaseURL, o.Cookie = "http://localhost", ginauth.Cookie{InsecureLocalhost: true}
				o.Pages = ginauth.Pages{Login: "/login", AfterLogin: "/user", AfterLogout: "/"}
				k.New(o)
				r, _, err := router(o.Users, o.BaseURL, settings{passwords: o.Passwords, unlimited: true}, o.Logger)
				if err == nil {
					err = finish(r)
				}
				if err != nil {
					t.Fatal(err)
				}
				return r
			}, append(options, ginauthtest.WithMail())...)
			ginauthtest.Conformance(t, app,
				ginauthtest.Public("GET /", "GET /signup", "GET /login", "GET /restore", "GET /forgot", "GET /magic/send", "/style.css", "/mailbox"))
		})
	}
}
