package jwt

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/flow"
	"github.com/ginauth/ginauth/ginauth/internal/route"
)

// oauthError is an error of RFC 6749, 5.2: a code for programs, and a sentence in which quotes and
// backslashes are not allowed.
type oauthError struct {
	Code        string `json:"error"`
	Description string `json:"error_description,omitempty"`
} //	@name	OAuthError

// Error returns the code.
func (e *oauthError) Error() string { return e.Code }

var (
	errInvalidGrant  error = &oauthError{"invalid_grant", "The user name and the password, or the refresh token, are not valid."}
	errUnknownGrant  error = &oauthError{"unsupported_grant_type", "This endpoint does not know the grant_type."}
	errInvalidScope  error = &oauthError{"invalid_scope", "The scope is unknown, or more than was granted."}
	errMissingFields error = &oauthError{"invalid_request", "A parameter of the grant_type is missing."}
	errNoToken       error = &oauthError{"invalid_request", "The parameter token is missing."}
	errNotForm       error = &oauthError{"invalid_request", "Send application/x-www-form-urlencoded."}
)

// fail answers with the OAuth 2 error that err is, or as ginauth does.
func fail(c *gin.Context, err error) {
	var known *oauthError
	if !errors.As(err, &known) {
		ginauth.Fail(c, err)
		return
	}
	c.Abort()
	c.Header("Pragma", "no-cache")
	flow.Reply(c, http.StatusBadRequest, known)
}

// tokenForm is the body of a token request (RFC 6749, 4.3.2 and 6) and of a revocation (RFC 7009,
// 2.1). Clients authenticate by nothing but the user's password, so what they say about themselves
// is ignored.
type tokenForm struct {
	GrantType    string `json:"grant_type"`
	Username     string `json:"username"`
	Password     string `json:"password"`
	Scope        string `json:"scope"`
	RefreshToken string `json:"refresh_token"`
	Token        string `json:"token"`
}

// bindForm reads a form. All its faults are invalid_request, as RFC 6749 requires.
func bindForm(c *gin.Context) (form tokenForm, err error) {
	if c.ContentType() != "application/x-www-form-urlencoded" {
		return form, errNotForm
	}
	err = flow.Bind(c, &form)
	var p *ginauth.Problem
	if errors.As(err, &p) && p.Status < http.StatusInternalServerError {
		return form, &oauthError{"invalid_request", p.Detail}
	}
	return form, err
}

// Token returns the token endpoint of OAuth 2 for the grant types password (RFC 6749, 4.3) and
// refresh_token (6). Bodies and errors are those of 5.1 and 5.2, so that every client of OAuth 2
// works, such as the dialog "Authorize" of Swagger UI. Outages are answered 503, and too many
// attempts 429. Mount it with POST on a route that needs no login. It panics when New did not make
// f.
//
// OAuth 2.1 drops the password grant for apps of third parties. Use it for your own apps only.
func Token[U any](f *Flow[U]) gin.HandlerFunc {
	f.withPasswords("Token")
	h := post(f, "token", route.LoggedOut, f.serveToken)
	return h.As(func(c *gin.Context) { h.Serve(c) })
}

// @Summary		Get tokens
// @Description	The token endpoint of OAuth 2, for the grant types password and refresh_token.
// @ID				token
// @Tags			tokens
// @Accept			x-www-form-urlencoded
// @Produce		json,application/problem+json
// @Param			grant_type		formData	string	true	"password or refresh_token"
// @Param			username		formData	string	false	"E-mail address, for password"
// @Param			password		formData	string	false	"Password, for password"
// @Param			scope			formData	string	false	"Scopes, with blanks between them"
// @Param			refresh_token	formData	string	false	"Refresh token, for refresh_token"
// @Success		200	{object}	Answer
// @Failure		400	{object}	oauthError		"invalid_request, invalid_grant, invalid_scope, unsupported_grant_type"
// @Failure		405	{object}	ginauth.Problem	"method_not_allowed"
// @Failure		429	{object}	ginauth.Problem	"too_many_attempts"
// @Failure		503	{object}	ginauth.Problem	"unavailable, busy"
// @Router			/token [post]
func (f *Flow[U]) serveToken(c *gin.Context) error {
	form, err := bindForm(c)
	if err != nil {
		return err
	}
	switch form.GrantType {
	case "":
		return errMissingFields
	case "password":
		return f.passwordGrant(c, form)
	case "refresh_token":
		return f.refreshGrant(c, form)
	}
	return errUnknownGrant
}

func (f *Flow[U]) passwordGrant(c *gin.Context, form tokenForm) error {
	if form.Username == "" || form.Password == "" {
		return errMissingFields
	}
	scopes, err := f.grantable(form.Scope)
	if err != nil {
		return err
	}
	l, err := f.logIn(c, f.cfg.Engine().Names.Typed(form.Username), form.Password, scopes, true)
	if errors.Is(err, ginauth.ErrInvalidCredentials) {
		return errInvalidGrant
	}
	if err != nil {
		return err
	}
	sendAnswer(c, l.answer)
	return nil
}

// sendAnswer sends a success of RFC 6749, 5.1.
func sendAnswer(c *gin.Context, a Answer) {
	c.Header("Pragma", "no-cache")
	flow.Reply(c, http.StatusOK, a)
}
