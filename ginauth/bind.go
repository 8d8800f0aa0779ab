package ginauth

import (
	"errors"
	"fmt"

	"github.com/gin-gonic/gin"
	ut "github.com/go-playground/universal-translator"

	"github.com/ginauth/ginauth/ginauth/internal/form"
)

// Bind reads a JSON object or a form into the struct that into points to and checks its binding
// tags, all fields at once. It is stricter than Gin's: at most 16 KiB, one body, one value per name, names
// spelled exactly, no NUL and no broken text (SEC-21, SEC-23, SEC-84). The error is for Fail. A form
// fills text, numbers and bools only, the latter as checkboxes are sent. What earlier middleware has read by c.PostForm or
// c.ShouldBindBodyWith is found where those leave it; a body that was read in another way is lost.
func Bind(c *gin.Context, into any) error { return bindAll(c, into, nil) }

// bindAll is Bind with rules that tags cannot express, so that all faults are told in one round.
func bindAll(c *gin.Context, into any, further func() []FieldError) error {
	if c.Request == nil {
		return errNoRequest
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

// translatorOf is nil where the app has none of its own.
func translatorOf(c *gin.Context) ut.Translator {
	if st := attached(c); st != nil && st.m.translator != nil {
		return st.m.translator(c)
	}
	return nil
}
