package driver

import "context"

// Cause says who caused an event, and in which request.
type Cause struct {
	// Actor is the user who acts; empty if no user is logged in.
	Actor UserID
	// Session is the first digits of the digest of the actor's session, as in the log; empty if
	// there is none.
	Session string
	Origin  Origin
	// Operation is the name of ginauth's handler that serves the request, such as "login", or
	// otherwise the method and the route's template.
	Operation string
	// RequestID is the answer's header X-Request-Id, which a middleware of the app may set.
	RequestID string
}

type causeKey struct{}

// WithCause returns a context with a cause. It is for code that no Gin request runs, such as a
// command that knows who started it.
func WithCause(ctx context.Context, cause Cause) context.Context {
	return context.WithValue(ctx, causeKey{}, cause)
}

// CauseOf returns the cause in a context, for stores. If known is false, there is none: the app's
// own code acted.
func CauseOf(ctx context.Context) (cause Cause, known bool) {
	cause, known = ctx.Value(causeKey{}).(Cause)
	return cause, known
}
