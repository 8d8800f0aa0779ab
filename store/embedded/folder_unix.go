//go:build unix && !aix && !solaris

package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// patience is how long a start waits for a process before it on the same folder. It bridges
// a restart of the app.
const patience = 2 * time.Second

// folder holds one server: lock, the cluster in data, and the socket in run. It is locked.
type folder struct {
	path      string
	account   account
	ephemeral bool
	lock      *os.File
	sockets   string
}

func (f *folder) data() string { return filepath.Join(f.path, "data") }

func openFolder(ctx context.Context, o Options, major int) (*folder, error) {
	a := serverAccount()
	var f *folder
	var err error
	if o.Ephemeral {
		f, err = openEphemeral(ctx, o, a)
	} else {
		f, err = openKept(ctx, o, a, major)
	}
	if err != nil {
		return nil, err
	}
	f.adoptOwner()
	return f, nil
}

func openKept(ctx context.Context, o Options, a account, major int) (*folder, error) {
	root, err := keptFolders(ctx, o, a)
	if err != nil {
		return nil, err
	}
	const most = 9
	wait := patience
	for n := 1; n <= most; n++ {
		name := strconv.Itoa(major)
		if n > 1 {
			name += "-" + strconv.Itoa(n)
		}
		path := filepath.Join(root, name)
		if err := a.makePrivate(path); err != nil {
			return nil, err
		}
		lock, err := waitLock(ctx, filepath.Join(path, "lock"), wait)
		if errors.Is(err, errLocked) {
			wait = 0
			continue
		}
		if err != nil {
			return nil, err
		}
		if n > 1 {
			o.logger().LogAttrs(ctx, slog.LevelWarn, "another process uses the private PostgreSQL; this one has its own data",
				slog.String("dir", path))
		}
		return &folder{path: path, account: a, lock: lock}, nil
	}
	return nil, fmt.Errorf("%d processes have a private PostgreSQL in %s: stop one, or choose another folder: %w", most, root, errLocked)
}

// keptFolders returns the folder that holds one folder for each version.
func keptFolders(ctx context.Context, o Options, a account) (string, error) {
	dir := o.Dir
	if dir == "" {
		if cache, err := os.UserCacheDir(); err == nil {
			dir = filepath.Join(cache, "ginauth")
		}
	}
	if dir != "" {
		abs, err := filepath.Abs(dir)
		if err != nil {
			return "", fmt.Errorf("making the path absolute: %w", err)
		}
		// The folder the caller names serves, or its failure is the caller's to know.
		if a.canEnter(abs) && (o.Dir != "" || makeFolders(abs) == nil) {
			return abs, nil
		}
		dir = abs
	}
	root, err := a.keptRoot()
	if err != nil {
		return "", err
	}
	level := slog.LevelInfo
	if o.Dir != "" {
		level = slog.LevelWarn
		root = filepath.Join(root, tag(dir))
	}
	o.logger().LogAttrs(ctx, level, "PostgreSQL cannot use this folder for its data; another one serves",
		slog.String("dir", root), slog.String("instead_of", dir))
	return root, nil
}

// adoptOwner keeps to the user that the cluster was made by, who may be nobody
// although there is a user postgres by now.
func (f *folder) adoptOwner() {
	info, err := os.Stat(f.data())
	if err != nil || !f.account.switched {
		return
	}
	if uid, gid, ok := ownerOf(info); ok && uid != 0 {
		f.account.uid, f.account.gid = uid, gid
	}
}

// makeSockets makes a new folder for the socket. A client may be in it only if it could be
// the server's user, so its permissions are what protects the server.
func (f *folder) makeSockets() error {
	const longest = 103 // of a socket's path, on macOS; Linux has 107
	f.sockets = filepath.Join(f.path, "run")
	if len(filepath.Join(f.sockets, ".s.PGSQL."+port)) > longest {
		root, err := f.account.tempRoot()
		if err != nil {
			return err
		}
		f.sockets = filepath.Join(root, "run-"+tag(f.path))
	}
	if err := os.RemoveAll(f.sockets); err != nil {
		return fmt.Errorf("removing the last server's socket: %w", err)
	}
	if err := os.Mkdir(f.sockets, 0o700); err != nil {
		return explain(fmt.Errorf("making a folder for the socket: %w", err), f.path, "")
	}
	return f.account.own(f.sockets)
}

// close deletes what is not kept and unlocks the rest.
func (f *folder) close() error {
	var err error
	if f.sockets != "" {
		err = os.RemoveAll(f.sockets)
	}
	if f.ephemeral {
		err = errors.Join(err, os.RemoveAll(f.path))
	}
	return errors.Join(err, f.lock.Close())
}
