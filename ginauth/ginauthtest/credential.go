package ginauthtest

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/apikey"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/jwt"
)

// AsKey returns the client of a user that sends an API key, which is stored like any other. The
// user is found or created as by As. Of the options, Scopes and Verified count. The app has its
// keys from Kit.Keys.
func (a *App[U]) AsKey(u U, options ...UserOption) *Client[U] {
	a.tb.Helper()
	return a.withCredential(u, options, a.issueKey)
}

// AsToken returns the client of a user that sends a JSON web token of a login that has a refresh
// token in the store, if the Flow has those. The user is found or created as by As. Of the options,
// Scopes, Fresh and Verified count. The app has its tokens from Kit.Tokens.
func (a *App[U]) AsToken(u U, options ...UserOption) *Client[U] {
	a.tb.Helper()
	return a.withCredential(u, options, a.issueToken)
}

func (a *App[U]) withCredential(u U, options []UserOption, issue func(U, login) (string, error)) *Client[U] {
	a.tb.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	l, credential := loginOf(options), ""
	made, err := a.findOrCreate(u, l)
	if err == nil {
		credential, err = issue(made, l)
	}
	if err != nil {
		a.tb.Fatalf("ginauthtest: making a credential: %v", err)
	}
	c := a.Anonymous()
	c.User, c.Header = made, http.Header{"Authorization": {"Bearer " + credential}}
	return c
}

func (a *App[U]) issueKey(u U, l login) (string, error) {
	if a.keys == nil {
		return "", errors.New("the app has no keys of Kit.Keys: let it have those in place of apikey.New's")
	}
	o := a.keys.Options()
	key, err := apikey.NewKey(o.Prefix)
	if err != nil {
		return "", err
	}
	_, err = o.Store.CreateAPIKey(a.tb.Context(), driver.NewAPIKey{
		Digest: key.Digest(), Start: key.Start(), UserID: a.config.Account(u).ID, Name: "test", Scopes: append([]string{}, l.scopes...),
		Lifetime: o.Lifetime, Limit: o.MaxKeys,
	})
	return key.Reveal(), err
}

// issueToken logs in by the Flow, and signs the token again where the test wants other claims.
func (a *App[U]) issueToken(u U, l login) (string, error) {
	if a.tokens == nil {
		return "", errors.New("the app has no tokens of Kit.Tokens: let it have those in place of jwt.New's")
	}
	token := ""
	err := a.inside.run(a.Anonymous(), openPath, func(c *gin.Context) error {
		answer, err := jwt.SignIn(c, a.tokens, jwt.InBody, u)
		token = answer.AccessToken
		if err == nil && (!l.fresh || l.scopes != nil) {
			token, err = a.signAgain(c, u, l, token)
		}
		return err
	})
	return token, err
}

func (a *App[U]) signAgain(c *gin.Context, u U, l login, token string) (string, error) {
	var claims struct {
		Session         driver.SessionID `json:"sid"`
		AuthenticatedAt int64            `json:"auth_time"`
	}
	parts := strings.Split(token, ".")
	payload, err := base64.RawURLEncoding.DecodeString(parts[min(1, len(parts)-1)])
	if err == nil {
		err = json.Unmarshal(payload, &claims)
	}
	if err != nil {
		return "", fmt.Errorf("reading the token of jwt.SignIn: %w", err)
	}
	o := a.tokens.Options()
	grant := jwt.Grant{Session: claims.Session, Scopes: o.Scopes, AuthenticatedAt: time.Unix(claims.AuthenticatedAt, 0)}
	if l.scopes != nil {
		grant.Scopes = l.scopes
	}
	if !l.fresh {
		grant.AuthenticatedAt = grant.AuthenticatedAt.Add(-loginAge)
	}
	if o.Claims != nil {
		if grant.Extra, err = o.Claims(c, u); err != nil {
			return "", err
		}
	}
	again, _, err := o.Issuer.Issue(c.Request.Context(), a.config.Account(u), grant)
	return again, err
}
