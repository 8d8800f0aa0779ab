package route

import "slices"

// forUnverified are the operations by which users get verified, and look at, secure or leave their
// account. What is not named here is not for them where the app's policy says so.
var forUnverified = []string{
	"me", "sessions", "events", "revokeSession", "revokeOtherSessions", "revokeAllSessions", "reauthenticate",
	"changePassword", "setPassword", "changeEmail", "exportAccount", "deleteAccount", "deleteAccountAfter",
}

// ForUnverified says whether the handler is for users, too, whose address was not proved to be theirs,
// whatever the app's policy is. What is for anybody is for them.
func (i Info) ForUnverified() bool { return i.Open || slices.Contains(forUnverified, i.Name) }
