package ginauth_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// server is a redis or memcached of this test run's own, on a Unix socket.
type server struct {
	dir, socket string
	cmd         *exec.Cmd
	stdin       io.Closer
}

// watch ends the server with the process that holds its other end, however that ends.
const watch = `"$@" >"$0/log" 2>&1 & pid=$!; echo $pid >"$0/pid"; read -r _; kill -CONT $pid; kill -KILL $pid; wait $pid`

var errMissing = errors.New("not installed")

func startServer(program string, args func(socket string) []string) (*server, error) {
	path, err := exec.LookPath(program)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: apt-get install %s", program, errMissing, program)
	}
	dir, err := os.MkdirTemp("", "ginauth-"+program)
	if err != nil {
		return nil, err
	}
	s := &server{dir: dir, socket: filepath.Join(dir, "socket")}
	s.cmd = exec.Command("/bin/sh", append([]string{"-c", watch, dir, path}, args(s.socket)...)...)
	if s.stdin, err = s.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		conn, err := net.Dial("unix", s.socket)
		if err == nil {
			return s, conn.Close()
		}
		if time.Now().After(deadline) {
			log, _ := os.ReadFile(filepath.Join(dir, "log"))
			s.stop()
			return nil, fmt.Errorf("%s does not start: %w\n%s", program, err, log)
		}
	}
}

func (s *server) stop() {
	_ = s.stdin.Close()
	_ = s.cmd.Wait()
	_ = os.RemoveAll(s.dir)
}

func startRedis() (*server, error) {
	return startServer("redis-server", func(socket string) []string {
		return []string{"--port", "0", "--unixsocket", socket, "--save", "", "--appendonly", "no", "--dir", filepath.Dir(socket)}
	})
}

func startMemcached() (*server, error) {
	return startServer("memcached", func(socket string) []string { return []string{"-s", socket, "-u", "root", "-m", "32"} })
}

// One of each serves all tests; those that break one start their own.
var (
	sharedRedis     = sync.OnceValues(startRedis)
	sharedMemcached = sync.OnceValues(startMemcached)
	sharedServers   []*server
	sharedServersMu sync.Mutex
)

func shared(t *testing.T, start func() (*server, error)) *server {
	t.Helper()
	s := need(t, start)
	sharedServersMu.Lock()
	defer sharedServersMu.Unlock()
	sharedServers = append(sharedServers, s)
	return s
}

// need skips where the server is not installed, except in CI, which has to install it.
func need(t *testing.T, start func() (*server, error)) *server {
	t.Helper()
	s, err := start()
	if errors.Is(err, errMissing) && os.Getenv("CI") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// own is a server that ends with the test.
func own(t *testing.T, start func() (*server, error)) *server {
	t.Helper()
	s := need(t, start)
	t.Cleanup(s.stop)
	return s
}

func stopSharedServers() {
	sharedServersMu.Lock()
	defer sharedServersMu.Unlock()
	for _, s := range sharedServers {
		s.stop()
	}
}
