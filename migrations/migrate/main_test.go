package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	osexec "os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/migrations"
	"github.com/ginauth/ginauth/store/storetest"
)

// commandEnv makes this program the command, with its own arguments.
const commandEnv = "GINAUTH_TEST_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(commandEnv) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

type result struct {
	out, errors bytes.Buffer
	code        int
}

// start runs the command in a process of its own. The function waits for its end.
func start(t *testing.T, databaseURL string, args ...string) (process *os.Process, wait func() *result) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	t.Cleanup(cancel)
	cmd := osexec.CommandContext(ctx, program, args...)
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "DATABASE_URL=")
	}), commandEnv+"=1")
	if databaseURL != "" {
		cmd.Env = append(cmd.Env, "DATABASE_URL="+databaseURL)
	}
	r := &result{}
	cmd.Stdout, cmd.Stderr = &r.out, &r.errors
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd.Process, func() *result {
		_ = cmd.Wait()
		r.code = cmd.ProcessState.ExitCode()
		return r
	}
}

func TestCommandMigratesUpAndDown(t *testing.T) {
	t.Parallel()
	address := storetest.NewEmptyURL(t)
	files, err := fs.Glob(migrations.FS, "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	all := len(files)
	for _, step := range []struct {
		args    string
		applied int
	}{
		{"status", 0},
		{"down", 0},
		{"up", all},
		{"status", all},
		{"-table-lock down", all - 1},
		{"down", all - 2},
		{"-table-lock -timeout 1m up", all},
	} {
		_, wait := start(t, address, strings.Fields(step.args)...)
		got := wait()
		if got.code != 0 || got.errors.Len() != 0 {
			t.Fatalf("%s: exit code %d: %s", step.args, got.code, &got.errors)
		}
		lines := strings.Split(strings.TrimSpace(got.out.String()), "\n")
		if len(lines) != all {
			t.Fatalf("%s printed\n%s", step.args, &got.out)
		}
		for i, line := range lines {
			state := " pending"
			if i < step.applied {
				state = " applied 20"
			}
			if !strings.HasPrefix(line, files[i]+" ") || !strings.Contains(line, state) {
				t.Errorf("%s printed %q, want%s", step.args, line, state)
			}
		}
	}
}

func TestCommandFailsWithOneSentence(t *testing.T) {
	t.Parallel()
	address := storetest.NewEmptyURL(t)
	for name, test := range map[string]struct{ url, args, want string }{
		"no address":       {"", "up", "DATABASE_URL is not set"},
		"no such address":  {"postgres://app:hunter2%@host/app", "up", "DATABASE_URL is not understood"},
		"bad option":       {"postgres://app:hunter2@host/app?sslmode=hunter2", "up", "DATABASE_URL is not understood"},
		"nobody listens":   {"postgres://app:hunter2@" + deadPort(t) + "/app", "up", "the server cannot be reached: connect: connection refused"},
		"no socket":        {"host=/nonexistent user=app", "status", "the server cannot be reached: connect: no such file"},
		"unknown database": {with(t, address, "dbname", "nonexistent"), "up", `the server refuses the connection: database "nonexistent" does not exist`},
		"no command":       {address, "", "usage: migrate "},
		"unknown command":  {address, "sideways", "usage: migrate "},
		"two commands":     {address, "up down", "usage: migrate "},
		"unknown flag":     {address, "-x up", "usage: migrate "},
		"no time":          {address, "-timeout 0s up", "usage: migrate "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, wait := start(t, test.url, strings.Fields(test.args)...)
			expectFailure(t, wait(), test.want)
		})
	}
}

func TestCommandNamesTheMissingPrivilege(t *testing.T) {
	t.Parallel()
	address := storetest.NewEmptyURL(t)
	admin := newPool(t, address)
	role := "ginauth_test_" + strings.ToLower(rand.Text())
	exec(t, admin, "CREATE ROLE "+role)
	t.Cleanup(func() {
		if _, err := admin.Exec(context.Background(), "DROP ROLE "+role); err != nil {
			t.Error(err)
		}
	})
	address = with(t, address, "role", role)
	_, wait := start(t, address, "up")
	expectFailure(t, wait(), "the role may not create schema ginauth: grant it CREATE on the database")

	if err := migrations.Up(t.Context(), admin); err != nil {
		t.Fatal(err)
	}
	_, wait = start(t, address, "status")
	expectFailure(t, wait(), "permission denied for schema ginauth")
}

