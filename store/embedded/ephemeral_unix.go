//go:build unix && !aix && !solaris

package embedded

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// openEphemeral makes a new folder and deletes those of processes that died.
func openEphemeral(ctx context.Context, o Options, a account) (*folder, error) {
	parent, err := ephemeralFolders(o, a)
	if err != nil {
		return nil, err
	}
	// It keeps others from taking the new folder for a dead one before it is locked.
	gate, err := waitLock(ctx, filepath.Join(parent, "lock"), -1)
	if err != nil {
		return nil, err
	}
	dead := lockDead(parent)
	f, err := newEphemeral(parent, a)
	err = errors.Join(err, gate.Close())
	for _, d := range dead {
		err = errors.Join(err, d.close())
	}
	if err != nil && f != nil {
		return nil, errors.Join(err, f.close())
	}
	return f, err
}

func ephemeralFolders(o Options, a account) (string, error) {
	if o.Dir == "" {
		root, err := a.tempRoot()
		if err != nil {
			return "", err
		}
		return filepath.Join(root, "ephemeral"), a.makePrivate(filepath.Join(root, "ephemeral"))
	}
	abs, err := filepath.Abs(o.Dir)
	if err != nil {
		return "", fmt.Errorf("making the path absolute: %w", err)
	}
	if !a.canEnter(abs) {
		return "", fmt.Errorf("the user that PostgreSQL runs as cannot reach %s: choose another folder", abs)
	}
	parent := filepath.Join(abs, "ephemeral")
	return parent, a.makePrivate(parent)
}

// lockDead returns the folders in parent that no process holds any more.
func lockDead(parent string) []*folder {
	entries, err := os.ReadDir(parent)
	if err != nil {
		return nil
	}
	var dead []*folder
	for _, entry := range entries {
		if !entry.IsDir() {
			continue
		}
		path := filepath.Join(parent, entry.Name())
		if lock, err := tryLock(filepath.Join(path, "lock")); err == nil {
			dead = append(dead, &folder{path: path, ephemeral: true, lock: lock})
		}
	}
	return dead
}

func newEphemeral(parent string, a account) (*folder, error) {
	path, err := os.MkdirTemp(parent, "")
	if err != nil {
		return nil, explain(fmt.Errorf("making a folder: %w", err), parent, "")
	}
	lock, err := tryLock(filepath.Join(path, "lock"))
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(path))
	}
	f := &folder{path: path, account: a, ephemeral: true, lock: lock}
	if err := a.makePrivate(path); err != nil {
		return nil, errors.Join(err, f.close())
	}
	return f, nil
}
