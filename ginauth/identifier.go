package ginauth

import (
	"errors"
	"fmt"
	"slices"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/engine"
)

// Identifier says what users log in with.
type Identifier int

const (
	// IdentifierEmail is the e-mail address.
	IdentifierEmail = Identifier(engine.IdentifierEmail)
	// IdentifierUsername is a username. A sign-up may also give an address, for mails.
	IdentifierUsername = Identifier(engine.IdentifierUsername)
	// IdentifierEither accepts a username or an e-mail address in one field of the login. A sign-up
	// needs at least one of them. Each identifier of an account may have half of the wrong
	// passwords that Limits allow: a common count would reveal which address belongs to which
	// username.
	IdentifierEither = Identifier(engine.IdentifierEither)
)

func (i Identifier) valid() bool { return i >= IdentifierEmail && i <= IdentifierEither }

// reservedUsernames could be mistaken for the app, its operators or its routes: the mailbox names
// of RFC 2142 and similar ones.
var reservedUsernames = []string{
	"abuse", "ftp", "hostmaster", "info", "marketing", "news", "noc", "postmaster", "sales", "security", "support", "usenet", "uucp", "webmaster", "www",
	"account", "admin", "administrator", "anonymous", "api", "billing", "contact", "everyone", "guest", "help", "login", "logout", "mail", "mailer-daemon", "me",
	"moderator", "no-reply", "nobody", "noreply", "null", "official", "operator", "owner", "root", "settings", "signup", "staff", "status", "sysadmin", "system",
	"undefined", "user", "you",
}

// names compiles the rules for usernames.
func (o Options[U]) names() (engine.Names, error) {
	n := engine.Names{Identifier: engine.Identifier(o.Identifier)}
	if !o.Identifier.valid() {
		return n, errors.New("Identifier must be IdentifierEmail, IdentifierUsername or IdentifierEither")
	}
	if o.Identifier == IdentifierEmail && len(o.ReservedUsernames) > 0 {
		return n, errors.New("ReservedUsernames reserves nothing: set Identifier to IdentifierUsername or IdentifierEither")
	}
	for _, list := range [][]string{reservedUsernames, o.ReservedUsernames} {
		for _, name := range list {
			canonical, err := driver.CanonicalUsername(name)
			if err != nil {
				return n, fmt.Errorf("ReservedUsernames has %q, which nobody can choose anyway: leave it out", name)
			}
			n.Reserved = append(n.Reserved, canonical)
		}
	}
	slices.Sort(n.Reserved)
	return n, nil
}
