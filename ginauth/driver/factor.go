package driver

import (
	"context"
	"errors"
	"time"

	"github.com/ginauth/ginauth/ginauth/password"
)

// ErrSecondFactor means that the user has a second factor, and that the login has not proved it.
var ErrSecondFactor = errors.New("a second factor is missing")

// ErrNoPendingLogin means that there is no such login under way, or no longer.
var ErrNoPendingLogin = errors.New("no such login is under way")

// ErrNoFactor means that the user has no such factor.
var ErrNoFactor = errors.New("no such factor")

// Factors keeps which second factors users have. What a factor is checked with, such as a seed or a
// phone number, is kept by whoever adds it, under the factor's ID. A store that implements it
// refuses a login without a second factor, see NewSession.Pending.
type Factors interface {
	// AddFactor stores a factor, and ErrNoUser means that the user is unknown or disabled. An ID
	// that exists is an error.
	AddFactor(ctx context.Context, n NewFactor) error
	// ConfirmFactor says that the user has proved a factor for the first time. Doing so again
	// changes nothing. ErrNoFactor means that the user has no such factor.
	ConfirmFactor(ctx context.Context, user UserID, id FactorID) error
	// RemoveFactor deletes a factor of the user. ErrNoFactor means that the user has no such
	// factor; a factor of another user stays as it is.
	RemoveFactor(ctx context.Context, user UserID, id FactorID) error
	// UserFactors returns the factors of a user, confirmed or not, the oldest first. An unknown
	// user has none.
	UserFactors(ctx context.Context, user UserID) ([]Factor, error)
}

// FactorID names a factor. It is a UUID, and not a credential.
type FactorID string

// NewFactor is a factor to be stored.
type NewFactor struct {
	ID     FactorID
	UserID UserID
	// Kind is what it is, such as "totp", in at most 32 bytes.
	Kind string
	// Gates means that no login of the user succeeds without a second factor, once this one is
	// confirmed. A passkey proves a second factor, but does not gate.
	Gates bool
	// Confirmed means that the user has already proved it.
	Confirmed bool
}

// Factor is a second factor of a user.
type Factor struct {
	ID    FactorID
	Kind  string
	Gates bool
	// CreatedAt is when it was stored, and ConfirmedAt when its user first proved it. One whose
	// ConfirmedAt is zero demands nothing.
	CreatedAt, ConfirmedAt time.Time
}

// PendingLogins keeps logins whose second factor is missing. Their digest is not that of a session:
// no call of Sessions finds one. A login under way ends after its lifetime, and with all sessions
// of its user, such as when the password is changed.
type PendingLogins interface {
	// CreatePendingLogin stores a login. ErrNoUser means that the user is unknown or disabled, or
	// that the user's hash is not, or no longer, n.Credential. If a user has more than
	// MaxPendingLogins, the oldest end in the same step. An existing digest is an error.
	CreatePendingLogin(ctx context.Context, n NewPendingLogin) (PendingLogin, error)
	// FindPendingLogin returns a login, or ErrNoPendingLogin. It does not write.
	FindPendingLogin(ctx context.Context, d Digest) (PendingLogin, error)
	// DeletePendingLogin ends a login. An unknown digest is no error.
	DeletePendingLogin(ctx context.Context, d Digest) error
}

// MaxPendingLogins is how many logins of one user can be under way.
const MaxPendingLogins = 5

// PendingLogin is a login whose first factor is proved.
type PendingLogin struct {
	Digest Digest
	UserID UserID
	// Methods are how the user has proved the first factor.
	Methods Methods
	// Persistent and ReturnTo come from NewPendingLogin.
	Persistent           bool
	ReturnTo             string
	CreatedAt, ExpiresAt time.Time
	// ReadAt is the store's clock when it returned this record.
	ReadAt time.Time
	// Origin is the client that logs in.
	Origin Origin
}

// NewPendingLogin is a login to be stored.
type NewPendingLogin struct {
	Digest Digest
	UserID UserID
	// Credential, unless zero, must still be the user's password hash.
	Credential password.Hash
	Methods    Methods
	// Persistent means that the session is to outlive the browser.
	Persistent bool
	// ReturnTo is where the browser wanted to go, in at most 2048 bytes.
	ReturnTo string
	// Lifetime is the time from now, by the store's clock, to the end.
	Lifetime time.Duration
	Origin   Origin
}
