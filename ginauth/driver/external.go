package driver

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"
)

// External is a store for users whose accounts are kept elsewhere, in a table of the app, in another database, or in a
// directory. It keeps what belongs to them: sessions, API keys, logins by refresh tokens, known browsers, events. Such a
// store is Sessions too, and may be Limiter, Logins, EventLog and RefreshTokens, and APIKeys, Authority and
// SessionChecker of UserID: where these return a user, it returns the id.
//
// It takes any id that CheckExternalID takes, and compares ids byte by byte. No user is unknown to it: ErrNoUser means
// that DisableUser has shut the user out, or that ForgetUser runs at the same time. It knows neither passwords nor
// identifiers, so it ignores NewSession.Credential, NewRefreshFamily.Credential and Settlement.Identifier: after a login,
// compare the hash again.
type External interface {
	// DisableUser shuts a user out, also one who has never been here, until EnableUser: sessions and logins by refresh
	// tokens end for good, new ones are refused, and API keys do not work.
	DisableUser(ctx context.Context, id UserID) error
	// EnableUser undoes DisableUser. A user who is not disabled is no error.
	EnableUser(ctx context.Context, id UserID) error
	// ExportUser returns all that the store holds of the user as a JSON object, without secrets and without digests of
	// secrets. ErrNoUser means that it holds nothing.
	ExportUser(ctx context.Context, id UserID) (json.RawMessage, error)
	// ForgetUser deletes all that the store holds of the user, except events, which end as those of deleted users do. It
	// ends the user's sessions in other stores, too, and forgets that the user was disabled. A login that runs at the
	// same time leaves nothing behind. A user of whom nothing is held is no error. A later login begins anew.
	ForgetUser(ctx context.Context, id UserID) error
}

// maxExternalID is the longest id, in bytes, which is what a database's column for names often holds.
const maxExternalID = 255

// CheckExternalID returns an error for a text that is no id of an External store: one that is blank, is longer than 255
// bytes, is not UTF-8 or has a NUL. Nothing is trimmed or folded.
func CheckExternalID(id UserID) error {
	switch text := string(id); {
	case strings.TrimSpace(text) == "":
		return errors.New("the user's id is blank: let Account return the key of the user's row or entry")
	case len(text) > maxExternalID:
		return errors.New("the user's id is longer than 255 bytes: let Account return a shorter key, such as a hash of it")
	case !utf8.ValidString(text) || strings.ContainsRune(text, 0):
		return errors.New("the user's id is no text: let Account return it in UTF-8 without NUL, such as in hexadecimal digits")
	}
	return nil
}
