package ginauth

import (
	"context"

	"github.com/ginauth/ginauth/ginauth/internal/otherstore"
)

// SweepSessions deletes the files of ended sessions from the directory of Options.Sessions, which
// must be the filesystem store of gin-contrib/sessions, and returns how many it deleted. That store
// itself deletes a file only when its browser comes back. It goes through the directory once, until
// ctx ends, so call it regularly. Any number of processes may do so at the same time.
//
// It deletes a file if the store signed it, with one of its keys, for a session of this Config that
// is past its idle timeout or its absolute end. The clock is the one that ends sessions: that of
// Users if it is a driver.Authority, otherwise of this process. Everything else stays: live
// sessions, files of other apps and other cookie names, files signed with keys that the store no
// longer has, links and directories.
//
// If a file cannot be read or deleted, the sweep goes on; the error is about the first such file,
// and the number is right all the same. ErrUnavailable means that Users could not be asked, and
// ends the sweep. Other stores get an error: those of package store have RunSweeper, and redis and
// memcached delete ended sessions themselves.
func SweepSessions[U any](ctx context.Context, cfg *Config[U]) (deleted int64, err error) {
	if err := cfg.Engine().Made(); err != nil {
		return 0, err
	}
	if cfg.m.Gorilla == nil {
		return 0, otherstore.NoFiles(cfg.o.Sessions)
	}
	return cfg.m.Gorilla.Sweep(ctx)
}
