// Package genuine marks refusals of credentials that are no longer valid but cannot have been
// guessed, such as an expired token with a valid signature.
package genuine

import "errors"

type refusal struct{ error }

// Unwrap returns the error that was marked.
func (r refusal) Unwrap() error { return r.error }

// Refuse marks an error and keeps its text. Nil stays nil.
func Refuse(err error) error {
	if err == nil {
		return nil
	}
	return refusal{err}
}

// Refused says whether an error was marked.
func Refused(err error) bool {
	var marked refusal
	return errors.As(err, &marked)
}
