package engine

import (
	"errors"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/form"
	"github.com/ginauth/ginauth/ginauth/problem"
)

// Identifier is what users log in with. Its values are those of ginauth.Identifier.
type Identifier int

// The kinds.
const (
	IdentifierEmail Identifier = iota
	IdentifierUsername
	IdentifierEither
)

// Typed returns the identifier that somebody has typed. It returns "" for an address if users have
// to type their username.
func (i Identifier) Typed(s string) string {
	if i == IdentifierUsername && strings.Contains(s, "@") {
		return ""
	}
	return s
}

// Canonical returns the form of an identifier by which an account is found.
func (i Identifier) Canonical(s string) (string, error) {
	if i == IdentifierEmail || strings.Contains(s, "@") {
		return driver.CanonicalEmail(s)
	}
	return driver.CanonicalUsername(s)
}

// TakesUsernames says whether users log in with names, and with addresses, for the API description.
func (m *Mount) TakesUsernames() (names, addresses bool) {
	return m.Names.Identifier != IdentifierEmail, m.Names.Identifier != IdentifierUsername
}

// ofAccount returns the canonical identifiers of an account, beginning with that of
// Account.Identifier.
func (i Identifier) ofAccount(a driver.Account) (list []string, err error) {
	canonical, err := i.Canonical(a.Identifier)
	if err != nil {
		return nil, err
	}
	list = []string{canonical}
	if name, err := driver.CanonicalUsername(a.Username); err == nil && name != canonical && i != IdentifierEmail {
		list = append(list, name)
	}
	return list, nil
}

// limited divides the allowed failures of an account among its identifiers. An attempt names one of
// them, and a common count would reveal which address belongs to which username.
func (i Identifier) limited(g driver.GuessLimit) driver.GuessLimit {
	if i == IdentifierEither {
		g.Free, g.Max, g.MaxOnBrowser = g.Free/2, max(g.Max/2, 1), g.MaxOnBrowser/2 //nolint:mnd // an address and a username
	}
	return g
}

// BindLogin reads the credentials of a login into the form, and returns its identifier.
func (m *Mount) BindLogin(c *gin.Context, into any, read func() (email, username string)) (identifier string, err error) {
	err = Bind(c, into, func() []problem.Field {
		email, username := read()
		switch field := "email"; {
		case m.Names.Identifier == IdentifierEither && username == "" && email != "":
			identifier = email
			return nil
		case m.Names.Identifier != IdentifierEmail:
			field, email = "username", username
			fallthrough
		default:
			identifier = m.Names.Typed(email)
			return missing(c, field, email)
		}
	})
	return identifier, err
}

func missing(c *gin.Context, field, value string) []problem.Field {
	if value != "" {
		return nil
	}
	return form.Missing(field, translatorOf(c))
}

// wrong returns the sentence of ErrInvalidCredentials.
func (i Identifier) wrong() string {
	switch i {
	case IdentifierUsername:
		return "Username or password is wrong."
	case IdentifierEither:
		return "Username, e-mail address or password is wrong. If the address is not confirmed yet, ask for a new link by mail first: it confirms the address or sets a new password."
	default:
		return ErrInvalidCredentials.Detail
	}
}

// sayWrong gives ErrInvalidCredentials a sentence about the identifiers that users log in with.
func (i Identifier) sayWrong(err error) error {
	if i == IdentifierEmail || !errors.Is(err, ErrInvalidCredentials) {
		return err
	}
	p := *ErrInvalidCredentials
	p.Detail = i.wrong()
	return &saidWrong{&p, err}
}

// saidWrong is an error with a problem for clients.
type saidWrong struct {
	told *problem.Details
	error
}

func (e *saidWrong) Unwrap() []error { return []error{e.told, e.error} }

// Names checks the usernames that people choose.
type Names struct {
	Identifier
	Reserved []string // canonical, sorted
}

// check sets the identifiers of a registration, and returns what is wrong with them.
func (n Names) check(c *gin.Context, r Registration, to *driver.NewUser) (faults []problem.Field) {
	to.Email = strings.Trim(r.Email, " \t")
	if n.Identifier != IdentifierEmail {
		to.Username = strings.Trim(r.Username, " \t")
	}
	switch {
	case n.Identifier == IdentifierEmail:
		faults = missing(c, "email", r.Email)
	case n.Identifier == IdentifierUsername || r.Email == "":
		faults = missing(c, "username", r.Username)
	}
	var err error
	if r.Email != "" {
		if to.Canonical, err = driver.CanonicalEmail(to.Email); err != nil {
			faults = append(faults, problem.Field{Field: "email", Code: "email", Detail: "this is not an e-mail address"})
		}
	}
	if to.Username == "" {
		return faults
	}
	if to.CanonicalUsername, err = driver.CanonicalUsername(to.Username); err != nil {
		return append(faults, problem.Field{Field: "username", Code: "username", Detail: "this cannot be a username: use at most 64 letters, digits and signs of one alphabet, without blanks and without @"})
	}
	if _, reserved := slices.BinarySearch(n.Reserved, to.CanonicalUsername); reserved {
		faults = append(faults, problem.Field{Field: "username", Code: "reserved", Detail: "this username cannot be chosen"})
	}
	return faults
}
