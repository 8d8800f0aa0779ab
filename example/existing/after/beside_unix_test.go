//go:build unix

package main

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// The guide's command line starts the new version beside the old one. Only what the guide leaves out, and the port, are
// filled in.
func TestCommandLineOfTheGuideRunsBothVersions(t *testing.T) {
	t.Parallel()
	database, pool := newDatabase(t)
	old := before(t, database)
	ada := newBrowser(t, old)
	ada.wants("/signup", form("ada", "ada@example.com", "analytical"), 200, "Hello ada")
	prepare(t, database, pool)

	port, line := freePort(), ""
	for _, block := range blocks(t, "sh") {
		if strings.Contains(block, "BESIDE_BEFORE") {
			line = block
		}
	}
	for _, gap := range [][2]string{{"postgres://…", "'" + database + "'"}, {"SESSION_KEY=…", "SESSION_KEY=" + key}, {"PORT=8081", "PORT=" + port}} {
		if !strings.Contains(line, gap[0]) {
			t.Fatalf("the command line %q has no %s", line, gap[0])
		}
		line = strings.Replace(line, gap[0], gap[1], 1)
	}
	run := exec.CommandContext(t.Context(), "sh", "-c", line)
	run.Dir, run.Env = "../../..", append(os.Environ(), "GIN_MODE=release")
	run.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // go run starts the app as a process of its own
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-run.Process.Pid, syscall.SIGKILL)
		_ = run.Wait()
	})
	beside := listens(t, port)
	ada.at(beside).wants("/profile", nil, 200, "ada@example.com")
	ada.wants("/profile", nil, 200, "ada@example.com") // LeaveCookie
	var kind string
	ada.at(beside).wants("/logout", map[string][]string{}, 200, "Log in")
	ada.at(beside).wants("/login", form("ada", "", "analytical"), 200, "Hello ada")
	if err := pool.QueryRow(t.Context(), `SELECT left(password_hash, 3) FROM users WHERE username = 'ada'`).Scan(&kind); err != nil || kind != "$2a" {
		t.Errorf("the hash begins with %q: %v", kind, err)
	}
}
