package route

// Audience says which users an operation is for. Its zero value is the strictest.
type Audience uint8

const (
	// VerifiedUsers are users who must be verified if the app's policy requires it.
	VerifiedUsers Audience = iota
	// Users are all users, verified or not. The operation gets them verified, or lets them view,
	// secure or leave their account.
	Users
	// LoggedOut are callers who want to log in. A guard would keep them out.
	LoggedOut
	// Everyone may call the operation, logged in or not.
	Everyone
	// Middleware is not an operation: the handler only decides whether requests may pass.
	Middleware
)

// Open says whether the operation answers without a session, on any route.
func (a Audience) Open() bool { return a == LoggedOut || a == Everyone }
