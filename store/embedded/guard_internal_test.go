//go:build unix && !aix && !solaris

package embedded

import (
	"os/exec"
	"syscall"
	"testing"
)

// The kernel's help hides what the guard does, so it is tested without.
func TestGuardEndsItsWardWhenThePipeEnds(t *testing.T) {
	t.Parallel()
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGKILL} {
		t.Run(s.String(), func(t *testing.T) {
			t.Parallel()
			ward, g := guarded(t, s)
			if err := g.in.Close(); err != nil { // as the kernel does for a dead process
				t.Fatal(err)
			}
			if got := endOf(t, ward).Signal(); got != s {
				t.Errorf("the ward ended by %v, want %v", got, s)
			}
			if err := g.cmd.Wait(); err != nil {
				t.Errorf("the guard failed: %v", err)
			}
		})
	}
}

func TestDismissedGuardLeavesItsWardAlone(t *testing.T) {
	t.Parallel()
	ward, g := guarded(t, syscall.SIGQUIT)
	g.dismiss()
	if err := ward.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if got := endOf(t, ward).Signal(); got != syscall.SIGKILL {
		t.Errorf("the ward ended by %v before it was killed", got)
	}
}

func guarded(t *testing.T, s syscall.Signal) (*exec.Cmd, *guard) {
	t.Helper()
	ward := exec.Command("sleep", "60")
	ward.SysProcAttr = &syscall.SysProcAttr{}
	if err := ward.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ward.Process.Kill() })
	g, err := newGuard(ward, s)
	if err != nil {
		t.Fatal(err)
	}
	return ward, g
}

func endOf(t *testing.T, cmd *exec.Cmd) syscall.WaitStatus {
	t.Helper()
	_ = cmd.Wait()
	status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus)
	if !ok {
		t.Fatal("no status")
	}
	return status
}
