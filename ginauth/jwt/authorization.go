package jwt

import (
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/internal/bearer"
)

// tokenType is the type of token in answers (RFC 6750, 4).
const tokenType = "Bearer"

// bearerToken reads the token of the request's Authorization header.
func bearerToken(c *gin.Context) (string, error) {
	values := c.Request.Header[authorization]
	switch {
	case len(values) == 0:
		return "", ginauth.ErrNoCredentials
	case len(values) > 1:
		return "", bad("there are two Authorization headers")
	}
	return parseBearer(values[0])
}

// headerToken reads the token of a header of the app's own, with the scheme in front or without it.
func headerToken(c *gin.Context, header string) (string, error) {
	values := c.Request.Header[header]
	switch {
	case len(values) == 0:
		return "", ginauth.ErrNoCredentials
	case len(values) > 1:
		return "", bad("there are two headers of the token's name")
	case len(values[0]) > maxAuthorization:
		return "", bad("the token's header is too long")
	}
	if token, ok := bearer.Token(values[0]); ok {
		return token, nil
	}
	return values[0], nil
}

// maxAuthorization allows blanks in front of a token (SEC-101).
const maxAuthorization = 2 * maxToken

// parseBearer reads the scheme Bearer and a token. A value with another scheme is not for this
// backend; a value that begins with no valid scheme is bad (SEC-102).
func parseBearer(value string) (string, error) {
	if len(value) > maxAuthorization {
		return "", bad("the Authorization header is too long")
	}
	token, isBearer := bearer.Token(value)
	switch {
	case !isBearer && !beginsScheme(value):
		return "", bad("the Authorization header is malformed")
	case !isBearer:
		return "", ginauth.ErrNoCredentials
	case token == "":
		return "", bad("the Authorization header has no token")
	}
	return token, nil
}

func beginsScheme(value string) bool {
	scheme, _, _ := strings.Cut(value, " ")
	return isToken(scheme)
}

// isToken says whether s is a token of RFC 9110, such as the name of a scheme.
func isToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c <= ' ' || c > '~' || strings.IndexByte(`"(),/:;<=>?@[\]{}`, c) >= 0 {
			return false
		}
	}
	return s != ""
}
