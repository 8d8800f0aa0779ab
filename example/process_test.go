// The programs that they start are built without the detector.

//go:build !race

package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ginauth/ginauth/ginauth/ginauthtest"
	"github.com/ginauth/ginauth/store/storetest"
)

// patience is for a loaded machine: making a cluster takes a second on an idle one.
const patience = 5 * time.Minute

// command is the example with nothing set but what env says.
func command(t *testing.T, env []string, args ...string) *exec.Cmd {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, args...)
	for _, pair := range os.Environ() {
		name, _, _ := strings.Cut(pair, "=")
		if name != "DATABASE_URL" && name != "PORT" && !strings.HasPrefix(name, "PG") {
			cmd.Env = append(cmd.Env, pair)
		}
	}
	cmd.Env = append(append(cmd.Env, exampleEnv+"=1"), env...)
	return cmd
}

// process is a running example.
type process struct {
	cmd    *exec.Cmd
	url    string
	stdout string        // two lines: the URL, and where the mails are
	lines  *bufio.Reader // what it prints after them
	stderr *ginauthtest.Log
}

// start runs the example on a free port until it has printed its URL.
func start(t *testing.T, env []string, args ...string) *process {
	t.Helper()
	p := &process{cmd: command(t, append([]string{"PORT=0"}, env...), args...), stderr: &ginauthtest.Log{}}
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.cmd.Stderr = p.stderr
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.end(t, os.Interrupt)
		if t.Failed() {
			t.Logf("the example's log:\n%s", p.stderr)
		}
	})
	timer := time.AfterFunc(patience, func() { _ = p.cmd.Process.Kill() })
	p.lines = bufio.NewReader(stdout)
	for range 2 {
		line, failed := p.lines.ReadString('\n')
		p.stdout, err = p.stdout+line, errors.Join(err, failed)
	}
	timer.Stop()
	p.url = regexp.MustCompile(`http://\S+`).FindString(p.stdout)
	if err != nil || p.url == "" {
		t.Fatalf("the example printed %q (%v) and\n%s", p.stdout, err, p.stderr)
	}
	return p
}

// end sends a signal, waits, and returns the exit code; -1 for a process that was killed.
// It does nothing to a process that has ended.
func (p *process) end(t *testing.T, signal os.Signal) int {
	t.Helper()
	if p.cmd.ProcessState == nil {
		timer := time.AfterFunc(patience, func() { _ = p.cmd.Process.Kill() })
		defer timer.Stop()
		if err := p.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
			t.Error(err)
		}
		_ = p.cmd.Wait() // the exit code tells
	}
	return p.cmd.ProcessState.ExitCode()
}

// socket is that of the private PostgreSQL, of which the log says where it is.
func (p *process) socket(t *testing.T) string {
	t.Helper()
	dir := regexp.MustCompile(`msg="private PostgreSQL started".* dir=(\S+)`).FindStringSubmatch(p.stderr.String())
	if dir == nil {
		t.Fatalf("no private PostgreSQL in the log\n%s", p.stderr)
	}
	return filepath.Join(dir[1], "run", ".s.PGSQL.5432")
}

func listening(socket string) bool {
	conn, err := net.Dial("unix", socket)
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}

// folder returns one that PostgreSQL's own user may enter.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "ginauth")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func logIn(t *testing.T, p *process) {
	t.Helper()
	newClient(t, p.url).post(t, "/login", "email", "ada@example.com", "password", passphrase).redirects(t, "/user")
}

func TestColdStartNeedsNothing(t *testing.T) {
	t.Parallel()
	cache := folder(t)
	p := start(t, []string{"HOME=" + cache, "XDG_CACHE_HOME=" + cache})
	if want := "Open " + p.url + " in a browser. Ctrl-C stops the example.\nMail that the example sends is at " + p.url + "/mailbox\n"; p.stdout != want || !strings.HasPrefix(p.url, "http://localhost:") {
		t.Errorf("printed %q", p.stdout)
	}
	c := newClient(t, p.url)
	c.get(t, "/").has(t, http.StatusOK, "Create an account")
	c.signUp(t, "Ada Lovelace", fmt.Sprintf("ada-%d@example.com", time.Now().UnixNano()))
	c.get(t, "/user").has(t, http.StatusOK, "<h1>Ada Lovelace</h1>")
}

