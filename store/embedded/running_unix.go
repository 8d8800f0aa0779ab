//go:build unix && !aix && !solaris

package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// errInUse is PostgreSQL's refusal to start on a cluster that something still uses.
var errInUse = errors.New("processes of the last server still use the cluster")

// running is a server process on its folder.
type running struct {
	folder  *folder
	process *process
	output  *output
	logger  *slog.Logger

	once    sync.Once
	stopped chan struct{}
	err     error // what stop returns, once stopped is closed
}

// launch starts the server on a whole cluster and waits until it takes connections.
func (f *folder) launch(ctx context.Context, bin Binaries, o Options) (*running, error) {
	last, err := f.awaitEnd(ctx)
	if err != nil {
		return nil, err
	}
	if err := f.makeSockets(); err != nil {
		return nil, err
	}
	out := &output{logger: o.logger()}
	// The server outlives ctx, which is for the start only.
	cmd := f.command(context.WithoutCancel(ctx), bin, out, "postgres", append([]string{"-D", f.data()}, o.settings(f.sockets)...)...)
	if last != 0 {
		// It takes the pid in postmaster.pid for that of a dead server if it is this one, though a
		// zombie or a stranger has it. Unlike removing the file, that leaves it the check for
		// processes of the last server in shared memory.
		cmd.Env = append(cmd.Env, "PG_GRANDPARENT_PID="+strconv.Itoa(last))
	}
	p, err := spawn(cmd, f.deathSignal())
	if err != nil {
		return nil, explain(err, f.path, "")
	}
	r := &running{folder: f, process: p, output: out, logger: o.logger(), stopped: make(chan struct{})}
	if err := r.awaitReady(ctx); err != nil {
		p.halt()
		return nil, err
	}
	return r, nil
}

// deathSignal asks for a clean end of data that is kept, and for a quick one of the rest.
func (f *folder) deathSignal() syscall.Signal {
	if f.ephemeral {
		return syscall.SIGQUIT
	}
	return syscall.SIGINT
}

// awaitReady waits until our process, and no other, takes connections.
func (r *running) awaitReady(ctx context.Context) error {
	const poll = 5 * time.Millisecond
	for {
		if r.process.ended() {
			return r.failure()
		}
		now, found := r.folder.readPIDFile()
		if found && now.ready && now.pid == r.process.cmd.Process.Pid {
			err := r.connect(ctx)
			if err == nil && !r.process.ended() {
				return nil
			}
		}
		if err := pause(ctx, poll); err != nil {
			return fmt.Errorf("waiting for the server: %w", err)
		}
	}
}

func (r *running) connect(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, connString(r.folder.sockets))
	if err != nil {
		return err
	}
	return errors.Join(conn.Ping(ctx), conn.Close(ctx))
}

// failure says why the process ended.
func (r *running) failure() error {
	said := r.output.said()
	if strings.Contains(said, "is still in use") || strings.Contains(said, "already exists") {
		return fmt.Errorf("%w: PostgreSQL says: %s", errInUse, said)
	}
	return explain(r.process.failure(), r.folder.path, said)
}

func (r *running) stop(ctx context.Context) error {
	r.once.Do(func() {
		r.err = r.end(ctx)
		close(r.stopped)
	})
	<-r.stopped
	return r.err
}

func (r *running) end(ctx context.Context) error {
	var err error
	if r.process.ended() {
		err = r.process.failure()
	} else {
		err = r.shutDown(ctx)
	}
	err = errors.Join(err, r.folder.close())
	if err != nil {
		return fmt.Errorf("stopping PostgreSQL: %w", err)
	}
	r.logger.LogAttrs(ctx, slog.LevelInfo, "private PostgreSQL stopped", slog.String("dir", r.folder.path))
	return nil
}

func (r *running) shutDown(ctx context.Context) error {
	r.process.signal(r.folder.deathSignal())
	select {
	case <-r.process.done:
		return nil
	case <-ctx.Done():
	}
	r.process.halt()
	return fmt.Errorf("the server was stopped at once: %w", context.Cause(ctx))
}
