package driver

import (
	"errors"
	"fmt"
)

// Errors of stores and of RetrieveUser functions.
var (
	// ErrNoUser means that there is no such user.
	ErrNoUser = errors.New("no such user")
	// ErrNoSession means that there is no such live session.
	ErrNoSession = errors.New("no such session")
	// ErrTokenReused means that a session's replaced token was used again after the grace of its
	// rotation. The session has ended.
	ErrTokenReused = errors.New("replaced session token used again")
	// ErrUnavailable means that the store cannot be asked. It never means "not logged in".
	ErrUnavailable = errors.New("the store is not available")
	// ErrIdentifierTaken means that another account has this identifier: the address, unless the
	// error is ErrUsernameTaken too.
	ErrIdentifierTaken = errors.New("another account has this identifier")
	// ErrUsernameTaken means that another account has this username. It wraps ErrIdentifierTaken.
	ErrUsernameTaken = fmt.Errorf("%w: the username", ErrIdentifierTaken)
	// ErrSessionTooLarge means that the session's values exceed the store's limit.
	ErrSessionTooLarge = errors.New("the session is too large")
)
