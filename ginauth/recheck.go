package ginauth

import (
	"context"

	"github.com/ginauth/ginauth/ginauth/internal/engine"
)

// Recheck is CurrentUser for a handler that runs for long, such as a stream of server-sent events
// or a WebSocket. It asks the store and the backends again whether the request's credential is
// still valid and belongs to the same user. Call it before each message, or once per interval, and
// end the stream on any error: ErrUnauthenticated or ErrBadCredentials when the login has ended,
// ErrUnavailable when that cannot be checked, ErrNotVerified when Options.Unverified forbids the
// request. It returns the user as stored now, and so do CurrentUser and CurrentAuth from then on.
// It does not ask guards again, so check the user's roles yourself.
//
// A recheck does not count as use of a session: without other use the session ends after
// Options.IdleTimeout. If the session's token is replaced, for example by Reauthenticate in another
// tab, the session has ended for this request; the client gets the new one when it connects again.
// Save changes made with sessions.Default before you call Recheck.
func Recheck[U any](ctx context.Context) (U, error) {
	var none U
	c, st, err := engine.StateOf(ctx)
	if err != nil {
		return none, err
	}
	return engine.Typed[U](st.Recheck(ctx, c))
}
