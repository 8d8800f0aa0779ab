package driver

import "context"

// Cause is under which circumstances something is done, for the events that a store writes.
type Cause struct {
	// Actor is the user who does it; empty when nobody is logged in.
	Actor UserID
	// Session is the first digits of the digest of the actor's session, as in the log; empty for none.
	Session string
	Origin  Origin
	// Operation is the name of the handler of this module that serves the request, such as "login", or else the
	// method and the route's template.
	Operation string
	// RequestID is the answer's X-Request-Id, which a middleware of the app's sets.
	RequestID string
}

type causeKey struct{}

// WithCause returns a context with a cause, for what is not done by a request of Gin's, such as a command that
// knows who runs it.
func WithCause(ctx context.Context, cause Cause) context.Context {
	return context.WithValue(ctx, causeKey{}, cause)
}

// CauseOf returns the cause that a context carries, for stores. False: nobody said, so the app's own code did it.
func CauseOf(ctx context.Context) (cause Cause, known bool) {
	cause, known = ctx.Value(causeKey{}).(Cause)
	return cause, known
}
