package email

import (
	"net/http"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/internal/problempage"
)

var (
	errLink          error = problempage.New(http.StatusGone, "link_invalid", "This link is not good any more. Ask for a new one.")
	errLinkCookie    error = problempage.New(http.StatusBadRequest, "link_cookie_missing", "Open the link in the mail again. If you have just done so, your browser keeps no cookies of this site: allow them, since the link does not work without.")
	errLinkPage      error = problempage.New(http.StatusConflict, "link_not_shown", "Nothing was done yet. Look at the address, and send the form again.")
	errProofNeeded   error = problempage.New(http.StatusForbidden, "proof_required", "Log in to the account first, or send its password along.")
	errInvalidEmail        = ginauth.Invalid(ginauth.FieldError{Field: "email", Code: "email", Detail: "this is not an e-mail address"})
	errNeedsPassword       = ginauth.Invalid(ginauth.FieldError{Field: "password", Code: "required", Detail: "password is required"})
)
