//go:build unix && !aix && !solaris

package embedded_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ginauth/ginauth/store/embedded"
)

func TestFolderWithoutBinariesIsNamed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, err := embedded.Start(t.Context(), embedded.Options{Bin: dir, Dir: newFolder(t)})
	if !errors.Is(err, embedded.ErrNoBinaries) || !strings.Contains(err.Error(), dir) {
		t.Errorf("got %v, want ErrNoBinaries and the folder", err)
	}
}

func TestOldBinariesAreRefused(t *testing.T) {
	t.Parallel()
	_, err := embedded.Start(t.Context(), embedded.Options{Bin: fakeBinaries(t, "postgres (PostgreSQL) 13.22"), Dir: newFolder(t)})
	if !errors.Is(err, embedded.ErrTooOld) || !strings.Contains(err.Error(), "13") {
		t.Errorf("got %v, want ErrTooOld and the version", err)
	}
}

func TestErrNoBinariesNamesTheWaysOut(t *testing.T) {
	t.Parallel()
	text := embedded.ErrNoBinaries.Error()
	for _, word := range []string{"apt-get install postgresql", "brew install postgresql", "PATH", "DATABASE_URL"} {
		if !strings.Contains(text, word) {
			t.Errorf("%q is not in %q", word, text)
		}
	}
	if strings.Contains(text, "\n") || strings.Contains(text, ". ") {
		t.Errorf("it is not one sentence: %q", text)
	}
}

// fakeBinaries is an installation whose programs only tell a version.
func fakeBinaries(t *testing.T, version string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"postgres", "initdb"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\necho '"+version+"'\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
