package identifier

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	ut "github.com/go-playground/universal-translator"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/problem"
)

// Rules are the identifiers that people may choose.
type Rules struct {
	Kind
	reserved []string // canonical, sorted
	unicode  bool     // addresses outside ASCII
	// NoEmails ignores the address of a sign-up, since the store has no place for it.
	NoEmails bool
}

// reserved could be mistaken for the app, its operators or its routes: the mailbox names of RFC 2142
// and similar ones.
var reserved = []string{
	"abuse", "ftp", "hostmaster", "info", "marketing", "news", "noc", "postmaster", "sales", "security", "support", "usenet", "uucp", "webmaster", "www",
	"account", "admin", "administrator", "anonymous", "api", "billing", "contact", "everyone", "guest", "help", "login", "logout", "mail", "mailer-daemon", "me",
	"moderator", "no-reply", "nobody", "noreply", "null", "official", "operator", "owner", "root", "settings", "signup", "staff", "status", "sysadmin", "system",
	"undefined", "user", "you",
}

// New returns the rules, with further reserved usernames, and with or without addresses outside
// ASCII.
func New(k Kind, further []string, unicode bool) (Rules, error) {
	r := Rules{Kind: k, reserved: slices.Clone(reserved), unicode: unicode}
	if k == Email && len(further) > 0 {
		return r, errors.New("ReservedUsernames reserves nothing: set Identifier to UsernameIdentifier or EitherIdentifier")
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

// Canonical returns the form of an identifier by which an account is found.
func (r Rules) Canonical(s string) (string, error) {
	if r.Kind == Email || strings.Contains(s, "@") {
		return r.canonicalEmail(s)
	}
	return driver.CanonicalUsername(s)
}

func (r Rules) canonicalEmail(s string) (string, error) {
	if r.unicode {
		return driver.CanonicalUnicodeEmail(s)
	}
	return driver.CanonicalEmail(s)
}

// Address returns an address as it is stored, and its canonical form. What is stored has the domain in
// ASCII, so that mail servers need not know more than the local part.
func (r Rules) Address(typed string) (email, canonical string, err error) {
	email = strings.Trim(typed, " \t")
	if canonical, err = r.canonicalEmail(email); err != nil {
		return email, "", err
	}
	at := strings.LastIndexByte(email, '@')
	if strings.ContainsFunc(email[at:], func(c rune) bool { return c >= utf8.RuneSelf }) {
		email = email[:at] + canonical[strings.LastIndexByte(canonical, '@'):]
	}
	return email, canonical, nil
}

// OfAccount returns the canonical identifiers of an account, beginning with that of
// Account.Identifier.
func (r Rules) OfAccount(a driver.Account) (list []string, err error) {
	canonical, err := r.Canonical(a.Identifier)
	if err != nil {
		return nil, err
	}
	list = []string{canonical}
	if name, err := driver.CanonicalUsername(a.Username); err == nil && name != canonical && r.Kind != Email {
		list = append(list, name)
	}
	return list, nil
}

// OfSignUp sets the identifiers of a new user, and returns what is wrong with them.
func (r Rules) OfSignUp(email, username string, to *driver.NewUser, language ut.Translator) (faults []problem.Field) {
	if r.NoEmails {
		email = ""
	}
	var err error
	to.Email, to.Canonical, err = r.Address(email)
	if r.Kind != Email {
		to.Username = strings.Trim(username, " \t")
	}
	switch {
	case r.Kind == Email:
		faults = missing("email", email, language)
	case r.Kind == Username || email == "":
		faults = missing("username", username, language)
	}
	if email != "" && err != nil {
		faults = append(faults, problem.Field{Field: "email", Code: "email", Detail: "this is not an e-mail address"})
	}
	if to.Username != "" {
		faults = append(faults, r.choose(to)...)
	}
	return faults
}

// OfChange returns a username that a user wants to have instead, as it is stored, its canonical form,
// and what is wrong with it.
func (r Rules) OfChange(typed string) (username, canonical string, faults []problem.Field) {
	n := driver.NewUser{Username: strings.Trim(typed, " \t")}
	faults = r.choose(&n)
	return n.Username, n.CanonicalUsername, faults
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
