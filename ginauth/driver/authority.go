package driver

import (
	"context"
	"time"
)

// Authority checks sessions that another store of gin-contrib/sessions keeps. Such a store knows
// nothing of users, and cannot end a session that it no longer has, such as a copied cookie. With
// an Authority, each request is checked in one step. ginauth uses it if Users implements it and
// Sessions is not a Sessions of this package.
type Authority[U any] interface {
	// AdmitSession says whether n.UserID may have a new session, by the rules of
	// Sessions.CreateSession, and returns the epoch of the user's sessions. It stores nothing about
	// the session.
	AdmitSession(ctx context.Context, n NewSession) (Admission, error)
	// FindAdmitted returns the user of a session that was admitted under this epoch, and the
	// store's clock. ErrNoSession means that EndAdmitted ended the session, that all sessions of
	// the user were ended since, or that the user is unknown or disabled. It does not write.
	FindAdmitted(ctx context.Context, user UserID, session Digest, epoch int64) (U, time.Time, error)
	// EndAdmitted ends one session for good. The store may forget it after the time until, when the
	// session would have expired anyway. Ending it twice is no error.
	EndAdmitted(ctx context.Context, session Digest, until time.Time) error
}

// Admission is the data that a session in another store keeps.
type Admission struct {
	// Epoch is the epoch of the user's sessions: it changes when all of them are ended.
	Epoch int64
	// At is the store's clock.
	At time.Time
}
