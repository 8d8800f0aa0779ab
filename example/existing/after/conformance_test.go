package main

import (
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/ginauthtest"
	"github.com/ginauth/ginauth/store"
)

func TestTheAppConforms(t *testing.T) {
	t.Parallel()
	app := ginauthtest.New(t, func(k ginauthtest.Kit[user]) *gin.Engine {
		if _, err := k.Pool.Exec(t.Context(), schema); err != nil {
			t.Fatal(err)
		}
		users, err := newUsers(t.Context(), k.Pool, false, store.WithNow(k.Clock.Now), store.WithTimeout(time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		o := k.Options
		o.Users, o.Identifier, o.Cookie = users, driver.UsernameIdentifier, ginauth.Cookie{InsecureLocalhost: true}
		o.Pages = ginauth.Pages{Login: "/login", AfterLogin: "/profile", AfterLogout: "/login"}
		k.New(o)
		r, err := (&app{users}).routes([]byte(key), time.Now().Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		return r
	})
	ginauthtest.Conformance(t, app, ginauthtest.Public("GET /", "GET /signup", "GET /login"))
}
