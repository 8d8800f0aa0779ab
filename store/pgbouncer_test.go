package store_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// pgbouncer pools connections in transaction mode: the statements of one client reach PostgreSQL
// through changing connections, which it shares with others.
type pgbouncer struct {
	dir   string
	cmd   *exec.Cmd
	stdin io.Closer
}

const (
	pgbouncerPort   = 6432 // is in the name of the socket
	pgbouncerConfig = `
[databases]
* = host=%s port=%d user=%s%s
[pgbouncer]
unix_socket_dir = %s
listen_port = %d
auth_type = any
pool_mode = transaction
default_pool_size = 3
max_client_conn = 500
`
	// untilClosed ends a server when the process at the other end of the pipe ends, for whatever
	// reason.
	untilClosed = `"$@" >"$0/log" 2>&1 & pid=$!; read -r _; kill -KILL $pid; wait $pid`
)

var errNoPgbouncer = errors.New("not installed: apt-get install pgbouncer")

// sharedPgbouncer is one for all tests of the package.
var sharedPgbouncer struct {
	sync.Mutex
	server *pgbouncer
	err    error
}

func TestMain(m *testing.M) {
	m.Run()
	if s := sharedPgbouncer.server; s != nil {
		s.stop()
	}
}

// throughPgbouncer opens a further pool on the same database, behind PgBouncer. Where that is
// missing the test is skipped, except in CI, which has to install it.
func throughPgbouncer(t *testing.T, base *pgxpool.Pool) *pgxpool.Pool {
	t.Helper()
	sharedPgbouncer.Lock()
	defer sharedPgbouncer.Unlock()
	if sharedPgbouncer.server == nil && sharedPgbouncer.err == nil {
		sharedPgbouncer.server, sharedPgbouncer.err = startPgbouncer(base.Config().ConnConfig)
	}
	s, err := sharedPgbouncer.server, sharedPgbouncer.err
	if errors.Is(err, errNoPgbouncer) && os.Getenv("CI") == "" {
		t.Skip("pgbouncer:", err)
	}
	if err != nil {
		t.Fatal("pgbouncer:", err)
	}
	return newPool(t, base, func(cfg *pgxpool.Config) {
		cfg.ConnConfig.Host, cfg.ConnConfig.Port, cfg.ConnConfig.TLSConfig, cfg.ConnConfig.Fallbacks = s.dir, pgbouncerPort, nil, nil
		cfg.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
	})
}

func startPgbouncer(to *pgx.ConnConfig) (*pgbouncer, error) {
	path, err := exec.LookPath("pgbouncer")
	if err != nil {
		path = "/usr/sbin/pgbouncer" // where Debian puts it, and not everybody looks
	}
	if _, err := os.Stat(path); err != nil {
		return nil, errNoPgbouncer
	}
	s, parent, secret := &pgbouncer{}, "", ""
	if os.Getuid() == 0 {
		parent = "/tmp" // root's own folder for such may be closed to others
	}
	if s.dir, err = os.MkdirTemp(parent, "ginauth-pgbouncer"); err != nil {
		return nil, err
	}
	if to.Password != "" {
		secret = " password='" + to.Password + "'"
	}
	file := filepath.Join(s.dir, "ini")
	err = os.WriteFile(file, fmt.Appendf(nil, pgbouncerConfig, to.Host, to.Port, to.User, secret, s.dir, pgbouncerPort), 0o644)
	if err != nil {
		return nil, err
	}
	command := []string{"-c", untilClosed, s.dir, path}
	if os.Getuid() == 0 { // it refuses to run as root
		if err := os.Chmod(s.dir, 0o777); err != nil {
			return nil, err
		}
		command = append(command, "-u", unprivileged())
	}
	s.cmd = exec.Command("/bin/sh", append(command, file)...)
	if s.stdin, err = s.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	return s, s.wait()
}

// unprivileged is the account that the tests' own server runs under, where there is one.
func unprivileged() string {
	if _, err := user.Lookup("postgres"); err == nil {
		return "postgres"
	}
	return "nobody"
}

func (s *pgbouncer) wait() error {
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		conn, err := net.Dial("unix", fmt.Sprintf("%s/.s.PGSQL.%d", s.dir, pgbouncerPort))
		if err == nil {
			return conn.Close()
		}
		if time.Now().After(deadline) {
			log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
			s.stop()
			return fmt.Errorf("it does not start: %w\n%s", err, log)
		}
	}
}

func (s *pgbouncer) stop() {
	_ = s.stdin.Close()
	_ = s.cmd.Wait()
	_ = os.RemoveAll(s.dir)
}
