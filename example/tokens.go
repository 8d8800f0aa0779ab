package main

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/apikey"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/flow"
)

// tokens is what the tokens page shows.
type tokens struct {
	List []driver.APIKey
	Made string // the new token, this once
}

// tokenPages are the pages on which a user makes API keys, here called tokens, and ends them.
type tokenPages struct{ keys *apikey.Keys[User] }

func (t tokenPages) show(c *gin.Context, u User) {
	if _, err := flow.CurrentOwner(c, 0); err != nil { // a token is for its script, not for these pages
		ginauth.Fail(c, err)
		return
	}
	t.page(c, u, http.StatusOK, "")
}

func (t tokenPages) create(c *gin.Context, u User) {
	var form struct {
		Name string `json:"name"`
	}
	if err := flow.Bind(c, &form); err != nil {
		ginauth.Fail(c, err)
		return
	}
	key, _, err := apikey.Issue(c, t.keys, apikey.Request{Name: form.Name})
	if err != nil {
		ginauth.Fail(c, err)
		return
	}
	t.page(c, u, http.StatusCreated, key.Reveal())
}

func (t tokenPages) revoke(c *gin.Context, u User) {
	t.end(c, func() error {
		return t.keys.Options().Store.RevokeAPIKey(ginauth.AuditContext(c), u.ID, driver.APIKeyID(c.Param("id")))
	})
}

func (t tokenPages) revokeAll(c *gin.Context, u User) {
	t.end(c, func() error { return t.keys.Options().Store.RevokeUserAPIKeys(ginauth.AuditContext(c), u.ID) })
}

func (t tokenPages) end(c *gin.Context, revoke func() error) {
	_, err := flow.CurrentOwner(c, 0) // no token ends another
	if err == nil {
		err = revoke()
	}
	if err != nil {
		ginauth.Fail(c, err)
		return
	}
	c.Redirect(http.StatusSeeOther, "/tokens")
}

func (t tokenPages) page(c *gin.Context, u User, status int, made string) {
	list, err := t.keys.Options().Store.UserAPIKeys(c.Request.Context(), u.ID)
	if err != nil {
		ginauth.Fail(c, err)
		return
	}
	show(c, status, "tokens", page{Title: "Tokens", User: &u, Fresh: isFresh(c), Tokens: tokens{List: list, Made: made}})
}
