package main

import (
	"context"
	"crypto/sha256"
	"net/http"
	"time"

	ginjwt "github.com/appleboy/gin-jwt/v3"
	"github.com/gin-gonic/gin"
	gojwt "github.com/golang-jwt/jwt/v5"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/jwt"
)

// Two ways to authenticate by a JSON web token in the header Authorization, both HS256 under one key,
// with the user in the claims and no statement. They are compared with each other by -base gin-jwt.

const (
	jwtIssuer   = "https://bench.example"
	jwtLifetime = 24 * time.Hour // the longest that ginauth makes
)

// jwtKey is the same in the process that makes tokens and in the one that reads them.
var jwtKey = sha256.Sum256([]byte("a key for nothing but this benchmark"))

var ginJWTContender = contender{
	name: "gin-jwt", note: "appleboy/gin-jwt v3, HS256, user from claims (no revocation)", header: "Authorization", extra: true,
	preload: func(ctx context.Context, _ *env, users []user) ([]string, error) {
		mw, err := newGinJWT()
		if err != nil {
			return nil, err
		}
		tokens := make([]string, len(users))
		for i, u := range users {
			token, err := mw.TokenGenerator(ctx, u)
			if err != nil {
				return nil, err
			}
			tokens[i] = "Bearer " + token.AccessToken
		}
		return tokens, nil
	},
	handler: func(_ context.Context, e *env) (http.Handler, error) {
		mw, err := newGinJWT()
		if err != nil {
			return nil, err
		}
		r := newEngine()
		accounts(r, e, func(c *gin.Context, u user) error {
			token, err := mw.TokenGenerator(c.Request.Context(), u)
			if err == nil {
				c.Header("Authorization", "Bearer "+token.AccessToken)
			}
			return err
		})
		r.POST("/logout", func(c *gin.Context) { c.Status(http.StatusNoContent) })
		r.GET("/me", mw.MiddlewareFunc(), func(c *gin.Context) { c.JSON(http.StatusOK, c.MustGet("user")) })
		return r, nil
	},
}

func newGinJWT() (*ginjwt.GinJWTMiddleware, error) {
	return ginjwt.New(&ginjwt.GinJWTMiddleware{
		Realm: "bench", Key: jwtKey[:], Timeout: jwtLifetime, IdentityKey: "user",
		PayloadFunc: func(data any) gojwt.MapClaims {
			u := data.(user)
			return gojwt.MapClaims{"sub": u.ID, "email": u.Email, "name": u.Name}
		},
		IdentityHandler: func(c *gin.Context) any {
			claims := ginjwt.ExtractClaims(c)
			id, _ := claims["sub"].(string)
			email, _ := claims["email"].(string)
			name, _ := claims["name"].(string)
			return user{ID: id, Email: email, Name: name}
		},
	})
}

var ginauthJWTContender = contender{
	name: "ginauth-jwt", note: "ginauth.Authenticate with jwt.Bearer, HS256, stateless, user from claims (no revocation)", header: "Authorization", extra: true,
	preload: func(ctx context.Context, _ *env, users []user) ([]string, error) {
		cfg, err := ginauth.New(ginauth.Options[user]{NoSessions: true})
		if err != nil {
			return nil, err
		}
		issuer, _, err := newGinauthJWT(cfg)
		if err != nil {
			return nil, err
		}
		tokens := make([]string, len(users))
		for i, u := range users {
			if tokens[i], err = issueJWT(ctx, issuer, u); err != nil {
				return nil, err
			}
		}
		return tokens, nil
	},
	handler: func(_ context.Context, e *env) (http.Handler, error) {
		cfg, err := ginauth.New(ginauth.Options[user]{NoSessions: true, Exclude: []string{"/signup", "/login", "/logout"}})
		if err != nil {
			return nil, err
		}
		issuer, bearer, err := newGinauthJWT(cfg)
		if err != nil {
			return nil, err
		}
		r := newEngine()
		r.Use(ginauth.Authenticate(cfg, bearer))
		accounts(r, e, func(c *gin.Context, u user) error {
			token, err := issueJWT(c.Request.Context(), issuer, u)
			c.Header("Authorization", token)
			return err
		})
		r.POST("/logout", func(c *gin.Context) { c.Status(http.StatusNoContent) })
		r.GET("/me", ginauth.With(func(c *gin.Context, u user) { c.JSON(http.StatusOK, u) }))
		return r, nil
	},
}

// Account makes user one of ginauth's, too.
func (u user) Account() driver.Account { return driver.Account{ID: driver.UserID(u.ID)} }

func newGinauthJWT(cfg *ginauth.Config[user]) (*jwt.Issuer, ginauth.Backend[user], error) {
	key, err := jwt.NewKey("bench", jwtKey[:])
	if err != nil {
		return nil, nil, err
	}
	keys, err := jwt.NewRing(key)
	if err != nil {
		return nil, nil, err
	}
	issuer := jwt.NewIssuer(jwt.IssuerOptions{Keys: keys, Issuer: jwtIssuer, Audiences: []string{jwtIssuer}, Lifetime: jwtLifetime})
	return issuer, jwt.Bearer(cfg, jwt.BackendOptions[user]{
		Accept:    jwt.Accept{Issuers: []jwt.Trust{{Issuer: jwtIssuer, Keys: keys}}, Audiences: []string{jwtIssuer}},
		Stateless: true,
		RetrieveUser: func(_ *gin.Context, claims jwt.Claims) (user, error) {
			return user{ID: claims.Subject, Email: claims.Text("email"), Name: claims.Text("name")}, nil
		},
	}), nil
}

func issueJWT(ctx context.Context, issuer *jwt.Issuer, u user) (string, error) {
	token, _, err := issuer.Issue(ctx, u.Account(), jwt.Grant{Extra: map[string]string{"email": u.Email, "name": u.Name}})
	return "Bearer " + token, err
}
