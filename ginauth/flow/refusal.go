package flow

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/internal/problempage"
)

// ErrCannotSignIn is for a user who has proved who they are without a password, but may not log in,
// such as a disabled user. All ways without a password return it for every such reason, so that
// they reveal nothing else about the account.
var ErrCannotSignIn error = problempage.New(http.StatusUnauthorized, "cannot_sign_in", "You cannot log in in this way.")

// SignIn is ginauth.SignIn for ways to log in without a password. Instead of ErrInvalidCredentials,
// whose text is about passwords, it returns ErrCannotSignIn.
func SignIn[U any](c *gin.Context, u U, options ...ginauth.SignInOption) error {
	err := ginauth.SignIn(c, u, options...)
	if errors.Is(err, ginauth.ErrInvalidCredentials) {
		return fmt.Errorf("%w: %v", ErrCannotSignIn, err) //nolint:errorlint // nobody may take it for the other one
	}
	return err
}
