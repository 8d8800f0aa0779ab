// Package identifier says what users log in with: addresses, usernames, or both.
package identifier

import (
	"errors"
	"strings"

	ut "github.com/go-playground/universal-translator"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/form"
	"github.com/ginauth/ginauth/ginauth/problem"
)

// Kind is what users log in with.
type Kind driver.IdentifierKind

// The kinds.
const (
	Email    = Kind(driver.EmailIdentifier)
	Username = Kind(driver.UsernameIdentifier)
	Either   = Kind(driver.EitherIdentifier)
)

// Typed returns the identifier that somebody has typed. It returns "" for an address if users have
// to type their username.
func (k Kind) Typed(s string) string {
	if k == Username && strings.Contains(s, "@") {
		return ""
	}
	return s
}

// OfLogin returns the identifier of a login form, and what is wrong with the form.
func (k Kind) OfLogin(email, username string, language ut.Translator) (identifier string, faults []problem.Field) {
	switch {
	case k == Email:
		return email, missing("email", email, language)
	case k == Either && username == "" && email != "":
		return email, nil
	}
	return k.Typed(username), missing("username", username, language)
}

func missing(field, value string, language ut.Translator) []problem.Field {
	if value != "" {
		return nil
	}
	return form.Missing(field, language)
}

// Limited divides the allowed failures of an account among its identifiers. An attempt names one of
// them, and a common count would reveal which address belongs to which username.
func (k Kind) Limited(g driver.GuessLimit) driver.GuessLimit {
	if k == Either {
		g.Free, g.Max, g.MaxOnBrowser = g.Free/2, k.Share(g.Max), g.MaxOnBrowser/2 //nolint:mnd // an address and a username
	}
	return g
}

// Share returns how many of an account's attempts one of its identifiers may use, at least one.
func (k Kind) Share(attempts int) int {
	if k == Either {
		return max(attempts/2, 1) //nolint:mnd // an address and a username
	}
	return attempts
}

// Wrong returns the sentence of ErrInvalidCredentials; byEmail is the sentence for addresses.
func (k Kind) Wrong(byEmail string) string {
	switch k {
	case Username:
		return "Username or password is wrong."
	case Either:
		return strings.Replace(byEmail, "E-mail address or", "Username, e-mail address or", 1)
	default:
		return byEmail
	}
}

// Say gives an error that is invalid a sentence about the identifiers that users log in with.
func (k Kind) Say(err error, invalid *problem.Details) error {
	if k == Email || !errors.Is(err, invalid) {
		return err
	}
	p := *invalid
	p.Detail = k.Wrong(p.Detail)
	return &said{&p, err}
}

// said is an error with a problem for clients.
type said struct {
	told *problem.Details
	error
}

func (e *said) Unwrap() []error { return []error{e.told, e.error} }
