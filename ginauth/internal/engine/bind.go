package engine

import (
	"errors"
	"fmt"

	"github.com/gin-gonic/gin"
	ut "github.com/go-playground/universal-translator"

	"github.com/ginauth/ginauth/ginauth/internal/form"
	"github.com/ginauth/ginauth/ginauth/problem"
)

// Bind reads the body into a struct and checks it. The function further may check rules that tags
// cannot express, so that the client gets all faults at once. Its errors are problems.
func Bind(c *gin.Context, into any, further func() []problem.Field) error {
	if c.Request == nil {
		return ErrNoRequest
	}
	err := form.Bind(c, into, translatorOf(c), further)
	var malformed *form.MalformedError
	var invalid *form.InvalidError
	switch {
	case errors.As(err, &malformed):
		p := ProblemOf(errMalformedBody)
		p.Detail = "The request body cannot be read: " + malformed.Why + "."
		p.Errors = malformed.Fields
		return fmt.Errorf("%w: %w", &p, err)
	case errors.As(err, &invalid):
		return Invalid(invalid.Fields...)
	case errors.Is(err, form.ErrTooLarge):
		return errBodyTooLarge
	case errors.Is(err, form.ErrUnsupported):
		return errUnsupportedBody
	}
	return err
}

// BindLogin reads the credentials of a login into the form, and returns its identifier.
func (m *Mount) BindLogin(c *gin.Context, into any, read func() (email, username string)) (identifier string, err error) {
	err = Bind(c, into, func() (faults []problem.Field) {
		email, username := read()
		identifier, faults = m.Names.OfLogin(email, username, translatorOf(c))
		return faults
	})
	return identifier, err
}

// translatorOf returns the app's translator, or nil if it has none.
func translatorOf(c *gin.Context) ut.Translator {
	if st := Attached(c); st != nil && st.Mount.Translator != nil {
		return st.Mount.Translator(c)
	}
	return nil
}
