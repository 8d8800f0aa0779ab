//go:build unix && !aix && !solaris

package embedded_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/ginauth/ginauth/store/embedded"
)

func TestServerEndsWhenItsParentIsKilled(t *testing.T) {
	t.Parallel()
	dir := warmFolder(t)
	parent, url := startParent(t, dir)
	exec1(t, url, "CREATE TABLE kept AS SELECT 7 AS n")
	connect(t, url) // a client that stays must not keep it alive
	pid := serverPID(t, filepath.Join(cluster(t, dir), "data"))

	kill(t, parent)
	awaitGone(t, pid)
	if exists(t, filepath.Join(cluster(t, dir), "data", "postmaster.pid")) {
		t.Error("postmaster.pid is left: the server did not end cleanly")
	}
	server := start(t, embedded.Options{Dir: dir})
	if n := query1[int](t, server.URL(), "SELECT n FROM kept"); n != 7 {
		t.Errorf("got %d, want 7", n)
	}
}

func TestEphemeralServerEndsWhenItsParentIsKilled(t *testing.T) {
	t.Parallel()
	dir := newFolder(t)
	parent, url := startParent(t, dir, ephemeralEnv+"=1")
	connect(t, url)
	data, err := filepath.Glob(filepath.Join(dir, "ephemeral", "*", "data"))
	if err != nil || len(data) != 1 {
		t.Fatalf("got clusters %v (%v), want one", data, err)
	}
	pid := serverPID(t, data[0])

	kill(t, parent)
	awaitGone(t, pid)
	if !exists(t, data[0]) {
		t.Fatal("who deleted the data? This test is to see the next start do it")
	}
	start(t, embedded.Options{Dir: dir, Ephemeral: true})
	if exists(t, filepath.Dir(data[0])) {
		t.Error("the next start did not delete the data of the killed one")
	}
}

func TestStartFollowsAtOnceOnAServerThatWasKilled(t *testing.T) {
	t.Parallel()
	dir := warmFolder(t)
	parent, url := startParent(t, dir)
	exec1(t, url, "CREATE TABLE kept AS SELECT 7 AS n")
	// The parent cannot reap the server, so its pid stays taken for a while.
	if err := parent.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(serverPID(t, filepath.Join(cluster(t, dir), "data")), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	kill(t, parent)

	server := start(t, embedded.Options{Dir: dir})
	if n := query1[int](t, server.URL(), "SELECT n FROM kept"); n != 7 {
		t.Errorf("got %d, want 7", n)
	}
}

func TestStalePIDFileIsNoObstacleWhoeverHasThePIDNow(t *testing.T) {
	t.Parallel()
	for name, program := range map[string][]string{"zombie": {"true"}, "stranger": {"sleep", "600"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := warmFolder(t)
			data := filepath.Join(cluster(t, dir), "data")
			info, err := os.Stat(data)
			if err != nil {
				t.Fatal(err)
			}
			pid := runAs(t, info, program) // PostgreSQL takes no notice of other users' processes
			writePIDFile(t, data, info, pid)

			start(t, embedded.Options{Dir: dir})
			if serverPID(t, data) == pid {
				t.Error("postmaster.pid still names the stranger")
			}
		})
	}
}

func TestBrokenPIDFileIsNoObstacle(t *testing.T) {
	t.Parallel()
	dir := warmFolder(t)
	// A full disk leaves an empty one.
	if err := os.WriteFile(filepath.Join(cluster(t, dir), "data", "postmaster.pid"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	start(t, embedded.Options{Dir: dir})
}

func TestEnvironmentOfTheParentDoesNotReachTheServer(t *testing.T) {
	t.Parallel()
	_, url := startParent(t, warmFolder(t), "API_KEY=s3cret", "PGDATA=/nowhere", "PGPORT=1")
	conn := connect(t, url)
	for _, sql := range []string{"CREATE TEMPORARY TABLE env (line text)", "COPY env FROM PROGRAM 'env'"} {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	var lines []string
	const foreign = "SELECT coalesce(array_agg(line), '{}') FROM env WHERE line LIKE '%s3cret%' OR line LIKE '%nowhere%'"
	if err := conn.QueryRow(t.Context(), foreign).Scan(&lines); err != nil {
		t.Fatal(err)
	}
	if len(lines) > 0 {
		t.Errorf("the server sees %v", lines)
	}
}
