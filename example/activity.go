package main

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
)

// showActivity lists what happened to the user's account.
func showActivity(c *gin.Context, u User) {
	list, err := ginauth.ListEvents(c)
	if err != nil {
		ginauth.Fail(c, err)
		return
	}
	show(c, http.StatusOK, "activity", page{Title: "Activity", User: &u, Events: list.Events, Next: list.Next})
}

var descriptions = map[ginauth.EventKind]string{
	ginauth.EventSignUp: "Signed up", ginauth.EventLogin: "Logged in", ginauth.EventLoginFailed: "Somebody failed to log in",
	ginauth.EventLogout: "Logged out", ginauth.EventSessionsRevoked: "Logged out other devices", ginauth.EventUserUpdated: "Changed the profile",
	ginauth.EventPasswordChanged: "Changed the password", ginauth.EventPasswordReset: "Set a new password by mail",
	ginauth.EventUserVerified: "Confirmed the address", ginauth.EventEmailChanged: "Changed the address",
	ginauth.EventEmailChangeUndone: "Took the change of address back", ginauth.EventLinkUsed: "Opened a link that logs in",
	ginauth.EventTokenCreated: "Made a token", ginauth.EventTokenRevoked: "Revoked a token",
	ginauth.EventUserArchived: "Closed the account", ginauth.EventUserRestored: "Restored the account",
}

// describe says in words what kind of event it is.
func describe(kind ginauth.EventKind) string {
	if words, known := descriptions[kind]; known {
		return words
	}
	return string(kind)
}
