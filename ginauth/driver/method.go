package driver

// Method is a way in which a user has proved who they are, with the name of RFC 8176 if it has one.
type Method string

// The methods.
const (
	ByPassword    Method = "pwd"
	ByOneTimeCode Method = "otp"
	// ByHardwareKey is a key that cannot leave its device, such as that of a passkey.
	ByHardwareKey Method = "hwk"
	// ByPresence is an action of the user on that device, with a PIN or a finger.
	ByPresence Method = "user"
	// ByMail is a link or a code that was sent to the user's address.
	ByMail Method = "mail"
	// ByProvider is a login at another service.
	ByProvider Method = "fed"
)

// Valid says whether the method is one of those above.
func (m Method) Valid() bool {
	switch m {
	case ByPassword, ByOneTimeCode, ByHardwareKey, ByPresence, ByMail, ByProvider:
		return true
	}
	return false
}
