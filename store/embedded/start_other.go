//go:build !unix || aix || solaris

package embedded

import (
	"context"
	"errors"
	"fmt"
	"runtime"
)

// Start returns an error: this system is not supported.
func Start(context.Context, Options) (*Server, error) {
	return nil, fmt.Errorf("no private PostgreSQL on %s: install PostgreSQL and set DATABASE_URL: %w",
		runtime.GOOS, errors.ErrUnsupported)
}
