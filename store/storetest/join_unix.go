//go:build unix && !aix && !solaris

package storetest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ginauth/ginauth/store/embedded"
)

// The files of a shared server.
const (
	usersLock = "users.lock" // locked in common by each process that uses the server
	startLock = "start.lock" // locked by the process that looks for the server or starts it
	readyFile = "ready"      // holds the connection string while there is a server
	logFile   = "log"        // holds what the supervisor has to complain about
)

// users stays locked until this process dies: it tells the supervisor that we are here.
var users *os.File //nolint:unused // it is there to be kept open

// join returns the address of the server that all processes of this user share, which it
// starts if need be, and the folder of its locks.
func join(ctx context.Context) (address, dir string, err error) {
	bin, err := embedded.FindBinaries(ctx, "")
	if err != nil {
		return "", "", err
	}
	hash, err := schemaHash()
	if err != nil {
		return "", "", err
	}
	dir, err = folder(strconv.Itoa(bin.Major) + "-" + hash)
	if err != nil {
		return "", "", err
	}
	// A server that is about to end holds this lock, so that nobody joins it any more.
	users, err = lockFile(filepath.Join(dir, usersLock), inCommon)
	if err != nil {
		return "", "", err
	}
	start, err := lockFile(filepath.Join(dir, startLock), exclusive)
	if err != nil {
		return "", "", err
	}
	defer func() { _ = start.Close() }()
	if address := readReady(dir); address != "" && takesConnections(ctx, address) {
		return address, dir, nil
	}
	address, err = startSupervisor(ctx, dir, bin.Dir)
	return address, dir, err
}

func readReady(dir string) string {
	text, err := os.ReadFile(filepath.Join(dir, readyFile)) //nolint:gosec // the path is this package's own
	if err != nil {
		return ""
	}
	return string(text)
}

func takesConnections(ctx context.Context, address string) bool {
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return false
	}
	return conn.Close(ctx) == nil
}

// startSupervisor runs this program once more, as the owner of a server, and waits for that.
func startSupervisor(ctx context.Context, dir, bin string) (string, error) {
	if err := os.Remove(filepath.Join(dir, readyFile)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("removing the last server's address: %w", err)
	}
	program, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("finding this program: %w", err)
	}
	log, err := os.Create(filepath.Join(dir, logFile)) //nolint:gosec // the path is this package's own
	if err != nil {
		return "", fmt.Errorf("making a log file: %w", err)
	}
	defer func() { _ = log.Close() }()
	cmd := exec.Command(program) //nolint:gosec // this program itself; it is to outlive ctx and us
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), superviseEnv+"="+dir, binEnv+"="+bin)
	// Not an output of ours: "go test" waits until nobody has those open.
	cmd.Stderr = log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return "", fmt.Errorf("starting the supervisor: %w", err)
	}
	ended := make(chan struct{})
	go func() { // ends with the supervisor or with us
		_ = cmd.Wait()
		close(ended)
	}()
	return awaitReady(ctx, dir, ended)
}

func awaitReady(ctx context.Context, dir string, ended <-chan struct{}) (string, error) {
	const poll = 5 * time.Millisecond
	ticker := time.NewTicker(poll)
	defer ticker.Stop()
	for {
		if address := readReady(dir); address != "" {
			return address, nil
		}
		select {
		case <-ended:
			complaint, err := os.ReadFile(filepath.Join(dir, logFile)) //nolint:gosec // the path is this package's own
			return "", errors.Join(errors.New(strings.TrimSpace("the supervisor has ended: "+string(complaint))), err)
		case <-ctx.Done():
			return "", fmt.Errorf("waiting for the server: %w", context.Cause(ctx))
		case <-ticker.C:
		}
	}
}
