package embedded

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// oldest is the oldest major version of PostgreSQL that ginauth is made for.
const oldest = 14

// Binaries is a PostgreSQL installation.
type Binaries struct {
	// Dir is the folder that holds postgres and initdb.
	Dir string
	// Major is the version, such as 15.
	Major int
}

// FindBinaries returns the installation that [Start] uses. With bin it is that folder or an
// error. Otherwise it is the first that works and is not too old: postgres on PATH, the folder
// that pg_config names, and the usual places of Debian, Red Hat, Homebrew and Postgres.app,
// newest version first. Errors: [ErrNoBinaries], [ErrTooOld].
func FindBinaries(ctx context.Context, bin string) (Binaries, error) {
	if bin != "" {
		b, err := inspect(ctx, bin)
		if err != nil {
			return b, fmt.Errorf("looking in the given folder: %w", err)
		}
		return b, nil
	}
	return firstOf(ctx, onPath, fromConfig, wellKnown)
}

// firstOf returns the first usable installation in the folders that the sources name.
func firstOf(ctx context.Context, sources ...func(context.Context) []string) (Binaries, error) {
	failure := ErrNoBinaries
	for _, source := range sources {
		for _, dir := range source(ctx) {
			b, err := inspect(ctx, dir)
			if err == nil {
				return b, nil
			}
			// The one that nearly worked is worth more to the reader than "none".
			if errors.Is(failure, ErrNoBinaries) && !errors.Is(err, ErrNoBinaries) {
				failure = err
			}
		}
	}
	return Binaries{}, failure
}

// inspect asks the programs in dir for their version.
func inspect(ctx context.Context, dir string) (Binaries, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return Binaries{}, fmt.Errorf("making the path absolute: %w", err)
	}
	for _, name := range []string{"postgres", "initdb"} {
		if _, err := exec.LookPath(filepath.Join(dir, name)); err != nil {
			return Binaries{}, fmt.Errorf("%s has no program %s: %w", dir, name, ErrNoBinaries)
		}
	}
	out, err := exec.CommandContext(ctx, filepath.Join(dir, "postgres"), "--version").Output() //nolint:gosec // the path is the caller's or the machine's own
	if err != nil {
		return Binaries{}, fmt.Errorf("asking postgres in %s for its version: %w", dir, err)
	}
	major, err := majorVersion(string(out))
	if err != nil {
		return Binaries{}, fmt.Errorf("asking postgres in %s for its version: %w", dir, err)
	}
	if major < oldest {
		return Binaries{}, fmt.Errorf("found version %d in %s: %w", major, dir, ErrTooOld)
	}
	return Binaries{Dir: dir, Major: major}, nil
}

var versionNumber = regexp.MustCompile(`\) (\d+)`)

// majorVersion reads a line such as "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)".
func majorVersion(line string) (int, error) {
	match := versionNumber.FindStringSubmatch(line)
	if match == nil {
		return 0, errors.New("the answer names no version")
	}
	return strconv.Atoi(match[1])
}

// onPath also follows the link: packagers often link postgres alone into a folder on PATH.
func onPath(context.Context) []string {
	program, err := exec.LookPath("postgres")
	if err != nil {
		return nil
	}
	dirs := []string{filepath.Dir(program)}
	if target, err := filepath.EvalSymlinks(program); err == nil {
		dirs = append(dirs, filepath.Dir(target))
	}
	return dirs
}

func fromConfig(ctx context.Context) []string {
	out, err := exec.CommandContext(ctx, "pg_config", "--bindir").Output()
	if err != nil {
		return nil
	}
	return []string{strings.TrimSpace(string(out))}
}

func wellKnown(context.Context) []string {
	patterns := []string{
		"/usr/lib/postgresql/*/bin",
		"/usr/pgsql-*/bin",
		"/opt/homebrew/opt/postgresql*/bin",
		"/usr/local/opt/postgresql*/bin",
		"/Applications/Postgres.app/Contents/Versions/*/bin",
		"/usr/local/pgsql/bin",
	}
	var dirs []string
	for _, pattern := range patterns {
		found, err := filepath.Glob(pattern)
		if err != nil {
			continue
		}
		dirs = append(dirs, newestFirst(found)...)
	}
	return dirs
}

var pathNumber = regexp.MustCompile(`\d+(\.\d+)?`)

func newestFirst(dirs []string) []string {
	slices.SortStableFunc(dirs, func(a, b string) int { return cmp.Compare(pathVersion(b), pathVersion(a)) })
	return dirs
}

// pathVersion is the last number in a path, such as 15 in /usr/lib/postgresql/15/bin.
func pathVersion(dir string) float64 {
	numbers := pathNumber.FindAllString(dir, -1)
	if len(numbers) == 0 {
		return 0
	}
	version, err := strconv.ParseFloat(numbers[len(numbers)-1], 64)
	if err != nil {
		return 0
	}
	return version
}
