package driver

import (
	"context"
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/secure/precis"
)

// maxUsername is the longest username, in code points.
const maxUsername = 64

// ErrInvalidUsername means that a text is not a username that an account can have.
var ErrInvalidUsername = errors.New("not a username")

// CanonicalUsername returns the form of a username by which an account is found: that of the
// profile UsernameCaseMapped (RFC 8265), without surrounding blanks. It returns ErrInvalidUsername
// for every text that the profile refuses, such as one with blanks or with symbols outside ASCII.
// It also refuses a name with an @, which could be read as an address, a name of more than 64 code
// points, and a name that mixes Latin, Greek and Cyrillic letters, which look alike.
func CanonicalUsername(s string) (string, error) {
	s = strings.Trim(s, " \t")
	if s == "" || len(s) > maxUsername*utf8.UTFMax || !utf8.ValidString(s) {
		return "", ErrInvalidUsername
	}
	canonical, err := precis.UsernameCaseMapped.String(s)
	if err != nil || canonical == "" || utf8.RuneCountInString(canonical) > maxUsername {
		return "", ErrInvalidUsername
	}
	again, err := precis.UsernameCaseMapped.String(canonical)
	if err != nil || again != canonical || strings.Contains(canonical, "@") || mixesAlphabets(canonical) {
		return "", ErrInvalidUsername
	}
	return canonical, nil
}

func mixesAlphabets(s string) bool {
	seen := 0
	for _, alphabet := range []*unicode.RangeTable{unicode.Latin, unicode.Greek, unicode.Cyrillic} {
		if strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(alphabet, r) }) {
			seen++
		}
	}
	return seen > 1
}

// Usernames changes usernames. account.ChangeUsername needs it.
type Usernames[U any] interface {
	// ChangeUsername gives the user this username, as typed and in its canonical form, in place of the
	// one that the user has, if any. Sessions stay. Known browsers are forgotten, unless the canonical
	// form stays. ErrUsernameTaken means that another account has the name, disabled or not: of
	// parallel calls for one name, one succeeds. ErrNoUser means that the user is unknown or disabled.
	ChangeUsername(ctx context.Context, id UserID, username, canonical string) (U, error)
}
