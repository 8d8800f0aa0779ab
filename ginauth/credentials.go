package ginauth

import (
	"fmt"
	"log/slog"
)

// Credentials are the payload of a login, as JSON or as a form. Options.Identifier says which of
// Email and Username are needed.
type Credentials struct {
	Email string `json:"email" validate:"required" format:"email" example:"ada@example.com"`
	// Username is ignored unless Options.Identifier has usernames. With driver.EitherIdentifier it may
	// also be an address at a login.
	Username string `json:"username" validate:"optional" maxLength:"254" example:"ada"`
	Password string `json:"password" binding:"required" example:"correct horse battery staple" format:"password"`
	// Remember keeps the session when the browser closes.
	Remember bool `json:"remember" validate:"optional"`
}

// Registration is the payload of a sign-up: a name and Credentials. An app that asks for more
// embeds it, or Credentials alone, in its own type and uses SignUpWith.
type Registration struct {
	Name string `json:"name" binding:"required" maxLength:"200" example:"Ada Lovelace"`
	Credentials
}

// Form is a sign-up payload: a struct that embeds Registration, or Credentials if the app asks for
// no name. Its other fields are checked by their binding tags.
type Form interface {
	registration() Registration
}

func (c Credentials) registration() Registration  { return Registration{Credentials: c} }
func (r Registration) registration() Registration { return r }

// Format hides the password from every verb of fmt.
func (Credentials) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte("[credentials]")) }

// LogValue hides the password.
func (Credentials) LogValue() slog.Value { return slog.StringValue("[credentials]") }
