package engine

import (
	"strings"
	"unicode/utf8"

	"github.com/ginauth/ginauth/ginauth/internal/label"
	"github.com/ginauth/ginauth/ginauth/problem"
)

// maxName bounds a user's name, in code points.
const maxName = 200

// CleanName trims a name and says what is wrong with it.
func CleanName(name string) (string, []problem.Field) {
	given := name != ""
	name = strings.TrimSpace(name)
	if given && name == "" {
		return "", []problem.Field{{Field: "name", Code: "required", Detail: "name is required"}}
	}
	if utf8.RuneCountInString(name) > maxName {
		return "", []problem.Field{{Field: "name", Code: "too_long", Detail: "name must have at most 200 characters"}}
	}
	if name != "" && !label.Fit(name) {
		return "", []problem.Field{{Field: "name", Code: "invalid", Detail: "name contains characters that cannot be used"}}
	}
	return name, nil
}
