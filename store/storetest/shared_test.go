//go:build unix && !aix && !solaris

package storetest_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ginauth/ginauth/store/storetest"
)

const (
	childEnv   = "STORETEST_CHILD"
	childSays  = "server "
	childWaits = "wait"
)

// TestChild is another process's test, which tells its server and ends with its input.
func TestChild(t *testing.T) {
	t.Parallel()
	if os.Getenv(childEnv) == "" {
		return
	}
	pool := storetest.NewDB(t)
	var dir string
	if err := pool.QueryRow(t.Context(), `SELECT current_setting('data_directory')`).Scan(&dir); err != nil {
		t.Fatal(err)
	}
	var n int
	if err := pool.QueryRow(t.Context(), countUsers).Scan(&n); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintln(os.Stdout, childSays+dir); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		t.Fatal(err)
	}
}

// child is a process with a test that has its database.
type child struct {
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	output *bufio.Reader
	server string // its server's data folder
}

// startChild starts a process that finds its server by way of folder temp.
func startChild(t *testing.T, temp string, env ...string) *child {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestChild$", "-test.v")
	cmd.Env = append(os.Environ(), childEnv+"="+childWaits, "TMPDIR="+temp, "DATABASE_URL=", "GINAUTH_STORETEST_GRACE=50ms")
	cmd.Env = append(cmd.Env, env...)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	return &child{cmd: cmd, stdin: stdin, output: bufio.NewReader(stdout)}
}

// await reads until the child has its database.
func (c *child) await(t *testing.T) {
	t.Helper()
	var said strings.Builder
	for {
		line, err := c.output.ReadString('\n')
		said.WriteString(line)
		if _, dir, found := strings.Cut(line, childSays); found {
			c.server = strings.TrimSpace(dir)
			return
		}
		if err != nil {
			t.Fatalf("the child has ended: %v\n%s", err, said.String())
		}
	}
}

// end lets the child's test end.
func (c *child) end(t *testing.T) {
	t.Helper()
	_ = c.stdin.Close()
	rest, _ := io.ReadAll(c.output)
	if err := c.cmd.Wait(); err != nil {
		t.Errorf("the child failed: %v\n%s", err, rest)
	}
}

func (c *child) kill(t *testing.T) {
	t.Helper()
	if err := c.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = c.cmd.Wait()
}

// serverPID returns the process that runs on a data folder.
func serverPID(t *testing.T, dir string) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(line)
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// ps returns a column of the process list, empty when there is no such process.
func ps(pid int, column string) string {
	out, _ := exec.Command("ps", "-o", column+"=", "-p", strconv.Itoa(pid)).Output()
	return strings.TrimSpace(string(out))
}

// alive is false for a process that only waits for its parent to notice its death.
func alive(pid int) bool {
	state := ps(pid, "state")
	return state != "" && !strings.HasPrefix(state, "Z")
}

func waitFor(t *testing.T, what string, condition func() bool) {
	t.Helper()
	const patience, poll = time.Minute, 20 * time.Millisecond
	for end := time.Now().Add(patience); !condition(); time.Sleep(poll) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

func waitForEnd(t *testing.T, pid int, dir string) {
	t.Helper()
	waitFor(t, "the server ends", func() bool { return !alive(pid) })
	waitFor(t, "the server's folder is deleted", func() bool {
		_, err := os.Stat(dir)
		return os.IsNotExist(err)
	})
}

// tempFolder has locks of its own, so that a test does not meet the server of the others.
func tempFolder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "storetest")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func TestProcessesShareOneServerThatEndsAfterThem(t *testing.T) {
	t.Parallel()
	temp := tempFolder(t)
	var children []*child
	for range 8 {
		children = append(children, startChild(t, temp))
	}
	for _, c := range children {
		c.await(t)
		if c.server != children[0].server {
			t.Errorf("two servers run: %s and %s", c.server, children[0].server)
		}
	}
	pid := serverPID(t, children[0].server)
	for _, c := range children {
		if !alive(pid) {
			t.Error("the server has ended before its users")
		}
		c.end(t)
	}
	waitForEnd(t, pid, children[0].server)
}

func TestServerEndsWhenItsUsersAreKilled(t *testing.T) {
	t.Parallel()
	temp := tempFolder(t)
	first, second := startChild(t, temp), startChild(t, temp)
	first.await(t)
	second.await(t)
	pid := serverPID(t, first.server)
	first.kill(t)
	second.kill(t)
	waitForEnd(t, pid, first.server)
}

func TestKilledSupervisorTakesItsServerAlongAndIsReplaced(t *testing.T) {
	t.Parallel()
	temp := tempFolder(t)
	first := startChild(t, temp)
	first.await(t)
	pid := serverPID(t, first.server)
	supervisor, err := strconv.Atoi(ps(pid, "ppid"))
	if err != nil {
		t.Fatal(err)
	}
	process, err := os.FindProcess(supervisor)
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Kill(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the server ends", func() bool { return !alive(pid) })
	first.kill(t)

	second := startChild(t, temp)
	second.await(t)
	if second.server == first.server {
		t.Error("the new server runs on the old one's folder")
	}
	pid = serverPID(t, second.server)
	second.end(t)
	waitForEnd(t, pid, second.server)
}
