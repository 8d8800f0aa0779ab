//go:build unix && !aix && !solaris

package embedded

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

// errLocked means that another process, or another server of this one, holds the lock.
var errLocked = errors.New("another process uses the folder")

// tryLock locks a file, which the kernel unlocks when it is closed or the process dies.
func tryLock(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600) //nolint:gosec // the path is this package's own
	if err != nil {
		return nil, explain(fmt.Errorf("opening lock file %s: %w", path, err), path, "")
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	for errors.Is(err, syscall.EINTR) {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	}
	if err == nil {
		return f, nil
	}
	_ = f.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, errLocked
	}
	return nil, fmt.Errorf("locking %s: %w", path, err)
}

// waitLock is tryLock that waits for a while, or without limit if patience is negative.
func waitLock(ctx context.Context, path string, patience time.Duration) (*os.File, error) {
	const poll = 20 * time.Millisecond
	end := time.Now().Add(patience)
	for {
		f, err := tryLock(path)
		if !errors.Is(err, errLocked) || (patience >= 0 && time.Now().After(end)) {
			return f, err
		}
		if err := pause(ctx, poll); err != nil {
			return nil, fmt.Errorf("waiting for another process that uses the folder: %w", err)
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