func TestCtrlCStopsPostgreSQLAndTheNextStartKeepsTheAccounts(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		p := start(t, nil, "-dir", dir)
		if signal == os.Interrupt {
			newClient(t, p.url).signUp(t, "Ada Lovelace", "ada@example.com")
		}
		logIn(t, p)
		socket := p.socket(t)
		if !listening(socket) {
			t.Fatal("PostgreSQL does not listen where the log says")
		}
		if code := p.end(t, signal); code != 0 {
			t.Errorf("exit code %d after %s\n%s", code, signal, p.stderr)
		}
		if listening(socket) {
			t.Errorf("PostgreSQL is still there after %s", signal)
		}
	}
}

func TestKilledExampleLeavesNoPostgreSQLAndStartsAgain(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	p := start(t, nil, "-dir", dir)
	newClient(t, p.url).signUp(t, "Ada Lovelace", "ada@example.com")
	socket := p.socket(t)
	if code := p.end(t, os.Kill); code != -1 {
		t.Fatalf("exit code %d", code)
	}
	for deadline := time.Now().Add(patience); listening(socket); {
		if time.Now().After(deadline) {
			t.Fatal("PostgreSQL outlived the example")
		}
		time.Sleep(10 * time.Millisecond) // it is another process, and says nothing
	}
	logIn(t, start(t, nil, "-dir", dir))
}

func TestTwoExamplesAtOnce(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	first, second := start(t, nil, "-dir", dir), start(t, nil, "-dir", dir)
	for _, p := range []*process{first, second} {
		newClient(t, p.url).signUp(t, "Ada Lovelace", "ada@example.com")
	}
	if first.socket(t) == second.socket(t) {
		t.Error("they share a server, which the first one stops")
	}
	if code := first.end(t, os.Interrupt); code != 0 {
		t.Errorf("exit code %d\n%s", code, first.stderr)
	}
	logIn(t, second)
}

func TestExampleUsesDATABASE_URL(t *testing.T) {
	t.Parallel()
	p := start(t, []string{"DATABASE_URL=" + storetest.NewEmptyURL(t)})
	c := newClient(t, p.url)
	c.signUp(t, "Ada Lovelace", "ada@example.com")
	c.get(t, "/user").has(t, http.StatusOK)
	if strings.Contains(p.stderr.String(), "private PostgreSQL") {
		t.Errorf("it started a private PostgreSQL\n%s", p.stderr)
	}
	if code := p.end(t, os.Interrupt); code != 0 {
		t.Errorf("exit code %d\n%s", code, p.stderr)
	}
}

func TestAddressComesFromPORTOrTheFlag(t *testing.T) {
	t.Parallel()
	database := "DATABASE_URL=" + storetest.NewURL(t)
	taken, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	_, port, err := net.SplitHostPort(taken.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	refused(t, []string{database, "PORT=" + port}, nil, taken.Addr().String(), "in use")
	if p := start(t, []string{database, "PORT=" + port}, "-addr", "127.0.0.1:0"); !strings.HasPrefix(p.url, "http://127.0.0.1:") {
		t.Errorf("-addr 127.0.0.1:0 led to %s", p.url)
	}
	if p := start(t, []string{database}, "-addr", "0.0.0.0:0"); !strings.HasPrefix(p.url, "http://localhost:") {
		t.Errorf("-addr 0.0.0.0:0 led to %s, which links in mails must not have", p.url)
	}
}

func TestHelpIsPrinted(t *testing.T) {
	t.Parallel()
	out, err := command(t, nil, "-help").Output()
	if err != nil || !bytes.Contains(out, []byte("-addr host:port")) || !bytes.Contains(out, []byte("DATABASE_URL")) {
		t.Errorf("%v: %s", err, out)
	}
}
