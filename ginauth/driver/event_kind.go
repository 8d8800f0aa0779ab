package driver

// EventKind names what happened, in the words of the OWASP Logging Vocabulary if it has a matching
// one. The name of a kind never changes; docs/events.md explains each. An app may have its own
// kinds, of at most 64 characters.
type EventKind string

// These kinds are about accounts and failed logins. They are stored if the store of users is an
// EventLog, as store.DB is, and logged if a handler of ginauth was the cause.
const (
	UserCreated              EventKind = "user_created"
	UserUpdated              EventKind = "user_updated"
	UserUsernameChanged      EventKind = "user_username_changed"
	UserVerified             EventKind = "user_verified"
	UserDisabled             EventKind = "user_disabled"
	UserEnabled              EventKind = "user_enabled"
	UserArchived             EventKind = "user_archived"
	UserRestored             EventKind = "user_restored"
	UserDeleted              EventKind = "user_deleted"
	UserEmailChanged         EventKind = "user_email_changed"
	UserEmailChangeUndone    EventKind = "user_email_change_undone"
	LoginPasswordChanged     EventKind = "authn_password_change"
	LoginPasswordReset       EventKind = "authn_password_reset"
	LoginPasswordResetForced EventKind = "authn_password_reset_forced"
	PasswordChangeRequired   EventKind = "user_password_change_required"
	LoginSucceeded           EventKind = "authn_login_success"
	LoginFailed              EventKind = "authn_login_fail"
	LinkUsed                 EventKind = "authn_link_success"
	LoggedOut                EventKind = "authn_logout"
	SessionsRevoked          EventKind = "session_revoked"
	TokenCreated             EventKind = "authn_token_created"
	TokenRevoked             EventKind = "authn_token_revoked"
	TokenReused              EventKind = "authn_token_reuse"
	TokenUsedInGrace         EventKind = "authn_token_grace"
)

// What is in the log alone: these kinds change nothing, or anybody can cause any number of them.
const (
	SessionsEvicted    EventKind = "session_evicted"
	LoginLockedOut     EventKind = "authn_login_fail_max"
	RateExceeded       EventKind = "excess_rate_limit_exceeded"
	CredentialsRefused EventKind = "authn_credentials_fail"
	LinkRefused        EventKind = "authn_link_fail"
	AccessDenied       EventKind = "authz_fail"
	CrossOriginRefused EventKind = "malicious_csrf"
	DuplicateCookie    EventKind = "malicious_duplicate_cookie"
	MailRequested      EventKind = "email_requested"
	UserExported       EventKind = "sensitive_read"
)

// failures are the kinds whose outcome is Failure.
var failures = map[EventKind]bool{
	LoginFailed: true, LoginLockedOut: true, RateExceeded: true, CredentialsRefused: true, AccessDenied: true,
	CrossOriginRefused: true, DuplicateCookie: true, TokenReused: true,
}

// Outcome returns the result of an event of this kind. For the app's own kinds it is Success.
func (k EventKind) Outcome() Outcome {
	if failures[k] {
		return Failure
	}
	return Success
}
