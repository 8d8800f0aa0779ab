//go:build unix

package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// commandEnv makes the program of the tests the command itself.
const commandEnv = "GINAUTH_TEST_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(commandEnv) != "" {
		main()
	}
	os.Exit(m.Run())
}

func TestSIGINTEndsAnImportBetweenTwoBatches(t *testing.T) {
	t.Parallel()
	url, _ := newStore(t)
	pool, err := pgxpool.New(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	count := func() (n int) {
		if err := pool.QueryRow(t.Context(), `SELECT count(*) FROM ginauth.users`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, "user", "import", "-format", "csv", "-")
	cmd.Env = append(os.Environ(), commandEnv+"=1", "DATABASE_URL="+url)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	number := 0
	row := func() error { number++; _, err := fmt.Fprintf(in, "user.%d@example.com\n", number); return err }
	if _, err := io.WriteString(in, "email\n"); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(time.Minute); count() == 0; {
		if err := row(); err != nil || time.Now().After(end) {
			t.Fatalf("nothing is imported: %v\n%s", err, stderr.String())
		}
	}
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	for row() == nil { // until nobody reads
	}
	_ = cmd.Wait() // the exit code tells
	n := count()
	if code := cmd.ProcessState.ExitCode(); code != exitInterrupted || n == 0 || n%1000 != 0 {
		t.Errorf("exit code %d, %d users", code, n)
	}
	if want := fmt.Sprintf("after %d rows: run the same command again", n); !strings.Contains(stderr.String(), want) || !strings.Contains(stdout.String(), fmt.Sprintf("%d users created", n)) {
		t.Errorf("it says\n%s%s, want %q", stdout.String(), stderr.String(), want)
	}
}
