package driver

import (
	"context"
	"time"
)

// Authority checks sessions that another store of gin-contrib/sessions keeps. Such a store cannot end
// what it has forgotten, such as a copied cookie, and knows nothing of users. With an Authority, each
// request is checked in one step. It is asked for where Users is one and Sessions is no store of this
// package's kind.
type Authority[U any] interface {
	// AdmitSession says whether n.UserID may have a new session, by the rules of
	// Sessions.CreateSession, and returns the epoch of the user's sessions. It stores nothing.
	AdmitSession(ctx context.Context, n NewSession) (Admission, error)
	// FindAdmitted returns the user of a session that was admitted under this epoch, and the store's
	// clock. ErrNoSession means that EndAdmitted ended the session, that all sessions of the user
	// were ended since, or that the user is unknown or disabled. It does not write.
	FindAdmitted(ctx context.Context, user UserID, session Digest, epoch int64) (U, time.Time, error)
	// EndAdmitted ends one session for good. The store may forget that after until, when the session
	// would have expired. Ending it twice is no error.
	EndAdmitted(ctx context.Context, session Digest, until time.Time) error
}

// Admission is what a session that is kept elsewhere carries along.
type Admission struct {
	// Epoch is that of the user's sessions: it moves when all of them are ended.
	Epoch int64
	// At is the store's clock.
	At time.Time
}
