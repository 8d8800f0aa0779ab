//go:build unix && !aix && !solaris

package storetest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ginauth/ginauth/store/embedded"
)

const (
	// superviseEnv makes this program a supervisor; it names the folder of the locks.
	superviseEnv = "GINAUTH_STORETEST_SUPERVISE"
	binEnv       = "GINAUTH_STORETEST_BIN"
	// graceEnv replaces defaultGrace, as a duration in Go's form.
	graceEnv = "GINAUTH_STORETEST_GRACE"
)

// defaultGrace is how long the server waits for another user, so that the next run starts warm.
const defaultGrace = 5 * time.Second

// init runs in every test program, before its tests, since none of them calls the supervisor.
func init() {
	dir := os.Getenv(superviseEnv)
	if dir == "" {
		return
	}
	if err := supervise(dir, os.Getenv(binEnv)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1) //nolint:forbidigo // this is the main function of another process
	}
	os.Exit(0) //nolint:forbidigo // as above
}

// supervise runs a server until nobody has used it for the time of grace.
func supervise(dir, bin string) error {
	ctx := context.Background()
	server, err := embedded.Start(ctx, embedded.Options{
		Dir:       memoryFolder(),
		Bin:       bin,
		Ephemeral: true,
		Settings: map[string]string{
			"max_connections": "300",
			"shared_buffers":  "64MB",
			"min_wal_size":    "32MB",
			"max_wal_size":    "64MB",
		},
	})
	if err != nil {
		return err
	}
	err = superviseServer(ctx, dir, server)
	return errors.Join(err, server.Stop(ctx))
}

func superviseServer(ctx context.Context, dir string, server *embedded.Server) error {
	users, err := os.OpenFile(filepath.Join(dir, usersLock), os.O_RDWR, 0) //nolint:gosec // the path is this package's own
	if err != nil {
		return fmt.Errorf("opening the lock of the users: %w", err)
	}
	// It is not closed: the lock is to be held until this process ends, when the server has.
	if err := writeReady(dir, server.URL()); err != nil {
		return err
	}
	defer removeReady(dir, server.URL())
	unused := make(chan error, 1)
	go func() { unused <- awaitUnused(ctx, users, server.URL()) }() // ends with this process
	select {
	case err := <-unused:
		return err
	case <-server.Done():
		return errors.New("the server has ended by itself")
	}
}

func writeReady(dir, address string) error {
	path := filepath.Join(dir, readyFile)
	if err := os.WriteFile(path+".new", []byte(address), 0o600); err != nil { //nolint:gosec // the path is this package's own
		return fmt.Errorf("writing the server's address: %w", err)
	}
	if err := os.Rename(path+".new", path); err != nil { //nolint:gosec // as above
		return fmt.Errorf("writing the server's address: %w", err)
	}
	return nil
}

// removeReady leaves the address of a server that has replaced this one.
func removeReady(dir, address string) {
	if readReady(dir) == address {
		_ = os.Remove(filepath.Join(dir, readyFile)) //nolint:gosec // the path is this package's own
	}
}

// awaitUnused returns with the lock, when no process has held it for the time of grace.
func awaitUnused(ctx context.Context, users *os.File, address string) error {
	grace, err := time.ParseDuration(os.Getenv(graceEnv))
	if err != nil {
		grace = defaultGrace
	}
	for {
		if err := flock(users, exclusive); err != nil {
			return err
		}
		leftovers := listDatabases(ctx, address)
		if err := flock(users, syscall.LOCK_UN); err != nil {
			return err
		}
		dropDatabases(ctx, address, leftovers)
		time.Sleep(grace)
		err := flock(users, exclusive|atOnceOr)
		if err == nil || !errors.Is(err, syscall.EWOULDBLOCK) {
			return err
		}
	}
}

const listLeftovers = `SELECT datname FROM pg_database WHERE datname LIKE 'ginauth\_test\_%'`

// listDatabases returns what tests left. Failing costs disk space only.
func listDatabases(ctx context.Context, address string) []string {
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return nil
	}
	defer func() { _ = conn.Close(ctx) }()
	rows, err := conn.Query(ctx, listLeftovers)
	if err != nil {
		return nil
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil
	}
	return names
}

func dropDatabases(ctx context.Context, address string, names []string) {
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return
	}
	defer func() { _ = conn.Close(ctx) }()
	for _, name := range names {
		_, _ = conn.Exec(ctx, "DROP DATABASE IF EXISTS "+quote(name)+" WITH (FORCE)")
	}
}
