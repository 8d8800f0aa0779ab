//go:build unix && !aix && !solaris

package embedded_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ginauth/ginauth/store/embedded"
)

func TestSecondServerOnAFolderGetsDataOfItsOwn(t *testing.T) {
	t.Parallel()
	dir := warmFolder(t)
	first := start(t, embedded.Options{Dir: dir})
	exec1(t, first.URL(), "CREATE TABLE of_the_first ()")

	log := &recorder{}
	second := start(t, embedded.Options{Dir: dir, Logger: log.logger()})
	if table := query1[*string](t, second.URL(), "SELECT to_regclass('of_the_first')::text"); table != nil {
		t.Error("the second server sees the data of the first")
	}
	if !strings.Contains(log.String(), cluster(t, dir)+"-2") {
		t.Error("the log does not say where the second server's data is")
	}
	stop(t, second)
	if table := query1[*string](t, first.URL(), "SELECT to_regclass('of_the_first')::text"); table == nil {
		t.Error("the end of the second server took the data of the first")
	}
}

// It waits two seconds, in which a busy machine may not stop a server: then the test has told nothing.
func TestStartWaitsForTheServerBeforeItToStop(t *testing.T) {
	t.Parallel()
	dir := warmFolder(t)
	for tries := 1; ; tries++ {
		first := start(t, embedded.Options{Dir: dir})
		exec1(t, first.URL(), "CREATE TABLE IF NOT EXISTS kept AS SELECT 7 AS n")
		begun, stopped := time.Now(), make(chan time.Duration)
		go func() {
			if err := first.Stop(t.Context()); err != nil {
				t.Error(err)
			}
			stopped <- time.Since(begun)
		}()
		second := start(t, embedded.Options{Dir: dir})
		took := <-stopped
		if kept := query1[*string](t, second.URL(), "SELECT to_regclass('kept')::text"); kept != nil {
			return
		}
		if took < time.Second || tries == 5 {
			t.Fatalf("the second server has other data, and the first stopped in %s", took)
		}
		stop(t, second)
	}
}

func TestHalfMadeClusterIsMadeAnew(t *testing.T) {
	t.Parallel()
	dir := newFolder(t)
	for _, name := range []string{"data.init", "data.init-123"} {
		half := filepath.Join(cluster(t, dir), name)
		if err := os.MkdirAll(half, 0o711); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(half, "PG_VERSION"), []byte("15\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(cluster(t, dir), 0o711); err != nil {
		t.Fatal(err)
	}
	start(t, embedded.Options{Dir: dir})
	if left, _ := filepath.Glob(filepath.Join(cluster(t, dir), "data.init*")); len(left) > 0 {
		t.Errorf("there is still %v", left)
	}
}

func TestCancelledStartLeavesNoHalfMadeCluster(t *testing.T) {
	t.Parallel()
	dir := newFolder(t)
	ctx, cancel := context.WithCancel(t.Context())
	log := &recorder{onLine: func(line string) {
		if strings.Contains(line, "creating configuration files") { // initdb is in the middle
			cancel()
		}
	}}
	_, err := embedded.Start(ctx, embedded.Options{Dir: dir, Logger: log.logger()})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v, want context.Canceled", err)
	}
	if left, _ := filepath.Glob(filepath.Join(cluster(t, dir), "data*")); len(left) > 0 {
		t.Errorf("there is still %v", left)
	}
	start(t, embedded.Options{Dir: dir})
}

func TestCancelledStartLeavesNoServer(t *testing.T) {
	t.Parallel()
	dir := warmFolder(t)
	ctx, cancel := context.WithCancel(t.Context())
	pid := 0
	log := &recorder{onLine: func(line string) {
		if strings.Contains(line, "starting PostgreSQL") {
			pid, _ = strconv.Atoi(regexp.MustCompile(`\[(\d+)\]`).FindStringSubmatch(line)[1])
			cancel()
		}
	}}
	server, err := embedded.Start(ctx, embedded.Options{Dir: dir, Logger: log.logger()})
	if err == nil { // it may have been quicker
		stop(t, server)
	} else if !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v, want context.Canceled", err)
	}
	awaitGone(t, pid)
}

func TestLongPathsAreNoObstacle(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(newFolder(t), strings.Repeat("a long, \"quoted\" name/", 8))
	start(t, embedded.Options{Dir: dir})
}

