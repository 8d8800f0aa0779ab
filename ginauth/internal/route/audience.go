package route

// Audience says whom an operation is for. Its zero value is the strictest.
type Audience uint8

const (
	// VerifiedUsers are users, who must be verified where the app's policy says so.
	VerifiedUsers Audience = iota
	// Users are all of them, verified or not: the operation gets them verified, or it is one by which they look at, secure
	// or leave their account.
	Users
	// LoggedOut are callers who want to log in. Behind a guard they would never get there.
	LoggedOut
	// Everyone may call the operation, logged in or not.
	Everyone
	// Middleware is no operation: the handler lets requests pass or not, and does nothing else.
	Middleware
)

// Open says whether the operation answers without a session, on whatever route it is mounted.
func (a Audience) Open() bool { return a == LoggedOut || a == Everyone }
