//go:build !unix || aix || solaris

package storetest

import (
	"context"
	"errors"
	"io"
)

const exclusive = 0

// lockFile locks nothing here: only the limit within this process counts.
func lockFile(string, int) (io.Closer, error) { return io.NopCloser(nil), nil }

func folder(string) (string, error) { return "", nil }

func join(context.Context) (address, dir string, err error) {
	return "", "", errors.New("no private PostgreSQL on this system: set DATABASE_URL")
}
