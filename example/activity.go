package main

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/account"
	"github.com/ginauth/ginauth/ginauth/driver"
)

// showActivity lists what happened to the user's account.
func showActivity(c *gin.Context, u User) {
	list, err := account.ListEvents(c)
	if err != nil {
		ginauth.Fail(c, err)
		return
	}
	show(c, http.StatusOK, "activity", page{Title: "Activity", User: &u, Events: list.Events, Next: list.Next})
}

var descriptions = map[driver.EventKind]string{
	driver.UserCreated: "Signed up", driver.LoginSucceeded: "Logged in", driver.LoginFailed: "Somebody failed to log in",
	driver.LoggedOut: "Logged out", driver.SessionsRevoked: "Logged out other devices", driver.UserUpdated: "Changed the profile", driver.UserUsernameChanged: "Changed the username",
	driver.LoginPasswordChanged: "Changed the password", driver.LoginPasswordReset: "Set a new password by mail",
	driver.UserVerified: "Confirmed the address", driver.UserEmailChanged: "Changed the address",
	driver.UserEmailChangeUndone: "Took the change of address back", driver.LinkUsed: "Opened a link that logs in",
	driver.TokenCreated: "Made a token", driver.TokenRevoked: "Revoked a token",
	driver.UserArchived: "Closed the account", driver.UserRestored: "Restored the account",
}

// describe says in words what kind of event it is.
func describe(kind driver.EventKind) string {
	if words, known := descriptions[kind]; known {
		return words
	}
	return string(kind)
}
