package storetest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	// databasePrefix starts the names of the databases of tests.
	databasePrefix = "ginauth_test_"
	// timeout bounds each step on the server. A busy machine may need seconds.
	timeout = time.Minute
)

// server is where the databases are made.
type server struct {
	config *pgxpool.Config
	admin  *pgxpool.Pool
	slots  *slots
	// private is true for the server of this package, which ends with its data.
	private  bool
	strategy string // of CREATE DATABASE
	template func() (string, error)

	mu    sync.Mutex
	ended []string // databases of ended tests, oldest first
}

// connected is made once in a process and lives as long.
var connected = sync.OnceValues(connect)

func shared(tb testing.TB) *server {
	tb.Helper()
	s, err := connected()
	if err != nil {
		tb.Fatalf("storetest: %v", err)
	}
	return s
}

func connect() (*server, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	address, private := os.Getenv("DATABASE_URL"), false
	dir, err := folder("given")
	if address == "" {
		private = true
		address, dir, err = join(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("no server for tests: %w", err)
	}
	config, err := pgxpool.ParseConfig(address)
	if err != nil {
		return nil, errors.New("DATABASE_URL is not a connection string of PostgreSQL")
	}
	s := &server{config: config.Copy(), private: private, slots: newSlots(dir)}
	config.MaxConns = atOnce
	s.admin, err = pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("opening a pool: %w", err)
	}
	if err := s.admin.Ping(ctx); err != nil {
		s.admin.Close()
		return nil, fmt.Errorf("connecting to the server for tests: %w", err)
	}
	if err := s.chooseStrategy(ctx); err != nil {
		s.admin.Close()
		return nil, fmt.Errorf("looking at the server for tests: %w", err)
	}
	s.template = sync.OnceValues(s.makeTemplate)
	return s, nil
}

// describeServer is for a superuser, or a member of pg_read_all_settings.
const describeServer = `SELECT current_setting('server_version_num')::int, current_setting('data_directory')`

// chooseStrategy has files copied in memory, where that is half the work of writing them to
// the log. On a disk, the log is quicker, and the default.
func (s *server) chooseStrategy(ctx context.Context) error {
	if !s.private {
		return nil
	}
	const first = 150000 // the version that can choose
	var version int
	var dir string
	if err := s.admin.QueryRow(ctx, describeServer).Scan(&version, &dir); err != nil {
		return err
	}
	if version >= first && strings.HasPrefix(dir, memory+"/") {
		s.strategy = " STRATEGY file_copy"
	}
	return nil
}

// newDatabase copies a template and returns the copy's connection string.
func (s *server) newDatabase(tb testing.TB, template string) string {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	name := newName()
	if err := s.create(ctx, name, template); err != nil {
		tb.Fatalf("storetest: %v", err)
	}
	tb.Cleanup(func() {
		if err := s.giveUp(name); err != nil {
			tb.Errorf("storetest: %v", err)
		}
	})
	return s.address(name)
}

func (s *server) create(ctx context.Context, name, template string) error {
	done, err := s.slots.take(ctx)
	if err != nil {
		return err
	}
	defer done()
	// A statement of this kind takes no parameters.
	_, err = s.admin.Exec(ctx, "CREATE DATABASE "+quote(name)+" TEMPLATE "+quote(template)+s.strategy)
	if err != nil {
		return fmt.Errorf("making a database: %w", err)
	}
	return nil
}

// giveUp drops the database or, on a private server, one that ended some tests ago. A
// backend lives a little longer than its client, and DROP waits 100 ms when it meets one.
func (s *server) giveUp(name string) error {
	const kept = 4
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	if !s.private {
		return s.drop(ctx, name)
	}
	s.mu.Lock()
	s.ended = append(s.ended, name)
	var oldest string
	if len(s.ended) > kept {
		oldest, s.ended = s.ended[0], s.ended[1:]
	}
	s.mu.Unlock()
	if oldest == "" {
		return nil
	}
	return s.drop(ctx, oldest)
}

func (s *server) drop(ctx context.Context, name string) error {
	if _, err := s.admin.Exec(ctx, "DROP DATABASE IF EXISTS "+quote(name)+" WITH (FORCE)"); err != nil {
		return fmt.Errorf("dropping a database: %w", err)
	}
	return nil
}

// address returns the server's connection string with another database.
func (s *server) address(database string) string {
	return withDatabase(s.config.ConnString(), database)
}

// withDatabase understands both forms of a connection string.
func withDatabase(address, database string) string {
	u, err := url.Parse(address)
	if err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") {
		return address + " dbname=" + database // the last one counts
	}
	query := u.Query()
	query.Del("dbname")
	query.Del("database")
	u.Path, u.RawPath, u.RawQuery = "/"+database, "", query.Encode()
	return u.String()
}

func newName() string {
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails
	return databasePrefix + hex.EncodeToString(random[:])
}

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }
