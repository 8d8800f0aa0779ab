//go:build unix && !aix && !solaris

package embedded

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// unfinished is the start of the names of clusters that initdb works on.
const unfinished = "data.init"

// makeCluster runs initdb unless there is a cluster. It becomes data only when it is whole.
func (f *folder) makeCluster(ctx context.Context, bin Binaries, o Options) error {
	if err := f.removeUnfinished(); err != nil {
		return err
	}
	_, err := os.Stat(f.data())
	if err == nil {
		return nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("looking for the cluster: %w", err)
	}
	// Its own name, for an initdb of a process that died may still be at work on the last one.
	draft, err := os.MkdirTemp(f.path, unfinished+"-")
	if err != nil {
		return explain(fmt.Errorf("making a folder: %w", err), f.path, "")
	}
	err = f.initialize(ctx, bin, draft, o)
	if err == nil {
		err = os.Rename(draft, f.data())
	}
	if err != nil {
		return errors.Join(fmt.Errorf("making a PostgreSQL cluster: %w", err), os.RemoveAll(draft))
	}
	return nil
}

func (f *folder) removeUnfinished() error {
	entries, err := os.ReadDir(f.path)
	if err != nil {
		return fmt.Errorf("reading the folder: %w", err)
	}
	for _, entry := range entries {
		if !strings.HasPrefix(entry.Name(), unfinished) {
			continue
		}
		if err := os.RemoveAll(filepath.Join(f.path, entry.Name())); err != nil {
			return fmt.Errorf("removing a half-made cluster: %w", err)
		}
	}
	return nil
}

func (f *folder) initialize(ctx context.Context, bin Binaries, draft string, o Options) error {
	if err := f.account.own(draft); err != nil {
		return err
	}
	// The socket's folder says who may come in, so PostgreSQL need not ask again.
	args := []string{
		"--pgdata=" + draft, "--username=postgres", "--auth-local=trust", "--auth-host=reject",
		"--encoding=UTF8", "--locale=C", "--no-instructions",
	}
	if !o.durable() {
		args = append(args, "--no-sync")
	}
	out := &output{logger: o.logger()}
	cmd := f.command(ctx, bin, out, "initdb", args...)
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	p, err := spawn(cmd, syscall.SIGKILL)
	if err != nil {
		return explain(err, f.path, "")
	}
	<-p.done
	if ctx.Err() != nil {
		return fmt.Errorf("running initdb: %w", context.Cause(ctx))
	}
	if p.err != nil {
		return explain(fmt.Errorf("running initdb: %w", p.err), f.path, out.said())
	}
	return nil
}
