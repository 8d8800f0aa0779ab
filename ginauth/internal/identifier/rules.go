package identifier

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	ut "github.com/go-playground/universal-translator"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/problem"
)

// Rules are the identifiers that people may choose.
type Rules struct {
	Kind
	reserved []string // canonical, sorted
}

// reserved could be mistaken for the app, its operators or its routes: the mailbox names of RFC 2142
// and similar ones.
var reserved = []string{
	"abuse", "ftp", "hostmaster", "info", "marketing", "news", "noc", "postmaster", "sales", "security", "support", "usenet", "uucp", "webmaster", "www",
	"account", "admin", "administrator", "anonymous", "api", "billing", "contact", "everyone", "guest", "help", "login", "logout", "mail", "mailer-daemon", "me",
	"moderator", "no-reply", "nobody", "noreply", "null", "official", "operator", "owner", "root", "settings", "signup", "staff", "status", "sysadmin", "system",
	"undefined", "user", "you",
}

// New returns the rules, with further reserved usernames.
func New(k Kind, further []string) (Rules, error) {
	r := Rules{Kind: k, reserved: slices.Clone(reserved)}
	switch {
	case k < Email || k > Either:
		return r, errors.New("Identifier must be IdentifierEmail, IdentifierUsername or IdentifierEither")
	case k == Email && len(further) > 0:
		return r, errors.New("ReservedUsernames reserves nothing: set Identifier to IdentifierUsername or IdentifierEither")
	}
	for _, name := range further {
		canonical, err := driver.CanonicalUsername(name)
		if err != nil {
			return r, fmt.Errorf("ReservedUsernames has %q, which nobody can choose anyway: leave it out", name)
		}
		r.reserved = append(r.reserved, canonical)
	}
	slices.Sort(r.reserved)
	return r, nil
}

// OfSignUp sets the identifiers of a new user, and returns what is wrong with them.
func (r Rules) OfSignUp(email, username string, to *driver.NewUser, language ut.Translator) (faults []problem.Field) {
	to.Email = strings.Trim(email, " \t")
	if r.Kind != Email {
		to.Username = strings.Trim(username, " \t")
	}
	switch {
	case r.Kind == Email:
		faults = missing("email", email, language)
	case r.Kind == Username || email == "":
		faults = missing("username", username, language)
	}
	var err error
	if email != "" {
		if to.Canonical, err = driver.CanonicalEmail(to.Email); err != nil {
			faults = append(faults, problem.Field{Field: "email", Code: "email", Detail: "this is not an e-mail address"})
		}
	}
	if to.Username != "" {
		faults = append(faults, r.choose(to)...)
	}
	return faults
}

func (r Rules) choose(to *driver.NewUser) []problem.Field {
	canonical, err := driver.CanonicalUsername(to.Username)
	if err != nil {
		return []problem.Field{{Field: "username", Code: "username", Detail: "this cannot be a username: use at most 64 letters, digits and signs of one alphabet, without blanks and without @"}}
	}
	to.CanonicalUsername = canonical
	if _, found := slices.BinarySearch(r.reserved, canonical); found {
		return []problem.Field{{Field: "username", Code: "reserved", Detail: "this username cannot be chosen"}}
	}
	return nil
}
