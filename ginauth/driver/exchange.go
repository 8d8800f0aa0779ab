package driver

import (
	"context"
	"errors"
	"time"
)

// ErrExchanged means that a login of an older system cannot be exchanged for a session, or no
// longer.
var ErrExchanged = errors.New("the login has already been exchanged for a session, or has ended")

// SessionExchanger begins sessions in exchange for logins of a system that the app used before. It
// is an optional part of Sessions; ginauth.Options.AcceptOnce needs it.
type SessionExchanger interface {
	// ExchangeSession stores x.Session, as CreateSession does, and remembers x.Old until x.Until,
	// in one step: if it fails, x.Old stays valid. AuthenticatedAt of the new session is zero,
	// because the user has proved nothing. Within x.Grace, FindRotated finds the session by x.Old,
	// as if x.Old had been its digest; after that it ends the session. Of parallel calls with one
	// x.Old, one succeeds. ErrExchanged means that x.Old was already exchanged or ended, that
	// x.Until has passed by the store's clock, or that all sessions of the user, or of all users,
	// were ended at any time before, which also ends the old logins.
	ExchangeSession(ctx context.Context, x Exchange) (Session, error)
	// EndAdmitted ends a login that was not exchanged. The store may forget it after the time
	// until. See Authority.
	EndAdmitted(ctx context.Context, login Digest, until time.Time) error
}

// Exchange is a login of an older system, and the session that replaces it.
type Exchange struct {
	// Old identifies the login. It is not the digest of a Token.
	Old Digest
	// Until is when all logins of the older system become invalid.
	Until time.Time
	// Grace is how long requests that were under way with the old login may read. It is positive.
	Grace time.Duration
	// Session has a UserID.
	Session NewSession
}