func TestFullDiskIsNamed(t *testing.T) {
	t.Parallel()
	dir := mount(t, "size=8m,mode=0711")
	_, err := embedded.Start(t.Context(), embedded.Options{Dir: dir})
	if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "the disk of "+dir) {
		t.Errorf("got %v, want an error that says which disk is full", err)
	}
	if left, _ := filepath.Glob(filepath.Join(cluster(t, dir), "data*")); len(left) > 0 {
		t.Errorf("the failed start keeps space with %v", left)
	}
}

func TestDiskThatIsFullAtAWarmStartIsNamed(t *testing.T) {
	t.Parallel()
	dir := mount(t, "size=64m,mode=0711")
	stop(t, start(t, embedded.Options{Dir: dir}))
	fill(t, filepath.Join(dir, "filler"))
	_, err := embedded.Start(t.Context(), embedded.Options{Dir: dir})
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("got %v, want ENOSPC", err)
	}
	if err := os.Remove(filepath.Join(dir, "filler")); err != nil {
		t.Fatal(err)
	}
	start(t, embedded.Options{Dir: dir})
}

func TestFolderThatIsNotWritableIsNamed(t *testing.T) {
	t.Parallel()
	var dir string
	if os.Geteuid() == 0 {
		dir = mount(t, "ro,mode=0711")
	} else {
		dir = newFolder(t)
		if err := os.Chmod(dir, 0o500); err != nil {
			t.Fatal(err)
		}
	}
	_, err := embedded.Start(t.Context(), embedded.Options{Dir: dir})
	if !errors.Is(err, fs.ErrPermission) && !errors.Is(err, syscall.EROFS) {
		t.Fatalf("got %v, want a permission error", err)
	}
	if !strings.Contains(err.Error(), "choose another folder") || !strings.Contains(err.Error(), dir) {
		t.Errorf("the error does not say what to do: %v", err)
	}
}

func TestFileInPlaceOfAFolderIsNamed(t *testing.T) {
	t.Parallel()
	file := filepath.Join(newFolder(t), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{file, filepath.Join(file, "sub")} {
		_, err := embedded.Start(t.Context(), embedded.Options{Dir: dir})
		if !errors.Is(err, syscall.ENOTDIR) || !strings.Contains(err.Error(), dir) {
			t.Errorf("got %v, want ENOTDIR and the folder", err)
		}
	}
}

func TestFolderThatOthersCanWriteToIsRefused(t *testing.T) {
	t.Parallel()
	dir := newFolder(t)
	if err := os.Mkdir(cluster(t, dir), 0o711); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(cluster(t, dir), 0o777); err != nil {
		t.Fatal(err)
	}
	_, err := embedded.Start(t.Context(), embedded.Options{Dir: dir})
	if err == nil || !strings.Contains(err.Error(), "others cannot write to") {
		t.Errorf("got %v, want a refusal", err)
	}
}

func TestLinkInPlaceOfTheFolderIsRefused(t *testing.T) {
	t.Parallel()
	dir := newFolder(t)
	if err := os.Symlink(newFolder(t), cluster(t, dir)); err != nil {
		t.Fatal(err)
	}
	if _, err := embedded.Start(t.Context(), embedded.Options{Dir: dir}); err == nil {
		t.Error("a link was followed")
	}
}

func TestRootGetsAnotherFolderWhereItsServerCannotReach(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root's server runs as another user")
	}
	dir := filepath.Join(newFolder(t), "closed")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	log := &recorder{}
	server := start(t, embedded.Options{Dir: dir, Logger: log.logger()})
	other := regexp.MustCompile(`level=WARN .* dir=(\S+) instead_of=` + regexp.QuoteMeta(dir)).FindStringSubmatch(log.String())
	if other == nil {
		t.Fatalf("the log does not say where the data is: %s", log.String())
	}
	t.Cleanup(func() { _ = os.RemoveAll(other[1]) })
	exec1(t, server.URL(), "CREATE TABLE kept AS SELECT 7 AS n")
	stop(t, server)
	if n := query1[int](t, start(t, embedded.Options{Dir: dir}).URL(), "SELECT n FROM kept"); n != 7 {
		t.Errorf("the second start found other data: got %d, want 7", n)
	}
}

// mount makes a small file system.
func mount(t *testing.T, options string) string {
	t.Helper()
	dir := newFolder(t)
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", options, "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("mounting a small file system is not permitted: %s", out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
	})
	return dir
}

// fill takes all room that is left.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	for size := 1 << 20; size > 0; size /= 2 {
		for err == nil {
			_, err = f.Write(make([]byte, size))
		}
		if !errors.Is(err, syscall.ENOSPC) {
			t.Fatal(err)
		}
		err = nil
	}
}
