package jwt

import (
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
)

const bearer = "Bearer"

// bearerToken reads the token of the request's Authorization header.
func bearerToken(c *gin.Context) (string, error) {
	values := c.Request.Header["Authorization"]
	switch {
	case len(values) == 0:
		return "", ginauth.ErrNoCredentials
	case len(values) > 1:
		return "", bad("there are two Authorization headers")
	}
	return parseBearer(values[0])
}

// parseBearer takes "Bearer" as RFC 6750, 2.1 spells it, one blank and a token. What another
// scheme begins is not for this backend; what no scheme can begin, and another spelling, is bad (SEC-102).
func parseBearer(value string) (string, error) {
	if len(value) > len(bearer)+1+maxToken {
		return "", bad("the Authorization header is too long") // SEC-101
	}
	scheme, token, _ := strings.Cut(value, " ")
	if !isToken(scheme) {
		return "", bad("the Authorization header is malformed")
	}
	if !strings.EqualFold(scheme, bearer) {
		return "", ginauth.ErrNoCredentials
	}
	if scheme != bearer {
		return "", bad("the Authorization header spells Bearer in another way")
	}
	if token == "" {
		return "", bad("the Authorization header has no token")
	}
	return token, nil
}

// isToken is RFC 9110's token: what a scheme's name is made of.
func isToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c <= ' ' || c > '~' || strings.IndexByte(`"(),/:;<=>?@[\]{}`, c) >= 0 {
			return false
		}
	}
	return s != ""
}