func TestCommandShowsAMigrationItDoesNotKnow(t *testing.T) {
	t.Parallel()
	address := storetest.NewURL(t)
	exec(t, newPool(t, address), `INSERT INTO ginauth.goose_db_version (version_id, is_applied) VALUES (99, true)`)
	_, wait := start(t, address, "up")
	expectFailure(t, wait(), "the database schema is newer than this build")
	_, wait = start(t, address, "status")
	if got := wait(); got.code != 0 || !strings.Contains(got.out.String(), "00099 (unknown to this build)") {
		t.Errorf("exit code %d: %s%s", got.code, &got.out, &got.errors)
	}
}

func TestCommandStopsOnInterruptAndTimeOut(t *testing.T) {
	t.Parallel()
	address := storetest.NewEmptyURL(t)
	pool := newPool(t, address)
	conn, err := pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	if _, err := conn.Exec(t.Context(), `SELECT pg_advisory_lock($1)`, int64(0x67696e61757468)); err != nil {
		t.Fatal(err)
	}

	_, wait := start(t, address, "-timeout", "200ms", "up")
	expectFailure(t, wait(), "not finished after 200ms")

	process, wait := start(t, address, "up")
	await(t, pool, true)
	if err := process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	expectFailure(t, wait(), "interrupted")
	await(t, pool, false)
}

func TestSentenceIsOneLine(t *testing.T) {
	t.Parallel()
	for _, err := range []error{
		fmt.Errorf("migrating up: connecting: %w", migrations.ErrTooOld),
		fmt.Errorf("one\n\ttwo"), //nolint:perfsprint // it stands for an error of many lines
	} {
		if got := sentence(err); strings.ContainsAny(got, "\n\t") {
			t.Errorf("%q", got)
		}
	}
}

func expectFailure(t *testing.T, got *result, want string) {
	t.Helper()
	said := got.errors.String()
	if got.code != 1 || got.out.Len() != 0 {
		t.Errorf("exit code %d, printed %q", got.code, &got.out)
	}
	if !strings.HasPrefix(said, "migrate: ") || !strings.Contains(said, want) || strings.Count(said, "\n") != 1 {
		t.Errorf("said %q, want one line with %q", said, want)
	}
	if strings.Contains(said, "hunter2") {
		t.Errorf("the password is shown: %s", said)
	}
}

// await waits until somebody asks for the advisory lock, or nobody does.
func await(t *testing.T, pool *pgxpool.Pool, want bool) {
	t.Helper()
	const isWaiting = `SELECT EXISTS (SELECT 1 FROM pg_stat_activity
WHERE datname = current_database() AND query LIKE 'SELECT pg_try_advisory_lock%')`
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		var got bool
		if err := pool.QueryRow(ctx, isWaiting).Scan(&got); err != nil {
			t.Fatal(err)
		}
		if got == want {
			return
		}
		<-tick.C
	}
}

func newPool(t *testing.T, address string) *pgxpool.Pool {
	t.Helper()
	pool, err := pgxpool.New(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

func exec(t *testing.T, pool *pgxpool.Pool, sql string) {
	t.Helper()
	if _, err := pool.Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// with sets a parameter in either form of a connection string.
func with(t *testing.T, address, name, value string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil || u.Scheme == "" {
		return address + " " + name + "=" + value
	}
	if name == "dbname" {
		u.Path = "/" + value
		return u.String()
	}
	query := u.Query()
	query.Set(name, value)
	u.RawQuery = query.Encode()
	return u.String()
}

// deadPort is taken until the test ends, so that nobody else listens there, and refuses connections.
func deadPort(t *testing.T) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn.LocalAddr().String()
}
