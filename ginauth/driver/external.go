package driver

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"
)

// External is a store for users whose accounts are kept elsewhere: in a table of the app, in
// another database, or in a directory. It keeps what belongs to them: sessions, API keys, logins by
// refresh tokens, known browsers and events. Such a store is a Sessions too. It may be a Limiter,
// Logins, EventLog and RefreshTokens, and an APIKeys, Authority and SessionChecker of UserID, which
// return the id in place of the user.
//
// It accepts every id that CheckExternalID accepts, and compares ids byte by byte. One that is a
// Realms means the user of the context's realm: two realms may have the same id. It knows no unknown
// users: ErrNoUser means that DisableUser has disabled the user, or that ForgetUser is running. It
// knows neither passwords nor identifiers, so it ignores NewSession.Credential,
// NewRefreshFamily.Credential and Settlement.Identifier: compare the hash again after a login.
type External interface {
	// DisableUser disables a user until EnableUser, even one whom the store has never seen.
	// Sessions and logins by refresh tokens end for good, new ones are refused, and API keys do not
	// work.
	DisableUser(ctx context.Context, id UserID) error
	// EnableUser undoes DisableUser. A user who is not disabled is no error.
	EnableUser(ctx context.Context, id UserID) error
	// ExportUser returns all that the store holds of the user as a JSON object, without secrets and
	// without digests of secrets. ErrNoUser means that it holds nothing.
	ExportUser(ctx context.Context, id UserID) (json.RawMessage, error)
	// ForgetUser deletes everything that the store holds of the user, except events, which are kept
	// as long as those of deleted users. It also ends the user's sessions in other stores, and
	// forgets that the user was disabled. A login at the same time leaves nothing behind. It is no
	// error if nothing is held of the user. A later login begins anew.
	ForgetUser(ctx context.Context, id UserID) error
}

// maxExternalID is the longest id, in bytes. Columns for names in databases often have this length.
const maxExternalID = 255

// CheckExternalID returns an error if an External store cannot have this id: it is blank, longer
// than 255 bytes, not UTF-8, or contains a NUL. Nothing is trimmed or folded.
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
