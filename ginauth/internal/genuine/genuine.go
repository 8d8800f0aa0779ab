// Package genuine marks refusals of credentials that are no good any more but cannot have been guessed, such as
// a token of good signature that has expired.
package genuine

import "errors"

type refusal struct{ error }

// Unwrap returns the error that was marked.
func (r refusal) Unwrap() error { return r.error }

// Refuse marks an error, whose text stays. Nil stays nil.
func Refuse(err error) error {
	if err == nil {
		return nil
	}
	return refusal{err}
}

// Refused tells whether an error was marked.
func Refused(err error) bool {
	var marked refusal
	return errors.As(err, &marked)
}
