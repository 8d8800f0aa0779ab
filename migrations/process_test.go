package migrations_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	osexec "os/exec"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/migrations"
	"github.com/ginauth/ginauth/store/storetest"
)

const (
	// processEnv holds the database that this program, run once more, is to migrate.
	processEnv   = "GINAUTH_TEST_MIGRATE"
	tableLockEnv = "GINAUTH_TEST_TABLE_LOCK"
)

// process migrates as soon as its standard input ends.
func process(url string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	pool, err := pgxpool.New(ctx, url)
	if err != nil {
		return err
	}
	defer pool.Close()
	fmt.Println("ready")
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return err
	}
	if os.Getenv(tableLockEnv) != "" {
		return migrations.Up(ctx, pool, migrations.WithTableLock())
	}
	return migrations.Up(ctx, pool)
}

func TestUpRunsOnceInManyProcesses(t *testing.T) {
	t.Parallel()
	for name, env := range map[string]string{
		"advisory lock": "",
		"table lock":    tableLockEnv + "=1",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := storetest.NewEmptyURL(t)
			t.Logf("8 processes: %v", migrateInProcesses(t, 8, append(os.Environ(), processEnv+"="+url, env)))

			pool := newPool(t, url, func(*pgxpool.Config) {})
			expectApplied(t, pool, versions(t))
			// Each version is noted once, with goose's version 0.
			if n := query[int](t, pool, `SELECT count(*) FROM ginauth.goose_db_version`); n != len(versions(t))+1 {
				t.Errorf("%d rows in the version table, want %d", n, len(versions(t))+1)
			}
		})
	}
}

// migrateInProcesses starts n processes, lets them migrate at once, and returns how long it took all.
func migrateInProcesses(t *testing.T, n int, env []string) time.Duration {
	t.Helper()
	type running struct {
		cmd   *osexec.Cmd
		start io.Closer
		out   *bufio.Reader
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	processes := make([]running, n)
	for i := range processes {
		cmd := osexec.CommandContext(t.Context(), program)
		cmd.Env = env
		in, inErr := cmd.StdinPipe()
		out, outErr := cmd.StdoutPipe()
		if inErr != nil || outErr != nil {
			t.Fatal(inErr, outErr)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		processes[i] = running{cmd, in, bufio.NewReader(out)}
	}
	for _, p := range processes {
		if _, err := p.out.ReadString('\n'); err != nil {
			t.Fatalf("a process did not become ready: %v", err)
		}
	}
	start := time.Now()
	for _, p := range processes {
		_ = p.start.Close()
	}
	for _, p := range processes {
		said, _ := io.ReadAll(p.out)
		if err := p.cmd.Wait(); err != nil {
			t.Errorf("a process failed: %v: %s", err, said)
		}
	}
	return time.Since(start)
}
