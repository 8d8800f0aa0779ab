package ginauth

import "log/slog"

// EventKind names what happened, in the words of the OWASP Logging Vocabulary where it has one. A kind keeps its name for
// good; docs/events.md explains each. An app may have kinds of its own, of at most 64 characters.
type EventKind string

// What happened to an account, and failed logins. These are stored where the store of users is an
// EventRecorder, as store.DB is, and are in the log when a handler of this module was the cause.
const (
	EventSignUp              EventKind = "user_created"
	EventUserUpdated         EventKind = "user_updated"
	EventUserVerified        EventKind = "user_verified"
	EventUserDisabled        EventKind = "user_disabled"
	EventUserEnabled         EventKind = "user_enabled"
	EventUserArchived        EventKind = "user_archived"
	EventUserRestored        EventKind = "user_restored"
	EventUserDeleted         EventKind = "user_deleted"
	EventEmailChanged        EventKind = "user_email_changed"
	EventEmailChangeUndone   EventKind = "user_email_change_undone"
	EventPasswordChanged     EventKind = "authn_password_change"
	EventPasswordReset       EventKind = "authn_password_reset"
	EventPasswordResetForced EventKind = "authn_password_reset_forced"
	EventLogin               EventKind = "authn_login_success"
	EventLoginFailed         EventKind = "authn_login_fail"
	EventLinkUsed            EventKind = "authn_link_success"
	EventLogout              EventKind = "authn_logout"
	EventSessionsRevoked     EventKind = "session_revoked"
	EventTokenCreated        EventKind = "authn_token_created"
	EventTokenRevoked        EventKind = "authn_token_revoked"
	EventTokenReuse          EventKind = "authn_token_reuse"
	EventTokenGrace          EventKind = "authn_token_grace"
)

// What is in the log alone: it changes nothing, or whoever likes can cause as much of it as they like.
const (
	EventSessionsEvicted EventKind = "session_evicted"
	EventLoginFailMax    EventKind = "authn_login_fail_max"
	EventRateExceeded    EventKind = "excess_rate_limit_exceeded"
	EventBadCredentials  EventKind = "authn_credentials_fail"
	EventBadLink         EventKind = "authn_link_fail"
	EventDenied          EventKind = "authz_fail"
	EventCrossOrigin     EventKind = "malicious_csrf"
	EventDuplicateCookie EventKind = "malicious_duplicate_cookie"
	EventMailRequested   EventKind = "email_requested"
	EventUserExported    EventKind = "sensitive_read"
)

// failures are the kinds whose outcome is one. They are warnings in the log.
var failures = map[EventKind]bool{
	EventLoginFailed: true, EventLoginFailMax: true, EventRateExceeded: true, EventBadCredentials: true, EventDenied: true,
	EventCrossOrigin: true, EventDuplicateCookie: true, EventTokenReuse: true,
}

func (k EventKind) level() slog.Level {
	if failures[k] || k == EventTokenGrace { // that one may be theft
		return slog.LevelWarn
	}
	return slog.LevelInfo
}
