package ginauthtest_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/account"
	"github.com/ginauth/ginauth/ginauth/email"
	"github.com/ginauth/ginauth/ginauth/ginauthtest"
	"github.com/ginauth/ginauth/store"
)

type User = store.User // or a struct that embeds it

func routes(cfg *ginauth.Config[User], mails *email.Flows[User]) *gin.Engine {
	r := gin.New()
	r.Use(ginauth.Session(cfg))
	r.POST("/forgot", email.ForgotPassword(mails))
	r.Match([]string{"GET", "POST"}, "/reset", email.ResetPassword(mails))
	r.GET("/dashboard", ginauth.With(func(c *gin.Context, u User) { c.JSON(http.StatusOK, gin.H{"hello": u.Name}) }))
	r.DELETE("/user", ginauth.Require(ginauth.Fresh(10*time.Minute)), account.DeleteAccount(cfg))
	return r
}

func TestDashboard(t *testing.T) {
	t.Parallel()
	app := ginauthtest.New(t, func(k ginauthtest.Kit[User]) *gin.Engine {
		return routes(k.Config, k.Mails(email.Options[User]{Pages: email.Pages{Reset: "/reset"}}))
	})
	app.Anonymous().GET("/dashboard").Problem("unauthenticated")

	ada := app.As(User{Name: "Ada", Email: "ada@example.com"})
	var answer struct{ Hello string }
	if ada.GET("/dashboard").Status(200).JSON(&answer); answer.Hello != "Ada" {
		t.Errorf("hello %s", answer.Hello)
	}
	ada.DELETE("/user").Problem("reauthentication_required") // she has logged in half an hour ago
	app.As(User{}, ginauthtest.Fresh()).DELETE("/user").Status(204)

	app.Clock.Advance(61 * time.Minute)
	ada.GET("/dashboard").Problem("unauthenticated")

	app.Anonymous().POST("/forgot", gin.H{"email": "ada@example.com"}).Status(202)
	letter := app.Mail.To("ada@example.com").Last()
	app.Anonymous().Page(letter.Link).Status(200)
	app.Anonymous().POST("/reset", gin.H{"token": letter.Token, "password": "nanoseconds are short wires"}).Status(204)
}
