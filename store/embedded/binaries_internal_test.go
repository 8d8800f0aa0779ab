//go:build unix && !aix && !solaris

package embedded

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFirstOfReportsThatNothingIsInstalled(t *testing.T) {
	t.Parallel()
	_, err := firstOf(t.Context(), folders(), folders(t.TempDir()))
	if !errors.Is(err, ErrNoBinaries) {
		t.Errorf("got %v, want ErrNoBinaries", err)
	}
}

func TestFirstOfGoesOnAfterWhatCannotBeUsed(t *testing.T) {
	t.Parallel()
	broken, old, good := t.TempDir(), t.TempDir(), t.TempDir()
	install(t, broken, "exit 1")
	install(t, old, "echo 'postgres (PostgreSQL) 13.4'")
	install(t, good, "echo 'postgres (PostgreSQL) 17beta1 (Debian 17~beta1)'")
	got, err := firstOf(t.Context(), folders(broken), folders(old, good))
	if err != nil {
		t.Fatal(err)
	}
	if want := (Binaries{Dir: good, Major: 17}); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestFirstOfReportsAnOldOneRatherThanNone(t *testing.T) {
	t.Parallel()
	old := t.TempDir()
	install(t, old, "echo 'postgres (PostgreSQL) 13.4'")
	_, err := firstOf(t.Context(), folders(old, t.TempDir()))
	if !errors.Is(err, ErrTooOld) {
		t.Errorf("got %v, want ErrTooOld", err)
	}
}

func TestNewestFirstSortsByVersion(t *testing.T) {
	t.Parallel()
	got := newestFirst([]string{
		"/usr/lib/postgresql/9.6/bin", "/usr/lib/postgresql/15/bin", "/opt/homebrew/opt/postgresql/bin",
		"/opt/homebrew/opt/postgresql@17/bin", "/usr/lib/postgresql/10/bin",
	})
	want := []string{
		"/opt/homebrew/opt/postgresql@17/bin", "/usr/lib/postgresql/15/bin", "/usr/lib/postgresql/10/bin",
		"/usr/lib/postgresql/9.6/bin", "/opt/homebrew/opt/postgresql/bin",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func folders(dirs ...string) func(context.Context) []string {
	return func(context.Context) []string { return dirs }
}

// install puts programs there that only run the given shell command.
func install(t *testing.T, dir, command string) {
	t.Helper()
	for _, name := range []string{"postgres", "initdb"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+command+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
}
