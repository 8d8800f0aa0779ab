//go:build unix && !aix && !solaris

package embedded

import (
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// account is the system user that the server runs as.
type account struct {
	uid, gid uint32
	switched bool // it is another than this process's own
}

// serverAccount returns this process's user or, since PostgreSQL refuses root, a lesser one.
func serverAccount() account {
	if os.Geteuid() != 0 {
		return account{uid: uint32(os.Geteuid()), gid: uint32(os.Getegid())} //nolint:gosec // ids are not negative on Unix
	}
	for _, name := range []string{"postgres", "nobody"} {
		found, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.ParseUint(found.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(found.Gid, 10, 32)
		if uidErr == nil && gidErr == nil && uid != 0 {
			return account{uid: uint32(uid), gid: uint32(gid), switched: true}
		}
	}
	const overflow = 65534 // what kernels and containers call nobody
	return account{uid: overflow, gid: overflow, switched: true}
}

// credential makes a process run as the account, in no further groups.
func (a account) credential() *syscall.Credential {
	if !a.switched {
		return nil
	}
	return &syscall.Credential{Uid: a.uid, Gid: a.gid, Groups: []uint32{}}
}

// own makes the account the owner of a folder.
func (a account) own(folder string) error {
	if !a.switched {
		return nil
	}
	if err := os.Chown(folder, int(a.uid), int(a.gid)); err != nil {
		return fmt.Errorf("giving %s to the server's user: %w", folder, err)
	}
	return nil
}

// ownerOf returns who owns a folder.
func ownerOf(info fs.FileInfo) (uid, gid uint32, ok bool) {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0, false
	}
	return stat.Uid, stat.Gid, true
}

// canEnter tells whether the account may pass through the folders of an absolute path,
// as far as they exist. It knows mode bits only, not access control lists.
func (a account) canEnter(path string) bool {
	if !a.switched {
		return true
	}
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		// It is yet to be made, with the right permissions.
		return path != filepath.Dir(path) && a.canEnter(filepath.Dir(path))
	}
	for {
		info, err := os.Stat(real)
		if err != nil || !a.mayEnter(info) {
			return false
		}
		parent := filepath.Dir(real)
		if parent == real {
			return true
		}
		real = parent
	}
}

func (a account) mayEnter(info fs.FileInfo) bool {
	if !info.IsDir() {
		return true // making a folder there tells what is wrong
	}
	uid, gid, ok := ownerOf(info)
	if !ok {
		return false
	}
	var bit fs.FileMode = 0o001
	switch {
	case uid == a.uid:
		bit = 0o100
	case gid == a.gid:
		bit = 0o010
	}
	return info.Mode().Perm()&bit != 0
}
