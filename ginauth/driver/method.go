package driver

// Method is a way in which a user has proved who they are, by the names of RFC 8176 where that has one.
type Method string

// What users prove themselves by.
const (
	ByPassword    Method = "pwd"
	ByOneTimeCode Method = "otp"
	// ByHardwareKey is a key that cannot leave its device, such as a passkey's.
	ByHardwareKey Method = "hwk"
	// ByPresence is a gesture of the user on that device, with its PIN or their finger.
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
