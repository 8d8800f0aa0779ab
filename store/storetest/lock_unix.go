//go:build unix && !aix && !solaris

package storetest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

const (
	exclusive = syscall.LOCK_EX
	inCommon  = syscall.LOCK_SH
	atOnceOr  = syscall.LOCK_NB
)

// lockFile waits for a lock on a file, which the kernel gives back when it is closed or the
// process dies.
func lockFile(path string, how int) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600) //nolint:gosec // the path is this package's own
	if err != nil {
		return nil, fmt.Errorf("opening a lock file: %w", err)
	}
	if err := flock(f, how); err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

func flock(f *os.File, how int) error {
	for {
		err := syscall.Flock(int(f.Fd()), how)
		if err == nil {
			return nil
		}
		if !errors.Is(err, syscall.EINTR) {
			return fmt.Errorf("locking %s: %w", f.Name(), err)
		}
	}
}

// folder makes a folder for locks in the temporary folder.
func folder(name string) (string, error) {
	root, err := ownFolder(os.TempDir())
	if err != nil {
		return "", err
	}
	dir := filepath.Join(root, name)
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return "", fmt.Errorf("making a folder for locks: %w", err)
	}
	return dir, nil
}

// ownFolder makes a folder in parent that only this user can write to.
func ownFolder(parent string) (string, error) {
	root := filepath.Join(parent, "ginauth-test-"+strconv.Itoa(os.Geteuid()))
	if err := os.Mkdir(root, 0o711); err != nil && !errors.Is(err, os.ErrExist) { //nolint:gosec // PostgreSQL, as another user, passes through
		return "", fmt.Errorf("making a folder for tests: %w", err)
	}
	info, err := os.Lstat(root)
	if err != nil {
		return "", fmt.Errorf("looking at the folder for tests: %w", err)
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || !info.IsDir() || int(stat.Uid) != os.Geteuid() || info.Mode().Perm()&0o022 != 0 {
		return "", fmt.Errorf("%s is not a folder of this user that others cannot write to: remove it", root)
	}
	return root, nil
}
