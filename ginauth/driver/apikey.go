package driver

import (
	"context"
	"errors"
	"time"
)

// Errors of APIKeys.
var (
	// ErrNoAPIKey means that there is no such live key, or that its user may not use it.
	ErrNoAPIKey = errors.New("no such API key")
	// ErrTooManyAPIKeys means that the user has as many live keys as NewAPIKey.Limit allows.
	ErrTooManyAPIKeys = errors.New("too many API keys")
)

// APIKeys keeps API keys. Package apikey asks for it. The store enforces the end of a key by one
// clock.
type APIKeys[U any] interface {
	// CreateAPIKey stores a new key. ErrTooManyAPIKeys means that the user would have more live
	// keys than n.Limit, also with parallel calls. ErrNoUser means that the user is unknown or
	// disabled. A digest that exists already is an error and changes nothing.
	CreateAPIKey(ctx context.Context, n NewAPIKey) (APIKey, error)
	// FindAPIKey returns a live key and its user in one step, and writes nothing. ErrNoAPIKey means
	// that there is no key of this digest, that it has expired or was revoked, or that its user is
	// unknown or disabled.
	FindAPIKey(ctx context.Context, d Digest) (U, APIKey, error)
	// TouchAPIKey notes that the key is used now, unless its last use was noted within the
	// interval, or a parallel call notes it. An unknown key is no error.
	TouchAPIKey(ctx context.Context, id APIKeyID, interval time.Duration) error
	// UserAPIKeys returns the user's keys, the newest first, expired ones too. An unknown user has
	// none.
	UserAPIKeys(ctx context.Context, user UserID) ([]APIKey, error)
	// RevokeAPIKey ends a key of the user. ErrNoAPIKey means that the user has no key of that id; a
	// key of another user stays as it is.
	RevokeAPIKey(ctx context.Context, user UserID, id APIKeyID) error
	// RevokeUserAPIKeys ends all keys of the user. A user without keys is no error.
	RevokeUserAPIKeys(ctx context.Context, user UserID) error
}

// APIKeyID is a key's public name, for lists and for revoking. It is not a credential.
type APIKeyID string

// APIKey is a stored key in the form that its user sees. It contains nothing that could
// authenticate a request.
type APIKey struct {
	ID     APIKeyID `json:"id"`
	UserID UserID   `json:"-"`
	// Name is the name that the user gave the key.
	Name string `json:"name"`
	// Scopes are what the key may be used for, sorted and never nil. With an empty list, the key
	// may not be used where a scope is required.
	Scopes []string `json:"scopes"`
	// Start is the beginning of the key, by which its user recognises it.
	Start     string    `json:"start"`
	CreatedAt time.Time `json:"created_at" format:"date-time"`
	// ExpiresAt is zero for a key that never expires.
	ExpiresAt time.Time `json:"expires_at,omitzero" validate:"optional" format:"date-time"`
	// LastUsedAt is zero for a key that was never used. It is exact to the interval of TouchAPIKey.
	LastUsedAt time.Time `json:"last_used_at,omitzero" validate:"optional" format:"date-time"`
	// ReadAt is the store's clock when it returned this record.
	ReadAt time.Time `json:"-"`
} //	@name	APIKey

// NewAPIKey is a key about to be stored.
type NewAPIKey struct {
	Digest Digest
	UserID UserID
	Name   string
	Scopes []string
	Start  string
	// Lifetime begins when the key is stored. With zero the key never expires.
	Lifetime time.Duration
	// Limit is how many live keys the user may have, including this one. Zero means no limit.
	Limit int
}
