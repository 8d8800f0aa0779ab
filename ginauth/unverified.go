package ginauth

import "github.com/ginauth/ginauth/ginauth/internal/engine"

// Unverified says what users may do before their e-mail address was proved to be theirs. The zero value
// lets them do everything.
//
// Where it does not, a request that needs a user is answered 403 not_verified. What users need to get
// verified, and to look at, secure or leave their account, stays open: Me, Sessions, Events and the handlers that
// end sessions, Reauthenticate, ChangePassword, SetPassword, ExportAccount, DeleteAccount, email.ChangeEmail, and
// what answers without a session, such as Logout and email.VerifyEmail. Options.UnverifiedMay names
// further routes, and the guard Verified asks more of some.
type Unverified int

const (
	// UnverifiedAllowed makes no difference.
	UnverifiedAllowed = Unverified(engine.UnverifiedAllowed)
	// UnverifiedReadOnly lets them send GET, HEAD and OPTIONS, which change nothing (RFC 9110, 9.2.1) unless the
	// app's handlers do.
	UnverifiedReadOnly = Unverified(engine.UnverifiedReadOnly)
	// UnverifiedRefused lets them send nothing.
	UnverifiedRefused = Unverified(engine.UnverifiedRefused)
)

func (u Unverified) valid() bool { return u >= UnverifiedAllowed && u <= UnverifiedRefused }
