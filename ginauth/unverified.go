package ginauth

import "github.com/ginauth/ginauth/ginauth/internal/engine"

// Unverified says what users may do before they have proved to own their e-mail address. The zero
// value lets them do everything.
//
// With the other values, a request that needs a user gets 403 not_verified. What users need to get
// verified, and to view, secure or leave their account, stays open: Me, Reauthenticate,
// email.ChangeEmail, the handlers Sessions, Events, ChangePassword, SetPassword, ExportAccount and
// DeleteAccount of package account and those that end sessions, and everything that answers without
// a session, such as Logout and email.VerifyEmail. Options.UnverifiedMay opens further routes, and
// the guard Verified restricts single ones.
type Unverified int

const (
	// UnverifiedAllowed restricts nothing.
	UnverifiedAllowed = Unverified(engine.UnverifiedAllowed)
	// UnverifiedReadOnly allows only GET, HEAD and OPTIONS, which change nothing (RFC 9110, 9.2.1)
	// unless the app's handlers do.
	UnverifiedReadOnly = Unverified(engine.UnverifiedReadOnly)
	// UnverifiedRefused allows no request.
	UnverifiedRefused = Unverified(engine.UnverifiedRefused)
)

func (u Unverified) valid() bool { return u >= UnverifiedAllowed && u <= UnverifiedRefused }
