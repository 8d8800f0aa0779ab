package codec

import "errors"

var (
	// ErrUnsupported means that a value or a key cannot be stored. It is always an
	// *UnsupportedError, which names the type.
	ErrUnsupported = errors.New("this cannot be kept in a session")
	// ErrCorrupt means that stored data is not what Encode or Key writes, or that it names a
	// type that is not registered. The session is unusable.
	ErrCorrupt = errors.New("stored session value is corrupt")
)

// UnsupportedError says why a value cannot be stored. It never holds the value.
// errors.Is finds it as ErrUnsupported.
type UnsupportedError struct {
	// Type is the Go type, such as "shop.Cart" or "*shop.Cart".
	Type string
	// Reason is a phrase for the developer.
	Reason string
}

// Error names the type and the reason.
func (e *UnsupportedError) Error() string {
	return "storing a session value of type " + e.Type + ": " + e.Reason
}

// Is makes every UnsupportedError an ErrUnsupported.
func (e *UnsupportedError) Is(target error) bool { return target == ErrUnsupported }
