package ginauth

import (
	"context"

	"github.com/ginauth/ginauth/ginauth/internal/otherstore"
)

// SweepSessions deletes the files of sessions that have ended from the directory of Options.Sessions, which must be the
// filesystem store of gin-contrib/sessions, and returns how many those were: that store deletes a file only when its
// browser comes back. It goes through the directory once, until ctx ends, so call it again and again. Any number of
// processes may do that at the same time.
//
// A file is deleted when it was signed with a key of the store for a session of this Config, and that session is past its
// idle timeout or its absolute end, by the clock that ends sessions: of Users when that is a driver.Authority, otherwise of
// this process. Everything else stays: live sessions, files of other apps and other cookie names, files
// signed with keys that the store no longer has, links and directories.
//
// A file that cannot be read or deleted keeps no other from being swept: the error tells the first of them, beside the
// number of those that were deleted all the same. ErrUnavailable means that Users could not be asked, and ends
// the sweep. An error is also returned for other stores: those of package store have
// RunSweeper, and redis and memcached forget by themselves.
func SweepSessions[U any](ctx context.Context, cfg *Config[U]) (deleted int64, err error) {
	if err := cfg.Engine().Made(); err != nil {
		return 0, err
	}
	if cfg.m.Gorilla == nil {
		return 0, otherstore.NoFiles(cfg.o.Sessions)
	}
	return cfg.m.Gorilla.Sweep(ctx)
}
