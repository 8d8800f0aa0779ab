package route

import "unsafe"

// Identity tells functions apart, also closures of one function literal, which reflection cannot. Identities of the
// same type can be compared. It is meant for start-up.
func Identity[F any](function F) any {
	if unsafe.Sizeof(function) != unsafe.Sizeof(uintptr(0)) {
		return nil
	}
	return *(*unsafe.Pointer)(unsafe.Pointer(&function)) //nolint:gosec // a func value is one pointer, as was checked
}
