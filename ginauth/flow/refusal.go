package flow

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/internal/problempage"
)

// ErrCannotSignIn is for a user who has proved who they are without a password and may not log in, such as one who is
// disabled. All ways without a password answer with it, so that they tell nothing else of the account.
var ErrCannotSignIn error = problempage.New(http.StatusUnauthorized, "cannot_sign_in", "You cannot log in in this way.")

// SignIn is ginauth.SignIn for ways to log in without a password: in place of ErrInvalidCredentials, whose sentence is about
// passwords, it returns ErrCannotSignIn.
func SignIn[U any](c *gin.Context, u U, options ...ginauth.SignInOption) error {
	err := ginauth.SignIn(c, u, options...)
	if errors.Is(err, ginauth.ErrInvalidCredentials) {
		return fmt.Errorf("%w: %v", ErrCannotSignIn, err) //nolint:errorlint // nobody may take it for the other one
	}
	return err
}
