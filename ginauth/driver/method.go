package driver

import (
	"fmt"
	"slices"
	"strings"
)

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

// Methods are several methods as a text: their names in the order of the alphabet, each once, with
// blanks between them, such as "otp pwd". Make one with MethodsOf. Empty means that nothing is known,
// as for a login from before ginauth kept methods.
type Methods string

// MethodsOf returns these methods.
func MethodsOf(list ...Method) Methods {
	switch len(list) {
	case 0:
		return ""
	case 1:
		return Methods(list[0])
	}
	names := make([]string, len(list))
	for i, m := range list {
		names[i] = string(m)
	}
	slices.Sort(names)
	return Methods(strings.Join(slices.Compact(names), " "))
}

// List returns the methods one by one. It is never nil.
func (m Methods) List() []Method {
	list := []Method{}
	for name := range strings.FieldsSeq(string(m)) {
		list = append(list, Method(name))
	}
	return list
}

// Has says whether the method is one of them.
func (m Methods) Has(method Method) bool { return slices.Contains(m.List(), method) }

// Check returns an error if one of the methods is not valid.
func (m Methods) Check() error {
	for _, method := range m.List() {
		if !method.Valid() {
			return fmt.Errorf("there is no method %q: use those of package driver", method)
		}
	}
	return nil
}

// And returns the methods of both.
func (m Methods) And(more Methods) Methods { return MethodsOf(append(m.List(), more.List()...)...) }

// TwoFactors says whether the methods are two factors: a key whose device knows its user, or a code
// or key together with anything else.
func (m Methods) TwoFactors() bool {
	owned, first := m.Has(ByHardwareKey) || m.Has(ByOneTimeCode), m.Has(ByPassword) || m.Has(ByMail) || m.Has(ByProvider)
	return owned && first || m.Has(ByHardwareKey) && m.Has(ByPresence)
}
