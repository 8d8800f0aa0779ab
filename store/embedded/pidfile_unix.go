//go:build unix && !aix && !solaris

package embedded

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// pidFile is what a server says of itself in postmaster.pid.
type pidFile struct {
	pid    int
	socket string
	ready  bool
}

// readPIDFile returns false when there is no such file, or none of a server that came far.
func (f *folder) readPIDFile() (pidFile, bool) {
	text, err := os.ReadFile(filepath.Join(f.data(), "postmaster.pid"))
	if err != nil {
		return pidFile{}, false
	}
	// pid, data folder, start, port, socket folder, address, shared memory, status
	lines := strings.Split(string(text), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(lines[0]))
	if err != nil {
		return pidFile{}, false
	}
	p := pidFile{pid: pid}
	if len(lines) > 4 && lines[4] != "" {
		p.socket = filepath.Join(lines[4], ".s.PGSQL."+strings.TrimSpace(lines[3]))
	}
	if len(lines) > 7 {
		p.ready = strings.TrimSpace(lines[7]) == "ready"
	}
	return p, true
}

// awaitEnd waits for a server that runs on the folder although its process is dead, for it
// is about to end, and returns its pid if it has left one behind. Zero: it has not.
func (f *folder) awaitEnd(ctx context.Context) (int, error) {
	const poll, wait = 20 * time.Millisecond, 3 * time.Second
	end := time.Now().Add(wait)
	for {
		last, found := f.readPIDFile()
		if !found {
			return 0, f.removeBrokenPIDFile()
		}
		if !answers(last.socket) {
			return last.pid, nil
		}
		if time.Now().After(end) {
			return 0, fmt.Errorf("a PostgreSQL server (process %d) still runs on %s, and not by this process: stop it", last.pid, f.data())
		}
		if err := pause(ctx, poll); err != nil {
			return 0, fmt.Errorf("waiting for the last server to end: %w", err)
		}
	}
}

// removeBrokenPIDFile removes a file without a pid in it, which a full disk leaves behind.
func (f *folder) removeBrokenPIDFile() error {
	err := os.Remove(filepath.Join(f.data(), "postmaster.pid"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// answers tells whether a process listens on the socket.
func answers(socket string) bool {
	if socket == "" {
		return false
	}
	conn, err := net.DialTimeout("unix", socket, time.Second)
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}
