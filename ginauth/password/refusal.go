package password

import "fmt"

// Code says why a password was refused. Codes are stable, so that programs can compare them.
type Code string

// The reasons to refuse a password.
const (
	// CodeInvalid: it is not UTF-8, or contains a NUL.
	CodeInvalid Code = "invalid"
	// CodeTooShort: fewer code points than Policy.MinLength.
	CodeTooShort Code = "too_short"
	// CodeTooLong: more code points than Policy.MaxLength.
	CodeTooLong Code = "too_long"
	// CodeCommon: on the list of common passwords, a plain sequence or a short repetition.
	CodeCommon Code = "common"
	// CodeContainsPersonal: contains a word of the user's e-mail address or name.
	CodeContainsPersonal Code = "contains_personal"
	// CodeContainsWord: contains one of Policy.Words.
	CodeContainsWord Code = "contains_word"
)

// PolicyError says why a password was refused. It does not contain the password.
type PolicyError struct {
	Code Code
	// Limit is the minimum or maximum of code points, for CodeTooShort and CodeTooLong; otherwise
	// 0.
	Limit int
}

// Error returns an English text that may be shown to the user.
func (e *PolicyError) Error() string {
	switch e.Code {
	case CodeInvalid:
		return "password contains characters that cannot be used"
	case CodeTooShort:
		return fmt.Sprintf("password must have at least %d characters", e.Limit)
	case CodeTooLong:
		return fmt.Sprintf("password must have at most %d characters", e.Limit)
	case CodeCommon:
		return "password is too easy to guess"
	case CodeContainsPersonal:
		return "password must not contain your name or e-mail address"
	case CodeContainsWord:
		return "password must not contain the name of this service"
	}
	return "password was refused"
}

// refusal is the error for a code, given the lengths that were asked for.
func refusal(code Code, least, most int) *PolicyError {
	switch code {
	case CodeTooShort:
		return &PolicyError{Code: code, Limit: least}
	case CodeTooLong:
		return &PolicyError{Code: code, Limit: most}
	default:
		return &PolicyError{Code: code}
	}
}
