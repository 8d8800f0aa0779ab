package driver

// IdentifierKind is what users log in with. Its zero value is an e-mail address.
type IdentifierKind int

const (
	// EmailIdentifier is the e-mail address.
	EmailIdentifier IdentifierKind = iota
	// UsernameIdentifier is a username. A sign-up may also give an address, for mails.
	UsernameIdentifier
	// EitherIdentifier accepts a username or an e-mail address in one field of the login. A sign-up
	// needs at least one of them. Each identifier of an account may have half of the wrong
	// passwords, and half of the mails of each kind, that Limits allow: a common count would reveal
	// which address belongs to which username.
	EitherIdentifier
)
