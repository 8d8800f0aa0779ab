//go:build unix && !aix && !solaris

package embedded_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ginauth/ginauth/store/embedded"
)

// parentEnv makes the test program a parent of a server in the folder that it names.
const (
	parentEnv    = "GINAUTH_EMBEDDED_TEST_PARENT"
	ephemeralEnv = "GINAUTH_EMBEDDED_TEST_EPHEMERAL"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(parentEnv); dir != "" {
		os.Exit(parent(dir))
	}
	code := m.Run()
	_ = os.RemoveAll(seedFolder)
	os.Exit(code)
}

var seedFolder string // once it is made

// seed is a folder with a cluster and no server, to be copied.
var seed = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp(tempDir(), "embedded")
	if err != nil {
		return "", err
	}
	seedFolder = dir
	if err := os.Chmod(dir, 0o711); err != nil {
		return "", err
	}
	server, err := embedded.Start(context.Background(), embedded.Options{Dir: dir, Settings: quick})
	if err != nil {
		return "", err
	}
	return dir, server.Stop(context.Background())
})

// warmFolder is a folder with a cluster, which saves the half second that initdb takes.
func warmFolder(t *testing.T) string {
	t.Helper()
	from, err := seed()
	if err != nil {
		t.Fatal(err)
	}
	dir := newFolder(t)
	if out, err := exec.Command("cp", "-Rp", cluster(t, from), dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return dir
}

// parent starts a server, writes its address and lives until it is killed.
func parent(dir string) int {
	ephemeral := os.Getenv(ephemeralEnv) != ""
	server, err := embedded.Start(context.Background(), embedded.Options{Dir: dir, Ephemeral: ephemeral, Settings: quick})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println(server.URL())
	_, _ = io.Copy(io.Discard, os.Stdin)
	return 0
}

// startParent runs this program as the parent of a server.
func startParent(t *testing.T, dir string, env ...string) (parent *exec.Cmd, url string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(append(os.Environ(), parentEnv+"="+dir), env...)
	cmd.Stderr = os.Stderr
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the parent did not start a server: %v", err)
	}
	return cmd, strings.TrimSpace(line)
}

func kill(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
}

// newFolder is t.TempDir that the server's user can reach.
func newFolder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp(tempDir(), "embedded")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// quick spares the disk. Data survives the death of processes all the same.
var quick = map[string]string{"fsync": "off"}

func start(t *testing.T, o embedded.Options) *embedded.Server {
	t.Helper()
	if o.Settings == nil {
		o.Settings = quick
	}
	server, err := embedded.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop(context.Background()) })
	return server
}

func stop(t *testing.T, server *embedded.Server) {
	t.Helper()
	if err := server.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func exec1(t *testing.T, url, sql string) {
	t.Helper()
	conn := connect(t, url)
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func query1[T any](t *testing.T, url, sql string) (value T) {
	t.Helper()
	conn := connect(t, url)
	if err := conn.QueryRow(t.Context(), sql).Scan(&value); err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	return value
}

// cluster is the folder of kept data in dir.
func cluster(t *testing.T, dir string) string {
	t.Helper()
	bin, err := embedded.FindBinaries(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, strconv.Itoa(bin.Major))
}

// serverPID returns what the server says of itself in its data folder.
func serverPID(t *testing.T, data string) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := bytes.Cut(text, []byte("\n"))
	pid, err := strconv.Atoi(string(line))
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// awaitGone fails if the process lives on. A zombie is dead.
func awaitGone(t *testing.T, pid int) {
	t.Helper()
	await(t, fmt.Sprintf("process %d lives on", pid), func() bool {
		state, err := exec.Command("ps", "-o", "stat=", "-p", strconv.Itoa(pid)).Output()
		return err != nil || len(state) == 0 || bytes.HasPrefix(state, []byte("Z"))
	})
}

func await(t *testing.T, failure string, condition func() bool) {
	t.Helper()
	const limit, poll = time.Minute, 5 * time.Millisecond
	for end := time.Now().Add(limit); !condition(); time.Sleep(poll) {
		if time.Now().After(end) {
			t.Fatal(failure)
		}
	}
}

func exists(t *testing.T, path string) bool {
	t.Helper()
	_, err := os.Lstat(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return err == nil
}

// recorder is a log that calls a function for each line.
type recorder struct {
	mu     sync.Mutex
	text   bytes.Buffer
	onLine func(string)
}

func (r *recorder) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.onLine != nil {
		r.onLine(string(p))
	}
	return r.text.Write(p)
}

func (r *recorder) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

func (r *recorder) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(r, &slog.HandlerOptions{Level: slog.LevelDebug}))
}
