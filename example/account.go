package main

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/account"
)

const (
	// freshness is how recently one must have typed the password for what matters. It is what the
	// library's own handlers ask for (OWASP ASVS 7.5.1).
	freshness = 10 * time.Minute
	// grace is the time for second thoughts about a deleted account.
	grace = 30 * 24 * time.Hour
)

// showUser answers a browser with the profile page. An API client gets what the next handler says.
func showUser(c *gin.Context, u User) {
	if !wantsPage(c) {
		return
	}
	c.Abort()
	logins, err := account.ListLogins(c)
	if err != nil {
		ginauth.Fail(c, err)
		return
	}
	show(c, http.StatusOK, "user", page{Title: "Your profile", User: &u, Logins: logins})
}

// showAccount shows all that users can do with their account. Its forms go to the handlers of the library.
func showAccount(c *gin.Context, u User) {
	show(c, http.StatusOK, "account", page{Title: accountPage.title, User: &u, Fresh: isFresh(c)})
}

// fresh is the guard in front of the handlers that do not ask for it by themselves.
func fresh() gin.HandlerFunc { return ginauth.Require(ginauth.Fresh(freshness)) }

// isFresh tells a page whether that guard would let its form pass.
func isFresh(c *gin.Context) bool {
	auth, err := ginauth.CurrentAuth(c)
	return err == nil && !auth.AuthenticatedAt.IsZero() && auth.Now.Sub(auth.AuthenticatedAt) < freshness
}
