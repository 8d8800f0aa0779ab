//go:build unix && !linux && !aix && !solaris

package embedded

import "syscall"

// signalOnDeath does nothing here: the guard alone ends the child.
func signalOnDeath(*syscall.SysProcAttr, syscall.Signal) {}
