//go:build unix && !aix && !solaris

package ginauth_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/store/embedded"
)

// victim is a PostgreSQL server to be broken, and mended again.
type victim struct {
	options embedded.Options
	server  *embedded.Server
	admin   *pgx.Conn
	direct  *pgxpool.Pool
}

const victimConns = 40

func startVictim(t *testing.T) *victim {
	t.Helper()
	dir, err := os.MkdirTemp("", "ginauth")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil { // for PostgreSQL's own user
		t.Fatal(err)
	}
	v := &victim{options: embedded.Options{Dir: dir, Settings: map[string]string{ // an ephemeral server would not start again
		"max_connections": strconv.Itoa(victimConns), "autovacuum": "off", "fsync": "off", "synchronous_commit": "off",
	}}}
	v.start(t)
	t.Cleanup(func() {
		_ = v.admin.Close(context.Background())
		_ = v.server.Stop(context.Background())
	})
	v.direct = v.pool(t, nil)
	return v
}

func (v *victim) start(t *testing.T) {
	t.Helper()
	var err error
	if v.server, err = embedded.Start(t.Context(), v.options); err != nil {
		t.Fatal(err)
	}
	if v.admin, err = pgx.Connect(t.Context(), v.server.URL()); err != nil {
		t.Fatal(err)
	}
}

// pool is configured as docs/outages.md says.
func (v *victim) pool(t *testing.T, dial pgconn.DialFunc) *pgxpool.Pool {
	t.Helper()
	cfg, err := pgxpool.ParseConfig(v.server.URL() + "&connect_timeout=1")
	if err != nil {
		t.Fatal(err)
	}
	cfg.MaxConns = 16
	if dial != nil {
		cfg.ConnConfig.DialFunc = dial
	}
	pool, err := pgxpool.NewWithConfig(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

func (v *victim) exec(t *testing.T, sql string) {
	t.Helper()
	if _, err := v.admin.Exec(context.Background(), sql); err != nil {
		t.Error(err)
	}
}

// stop ends the server as an administrator does, and starts it again.
func (v *victim) stop(t *testing.T) (end func()) {
	t.Helper()
	if err := v.server.Stop(context.Background()); err != nil {
		t.Error(err)
	}
	_ = v.admin.Close(context.Background())
	return func() { v.start(t) }
}

// hang stops all processes of the server, the one that would start others first.
func (v *victim) hang(t *testing.T) (end func()) {
	t.Helper()
	var file string
	if err := v.admin.QueryRow(context.Background(), "SELECT pg_read_file('postmaster.pid')").Scan(&file); err != nil {
		t.Error(err)
	}
	line, _, _ := strings.Cut(file, "\n")
	parent, err := strconv.Atoi(line)
	if err != nil {
		t.Error(err)
		return func() {}
	}
	pids := []int{parent}
	_ = syscall.Kill(parent, syscall.SIGSTOP)
	rows, _ := v.admin.Query(context.Background(), "SELECT pid FROM pg_stat_activity")
	children, err := pgx.CollectRows(rows, pgx.RowTo[int])
	if err != nil {
		t.Error(err)
	}
	for _, pid := range children {
		_ = syscall.Kill(pid, syscall.SIGSTOP)
	}
	pids = append(pids, children...)
	return func() {
		for _, pid := range pids {
			_ = syscall.Kill(pid, syscall.SIGCONT)
		}
	}
}

// exhaust takes every connection that the server has, those of the pool too.
func (v *victim) exhaust(t *testing.T) (end func()) {
	t.Helper()
	var taken []*pgconn.PgConn
	v.direct.Reset()
	for {
		conn, err := pgconn.Connect(context.Background(), v.server.URL())
		var refused *pgconn.PgError
		switch {
		case err == nil:
			taken = append(taken, conn)
		case !errors.As(err, &refused) || refused.Code != "53300":
			t.Error(err)
		case v.direct.Stat().TotalConns() > 0:
			continue // still about to leave
		}
		if err != nil {
			return func() {
				for _, conn := range taken {
					_ = conn.Close(context.Background())
				}
			}
		}
	}
}

// lock makes statements wait, for kill to find them.
func (v *victim) lock(mode string) func(*testing.T) func() {
	return func(t *testing.T) func() {
		t.Helper()
		v.exec(t, "BEGIN; LOCK TABLE ginauth.users, ginauth.sessions IN "+mode+" MODE")
		return func() { v.exec(t, "ROLLBACK") }
	}
}

func (v *victim) kill(t *testing.T) {
	t.Helper()
	v.exec(t, "SELECT pg_stat_clear_snapshot(), count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
}

// freeze makes the server one that takes no writes, as a standby is.
func (v *victim) freeze(t *testing.T) (end func()) {
	t.Helper()
	v.exec(t, "ALTER SYSTEM SET default_transaction_read_only = on")
	v.reload(t, "on")
	return func() {
		v.exec(t, "ALTER SYSTEM RESET default_transaction_read_only")
		v.exec(t, "SELECT pg_reload_conf()")
	}
}

// reload returns when every open connection has the setting.
func (v *victim) reload(t *testing.T, want string) {
	t.Helper()
	v.exec(t, "SELECT pg_reload_conf()")
	for stale := true; stale; {
		stale = false
		for _, conn := range v.direct.AcquireAllIdle(context.Background()) {
			var have string
			if err := conn.QueryRow(context.Background(), "SHOW default_transaction_read_only").Scan(&have); err != nil {
				t.Error(err)
			}
			stale = stale || have != want
			conn.Release()
		}
	}
}

// relay is a TCP connection's way to the server, which can lose everything on it.
type relay struct {
	hole sync.RWMutex // locked: nothing gets through
	addr string
}

func (v *victim) relay(t *testing.T) *relay {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	target := v.direct.Config().ConnConfig
	network, path := pgconn.NetworkAddress(target.Host, target.Port)
	r := &relay{addr: listener.Addr().String()}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial(network, path)
			if err != nil {
				_ = client.Close()
				continue
			}
			go r.carry(client, server)
			go r.carry(server, client)
		}
	}()
	return r
}

func (r *relay) carry(from io.ReadCloser, to io.WriteCloser) {
	defer from.Close() //nolint:errcheck // the other end tells
	defer to.Close()   //nolint:errcheck // the other end tells
	for buf := make([]byte, 64<<10); ; {
		n, err := from.Read(buf)
		r.hole.RLock()
		_, failed := to.Write(buf[:n])
		r.hole.RUnlock()
		if err != nil || failed != nil {
			return
		}
	}
}

func (r *relay) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, "tcp", r.addr)
}

func (r *relay) lose(*testing.T) (end func()) {
	r.hole.Lock()
	return r.hole.Unlock
}
