//go:build unix && !aix && !solaris

package embedded_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/ginauth/ginauth/store/embedded"
)

func TestColdStartMakesAServerThatIsPrivate(t *testing.T) {
	t.Parallel()
	dir := newFolder(t)
	server := start(t, embedded.Options{Dir: dir, Settings: map[string]string{}})

	if addresses := query1[string](t, server.URL(), "SHOW listen_addresses"); addresses != "" {
		t.Errorf("it listens on the network: %q", addresses)
	}
	if fsync := query1[string](t, server.URL(), "SHOW fsync"); fsync != "on" {
		t.Errorf("data is to be kept but fsync is %q", fsync)
	}
	info, err := os.Stat(filepath.Join(cluster(t, dir), "run"))
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o700 {
		t.Errorf("the folder of the socket has mode %v, want 0700", info.Mode().Perm())
	}
	// Another group does not get the Ctrl-C of a terminal.
	pid := serverPID(t, filepath.Join(cluster(t, dir), "data"))
	group, err := syscall.Getpgid(pid)
	if err != nil {
		t.Fatal(err)
	}
	if group != pid {
		t.Errorf("the server is in process group %d, want its own, %d", group, pid)
	}
}

func TestWarmStartKeepsData(t *testing.T) {
	t.Parallel()
	dir := newFolder(t)
	first := start(t, embedded.Options{Dir: dir})
	exec1(t, first.URL(), "CREATE TABLE kept AS SELECT 7 AS n")
	stop(t, first)
	select {
	case <-first.Done():
	default:
		t.Error("Done is not closed after Stop")
	}

	second := start(t, embedded.Options{Dir: dir})
	if n := query1[int](t, second.URL(), "SELECT n FROM kept"); n != 7 {
		t.Errorf("got %d, want 7", n)
	}
}

func TestEphemeralServerLeavesNothing(t *testing.T) {
	t.Parallel()
	dir := newFolder(t)
	server := start(t, embedded.Options{Dir: dir, Ephemeral: true})
	for _, setting := range []string{"fsync", "synchronous_commit", "full_page_writes", "autovacuum"} {
		if value := query1[string](t, server.URL(), "SHOW "+setting); value != "off" {
			t.Errorf("%s is %s, want off", setting, value)
		}
	}
	connect(t, server.URL()) // a client that stays must not keep it from stopping
	stop(t, server)
	left, err := filepath.Glob(filepath.Join(dir, "ephemeral", "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	if len(left) > 0 {
		t.Errorf("after Stop there is %v", left)
	}
}

func TestEphemeralServersCanStartTogether(t *testing.T) {
	t.Parallel()
	dir := newFolder(t)
	failures := make(chan error, 3)
	for range cap(failures) {
		go func() {
			server, err := embedded.Start(t.Context(), embedded.Options{Dir: dir, Ephemeral: true})
			if err == nil {
				err = server.Stop(t.Context())
			}
			failures <- err
		}()
	}
	for range cap(failures) {
		if err := <-failures; err != nil {
			t.Error(err)
		}
	}
}

func TestStopDisconnectsClientsAndMayBeRepeated(t *testing.T) {
	t.Parallel()
	server := start(t, embedded.Options{Dir: warmFolder(t)})
	conn := connect(t, server.URL())
	stop(t, server)
	stop(t, server)
	if err := conn.Ping(t.Context()); err == nil {
		t.Error("the client is still served")
	}
}

func TestStopWithEndedContextIsAtOnceAndSafe(t *testing.T) {
	t.Parallel()
	dir := warmFolder(t)
	server := start(t, embedded.Options{Dir: dir})
	exec1(t, server.URL(), "CREATE TABLE kept AS SELECT 7 AS n")
	pid := serverPID(t, filepath.Join(cluster(t, dir), "data"))
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := server.Stop(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	awaitGone(t, pid)

	again := start(t, embedded.Options{Dir: dir})
	if n := query1[int](t, again.URL(), "SELECT n FROM kept"); n != 7 {
		t.Errorf("got %d, want 7", n)
	}
}

func TestDoneTellsThatTheServerEndedByItself(t *testing.T) {
	t.Parallel()
	dir := warmFolder(t)
	server := start(t, embedded.Options{Dir: dir})
	if err := syscall.Kill(serverPID(t, filepath.Join(cluster(t, dir), "data")), syscall.SIGQUIT); err != nil {
		t.Fatal(err)
	}
	<-server.Done()
	if err := server.Stop(t.Context()); err == nil || !strings.Contains(err.Error(), "ended by itself") {
		t.Errorf("got %v, want an error that says it ended by itself", err)
	}
}

func TestSettingsReachTheServer(t *testing.T) {
	t.Parallel()
	log := &recorder{}
	server := start(t, embedded.Options{
		Dir: warmFolder(t), Logger: log.logger(),
		Settings: map[string]string{"max_connections": "23", "synchronous_commit": "local", "my.own": "x y"},
	})
	for name, want := range map[string]string{"max_connections": "23", "synchronous_commit": "local", "my.own": "x y"} {
		if got := query1[string](t, server.URL(), "SHOW "+name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if !strings.Contains(log.String(), "ready to accept connections") {
		t.Error("PostgreSQL's log is not in the logger")
	}
}

func TestSettingsCannotOpenTheServer(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"listen_addresses", "unix_socket_permissions", "hba_file", "data_directory", "a b", "x=y"} {
		_, err := embedded.Start(t.Context(), embedded.Options{
			Dir: newFolder(t), Settings: map[string]string{name: "*"},
		})
		if err == nil {
			t.Errorf("the setting %q was taken", name)
		}
	}
}
