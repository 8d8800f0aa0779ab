//go:build unix && !aix && !solaris

package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// Start starts a server and returns when it takes connections. The first start on a folder
// makes a cluster, which takes about a second. ctx bounds the start only; the server runs
// until [Server.Stop], or until this process ends. Errors: [ErrNoBinaries], [ErrTooOld],
// or one that says what is wrong with the folder.
func Start(ctx context.Context, o Options) (*Server, error) {
	began := time.Now()
	if err := o.validate(); err != nil {
		return nil, err
	}
	bin, err := FindBinaries(ctx, o.Bin)
	if err != nil {
		return nil, fmt.Errorf("starting PostgreSQL: %w", err)
	}
	f, err := openFolder(ctx, o, bin.Major)
	if err != nil {
		return nil, fmt.Errorf("starting PostgreSQL: %w", err)
	}
	r, err := f.start(ctx, bin, o)
	if err != nil {
		return nil, fmt.Errorf("starting PostgreSQL: %w", errors.Join(err, f.close()))
	}
	o.logger().LogAttrs(ctx, slog.LevelInfo, "private PostgreSQL started", slog.Int("version", bin.Major),
		slog.String("dir", f.path), slog.Int("pid", r.process.cmd.Process.Pid), slog.Duration("took", time.Since(began)))
	return &Server{url: connString(f.sockets), done: r.process.done, stop: r.stop}, nil
}

func (f *folder) start(ctx context.Context, bin Binaries, o Options) (*running, error) {
	if err := f.makeCluster(ctx, bin, o); err != nil {
		return nil, err
	}
	// What is left of a server before us may be in the way for a moment.
	const poll, wait = 50 * time.Millisecond, 3 * time.Second
	end := time.Now().Add(wait)
	for {
		r, err := f.launch(ctx, bin, o)
		if !errors.Is(err, errInUse) || time.Now().After(end) {
			return r, err
		}
		if err := pause(ctx, poll); err != nil {
			return nil, fmt.Errorf("waiting for the last server to end: %w", err)
		}
	}
}
