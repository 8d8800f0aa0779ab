package driver

import (
	"errors"
	"net/mail"
	"strings"
)

// maxEmail is the longest address that SMTP can carry, in bytes (RFC 5321, 4.5.3.1.3, erratum
// 1690).
const maxEmail = 254

// maxLocal is the longest part before the @, in bytes (RFC 5321, 4.5.3.1.1).
const maxLocal = 64

// ErrInvalidEmail means that a text is not an e-mail address that an account can have.
var ErrInvalidEmail = errors.New("not an e-mail address")

// CanonicalEmail returns the form of an address by which an account is found: without surrounding
// blanks and in lower case. It accepts a bare ASCII address of at most 254 bytes with a host name,
// and returns ErrInvalidEmail for anything else. It refuses other addresses rather than folding
// them, because an address that only looks alike could reach another person's account.
func CanonicalEmail(s string) (string, error) {
	s = strings.Trim(s, " \t")
	if len(s) > maxEmail {
		return "", ErrInvalidEmail
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return "", ErrInvalidEmail
		}
	}
	parsed, err := mail.ParseAddress(s)
	if err != nil || parsed.Name != "" || parsed.Address != s {
		return "", ErrInvalidEmail
	}
	local, host, _ := strings.Cut(s, "@")
	if len(local) > maxLocal || !isHostName(host) {
		return "", ErrInvalidEmail
	}
	return strings.ToLower(s), nil
}

// isHostName says whether host is a name of RFC 1123 with at least two labels.
func isHostName(host string) bool {
	labels := strings.Split(host, ".")
	if len(labels) < 2 {
		return false
	}
	for _, label := range labels {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		if strings.Trim(label, "-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
			return false
		}
	}
	return true
}
