package driver

import (
	"context"
	"errors"
	"time"
)

// ErrExchanged means that a login of an older system is good for no session (any more).
var ErrExchanged = errors.New("the login was exchanged for a session before, or has ended")

// SessionExchanger begins sessions in exchange for logins of the system that an app had before. It is an optional part
// of Sessions, which ginauth.Options.AcceptOnce asks for.
type SessionExchanger interface {
	// ExchangeSession stores x.Session, as CreateSession does, and remembers x.Old until x.Until, in one step: when it
	// fails, x.Old is still good. AuthenticatedAt of the new session is zero, since the user has proved nothing. Within
	// x.Grace, FindRotated finds the session by x.Old, as if that had been its digest, and ends it later. Of parallel
	// calls with one x.Old, one succeeds. ErrExchanged means that x.Old was exchanged or ended before, that x.Until is
	// over by the store's clock, or that all sessions of the user, or of everybody, were ended at any time before: that
	// was to end the old logins as well.
	ExchangeSession(ctx context.Context, x Exchange) (Session, error)
	// EndAdmitted makes a login worthless that was not exchanged, and may forget that after until. See Authority.
	EndAdmitted(ctx context.Context, login Digest, until time.Time) error
}

// Exchange is a login of an older system, and the session that takes its place.
type Exchange struct {
	// Old names the login. It is no digest of a Token.
	Old Digest
	// Until is when no login of the older system is good any more.
	Until time.Time
	// Grace is for how long requests that were under way with the old login may read. It is positive.
	Grace time.Duration
	// Session has a UserID.
	Session NewSession
}
