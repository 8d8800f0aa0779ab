//go:build unix && !aix && !solaris

package embedded_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// runAs starts a program as the user who owns a folder. Until the test ends, nobody reaps it.
func runAs(t *testing.T, owner fs.FileInfo, program []string) int {
	t.Helper()
	cmd := exec.Command(program[0], program[1:]...)
	if stat, ok := owner.Sys().(*syscall.Stat_t); ok && os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: stat.Uid, Gid: stat.Gid}}
	}
	cmd.Dir = "/"
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return cmd.Process.Pid
}

// writePIDFile is what a server that was killed leaves behind.
func writePIDFile(t *testing.T, data string, owner fs.FileInfo, pid int) {
	t.Helper()
	lines := []string{
		strconv.Itoa(pid), data, "1700000000", "5432", filepath.Join(filepath.Dir(data), "run"), "", "  5432001     32768", "ready   ", "",
	}
	path := filepath.Join(data, "postmaster.pid")
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	if stat, ok := owner.Sys().(*syscall.Stat_t); ok {
		if err := os.Chown(path, int(stat.Uid), int(stat.Gid)); err != nil {
			t.Fatal(err)
		}
	}
}
