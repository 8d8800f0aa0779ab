//go:build !unix

package ginauth_test

import (
	"syscall"
	"testing"
)

const toStop, toGoOn, toKill syscall.Signal = 0, 0, 0

// signal cannot stop a process here.
func (s *server) signal(t *testing.T, _ syscall.Signal) {
	t.Helper()
	t.Skip("this system has no signals")
}
