package ginauth

import (
	"context"

	"github.com/ginauth/ginauth/ginauth/internal/engine"
)

// Recheck is CurrentUser for a handler that runs for long, such as a stream of server-sent events or a WebSocket: it
// asks the store and the backends anew, whether the request's credential is still good and its user the same. Call it
// before each message, or once in an interval, and end the stream on any error: ErrUnauthenticated or ErrBadCredentials when the
// login has ended, ErrUnavailable when nobody can tell, ErrNotVerified where Options.Unverified is against it. It returns the user as
// stored now, also to CurrentUser and CurrentAuth from then on; guards are not asked again, so look at the user's roles there.
//
// To recheck is no use of a session: one that is not used otherwise ends after Options.IdleTimeout. A session whose token was replaced,
// as by Reauthenticate in another tab, has ended for this request; a client that connects again has the new one. Changes
// made here with sessions.Default must be saved before.
func Recheck[U any](ctx context.Context) (U, error) {
	var none U
	c, st, err := engine.StateOf(ctx)
	if err != nil {
		return none, err
	}
	return engine.Typed[U](st.Recheck(ctx, c))
}
