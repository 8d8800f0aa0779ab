package otherstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"reflect"
	"strings"
	"time"

	"github.com/gin-contrib/sessions"
	"github.com/gorilla/securecookie"
	gorilla "github.com/gorilla/sessions"

	"github.com/ginauth/ginauth/ginauth/driver"
)

const (
	sessionFilePrefix = "session_" // gorilla/sessions'
	// sweepFiles is how many names are read at a time.
	sweepFiles = 256
	// maxSessionFile is far more than a store writes: its limit is 4096 bytes unless MaxLength
	// changes it.
	maxSessionFile = 4 << 20
)

// NoFiles returns an error that says that a store keeps no session files.
func NoFiles(store any) error {
	return fmt.Errorf("sweeping sessions: a %T keeps no session files: only the filesystem store needs this call, and the stores of package store have RunSweeper", store)
}

// Sweep deletes the files of sessions that have ended; see ginauth.SweepSessions.
func (s *Store) Sweep(ctx context.Context) (deleted int64, err error) {
	dir, codecs, ok := sessionFilesOf(s.store)
	if !ok {
		return 0, NoFiles(s.store)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return 0, fmt.Errorf("sweeping sessions: opening the directory of Sessions: %w", err)
	}
	f := &fileSweep{Store: s, root: root, codecs: codecs}
	err = f.run(ctx)
	return f.deleted, errors.Join(err, root.Close())
}

// sessionFilesOf returns the directory in which a filesystem store keeps its sessions, and codecs
// that read them at any age. The store's own codecs refuse data older than their MaxAge.
func sessionFilesOf(store sessions.Store) (dir string, codecs []securecookie.Codec, ok bool) {
	for _, v := range structsOf(store) {
		if v.Type() != reflect.TypeFor[gorilla.FilesystemStore]() {
			continue
		}
		own, ok := codecsOf(v)
		path := v.FieldByName("path")
		if !ok || path.Kind() != reflect.String {
			return "", nil, false
		}
		for _, codec := range own {
			if signing, ok := codec.(*securecookie.SecureCookie); ok {
				ageless := *signing
				codec = ageless.MaxAge(0)
			}
			codecs = append(codecs, codec)
		}
		return path.String(), codecs, true
	}
	return "", nil, false
}

// fileSweep is one round through a directory.
type fileSweep struct {
	*Store
	root    *os.Root
	codecs  []securecookie.Codec
	told    bool          // the authority has returned its time
	ahead   time.Duration // how far the authority's clock is ahead of this process
	deleted int64
	failed  int
	failure error // the first one
}

func (s *fileSweep) run(ctx context.Context) error {
	dir, err := s.root.Open(".")
	if err != nil {
		return fmt.Errorf("sweeping sessions: opening the directory of Sessions: %w", err)
	}
	defer func() { _ = dir.Close() }()
	for {
		entries, err := dir.ReadDir(sweepFiles)
		for _, entry := range entries {
			if !entry.Type().IsRegular() || !strings.HasPrefix(entry.Name(), sessionFilePrefix) {
				continue
			}
			if err := s.sweep(ctx, entry.Name()); err != nil {
				return fmt.Errorf("sweeping sessions: %w", err)
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return s.failures()
		case err != nil:
			return errors.Join(fmt.Errorf("sweeping sessions: reading the directory of Sessions: %w", err), s.failures())
		}
	}
}

// sweep deletes one file if its session has ended. An error ends the round.
func (s *fileSweep) sweep(ctx context.Context, name string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	e, before, err := s.read(name)
	if err != nil {
		s.note(err)
		return nil
	}
	if before == nil {
		return nil
	}
	over, err := s.over(ctx, e)
	switch {
	case errors.Is(err, driver.ErrUnavailable) || ctx.Err() != nil:
		return cmp.Or(err, ctx.Err())
	case err != nil || !over:
		s.note(err)
		return nil
	}
	after, err := s.root.Lstat(name)
	if err == nil && (!os.SameFile(before, after) || !after.ModTime().Equal(before.ModTime())) {
		return nil // a request that began before the session's end has just written it
	}
	if err == nil {
		err = s.root.Remove(name)
	}
	if err == nil {
		s.deleted++
	}
	s.note(err)
	return nil
}

// read returns the session of a file. Info is nil if the file has no session of ours, or is being
// written.
func (s *fileSweep) read(name string) (e envelope, info fs.FileInfo, err error) {
	info, err = s.root.Lstat(name)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxSessionFile {
		return e, nil, err
	}
	file, err := s.root.Open(name)
	if err != nil {
		return e, nil, err
	}
	defer func() { _ = file.Close() }()
	if opened, err := file.Stat(); err != nil || !os.SameFile(info, opened) {
		return e, nil, err
	}
	text, err := io.ReadAll(io.LimitReader(file, maxSessionFile))
	if err != nil {
		return e, nil, err
	}
	values := map[any]any{}
	if securecookie.DecodeMulti(s.name, string(text), &values, s.codecs...) != nil {
		return e, nil, nil
	}
	if e, err = openEnvelope(values); err != nil {
		return e, nil, nil //nolint:nilerr // somebody else's values
	}
	return e, info, nil
}

// over says whether a session has ended, by the clock that ends it. It asks the authority about
// sessions that seem to have ended, and about all until it knows the authority's time.
func (s *fileSweep) over(ctx context.Context, e envelope) (bool, error) {
	if e.User == "" || s.Authority == nil {
		return !e.live(s.now()), nil
	}
	if s.told && e.live(s.now().Add(s.ahead)) {
		return false, nil
	}
	_, at, err := s.Authority.find(ctx, e.User, e.digest(), e.Epoch)
	switch {
	case errors.Is(err, driver.ErrNoSession): // the user may be disabled only for now
		return !e.live(s.now().Add(s.ahead)), nil
	case err != nil:
		return false, err
	}
	s.told, s.ahead = true, at.Sub(s.now())
	return !e.live(at), nil
}

// note keeps the first failure, without the file's name, because that is the session's id in the
// store.
func (s *fileSweep) note(err error) {
	if err == nil || errors.Is(err, fs.ErrNotExist) { // logged out, or swept by another process
		return
	}
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	if s.failed++; s.failure == nil {
		s.failure = err
	}
}

func (s *fileSweep) failures() error {
	if s.failed == 0 {
		return nil
	}
	return fmt.Errorf("sweeping sessions: %d files could not be read or deleted, the first because: %w", s.failed, s.failure)
}
