//go:build unix && !aix && !solaris

package embedded

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
)

// makePrivate makes a folder, and its parents, in which nobody else can have put anything.
// The account may pass through it.
func (a account) makePrivate(path string) error {
	if err := makeFolders(path); err != nil {
		return explain(fmt.Errorf("making folder %s: %w", path, err), path, "")
	}
	info, err := os.Lstat(path)
	if err != nil {
		return fmt.Errorf("looking at folder %s: %w", path, err)
	}
	uid, _, ok := ownerOf(info)
	if !info.IsDir() || !ok || uint64(uid) != uint64(os.Geteuid()) || info.Mode().Perm()&0o022 != 0 { //nolint:gosec // ids are not negative on Unix
		return fmt.Errorf("%s is not a folder of this user that others cannot write to: remove it, or choose another", path)
	}
	if err := os.Chmod(path, 0o711); err != nil { //nolint:gosec // the server's user passes through; nobody can list it
		return fmt.Errorf("opening folder %s to the server's user: %w", path, err)
	}
	return nil
}

// makeFolders is os.MkdirAll for folders one can pass through whatever the umask says.
func makeFolders(path string) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil
	}
	if parent := filepath.Dir(path); parent != path {
		if err := makeFolders(parent); err != nil {
			return err
		}
	}
	err := os.Mkdir(path, 0o711) //nolint:gosec // the server's user passes through; nobody can list it
	if errors.Is(err, fs.ErrExist) {
		return nil // made by another process just now
	}
	if err != nil {
		return err
	}
	return os.Chmod(path, 0o711) //nolint:gosec // as above
}

// keptRoot is a place for data that outlives a restart of the machine.
func (a account) keptRoot() (string, error) {
	return a.sharedRoot("/var/tmp", os.TempDir(), "/tmp")
}

// tempRoot is a place for what does not. Its path is short.
func (a account) tempRoot() (string, error) {
	return a.sharedRoot(os.TempDir(), "/tmp", "/var/tmp")
}

// sharedRoot makes this user's folder in the first of the folders that serves.
func (a account) sharedRoot(places ...string) (string, error) {
	var failure error
	for _, place := range places {
		if !filepath.IsAbs(place) || !a.canEnter(place) {
			continue
		}
		root := filepath.Join(place, "ginauth-"+strconv.Itoa(os.Geteuid()))
		err := a.makePrivate(root)
		if err == nil {
			return root, nil
		}
		if failure == nil {
			failure = err
		}
	}
	if failure == nil {
		failure = errors.New("the server's user can reach none of " + fmt.Sprint(places))
	}
	return "", failure
}

// tag is a short name for a path.
func tag(path string) string {
	sum := sha256.Sum256([]byte(path))
	return hex.EncodeToString(sum[:5])
}
