package embedded

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
)

// ErrNoBinaries is returned when no PostgreSQL server is installed in any known place.
var ErrNoBinaries = errors.New("no PostgreSQL server is installed here: install one " +
	"(apt-get install postgresql, dnf install postgresql-server, brew install postgresql), " +
	"put its folder on PATH, or set DATABASE_URL to use a running server")

// ErrTooOld is returned when the only PostgreSQL found is older than version 14.
var ErrTooOld = errors.New("PostgreSQL is older than version 14: install a newer one, or set DATABASE_URL to use another server")

// explain says what a person can do about a failure in folder. output is what PostgreSQL wrote
// about it, in English.
func explain(err error, folder, output string) error {
	switch {
	case errors.Is(err, syscall.ENOSPC), strings.Contains(output, "No space left on device"):
		return fmt.Errorf("the disk of %s is full: make room, or choose another folder: %w", folder, syscall.ENOSPC)
	case errors.Is(err, syscall.EROFS), strings.Contains(output, "Read-only file system"):
		return fmt.Errorf("the disk of %s is read-only: choose another folder: %w", folder, syscall.EROFS)
	case errors.Is(err, syscall.ENOTDIR):
		return fmt.Errorf("a part of %s is a file: choose another folder: %w", folder, syscall.ENOTDIR)
	case errors.Is(err, fs.ErrPermission), strings.Contains(output, "Permission denied"):
		err = fmt.Errorf("%s is not writable: choose another folder, or change its permissions: %w", folder, fs.ErrPermission)
	}
	if output == "" {
		return err
	}
	return fmt.Errorf("%w: PostgreSQL says: %s", err, output)
}
