// The programs that they start are built without the detector.

//go:build !race

package main

import (
	"errors"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
)

// refused runs an example that cannot start, and wants one line that names the trouble.
func refused(t *testing.T, env, args []string, parts ...string) {
	t.Helper()
	cmd := command(t, env, args...)
	stderr := &strings.Builder{}
	cmd.Stderr = stderr
	timer := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	out, err := cmd.Output()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 || len(out) > 0 {
		t.Errorf("%v, stdout %q, stderr\n%s", err, out, stderr)
	}
	text := stderr.String()
	if !strings.HasPrefix(text, "example: ") || strings.Count(text, "\n") != 1 || strings.Contains(text, "s3cret") {
		t.Errorf("this should be one line: %s", text)
	}
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q is not in %s", part, text)
		}
	}
}

func TestTakenPortIsOneSentence(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	refused(t, nil, []string{"-addr", listener.Addr().String(), "-dir", folder(t)}, listener.Addr().String(), "in use", "choose another port")
}

func TestUnreachableDatabaseIsOneSentence(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	conn, err := net.Dial("tcp", listener.Addr().String()) // its end is taken, and nobody listens there
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	url := "postgres://ada:s3cret@" + conn.LocalAddr().String() + "/ada"
	refused(t, []string{"PORT=0", "DATABASE_URL=" + url}, nil, "cannot be reached", "DATABASE_URL", "refused")
}

func TestDatabaseThatIsNoneIsOneSentence(t *testing.T) {
	t.Parallel()
	refused(t, []string{"PORT=0", "DATABASE_URL=postgres://ada:s3cret@%zz:x/ada"}, nil, "DATABASE_URL is not a connection string")
}

func TestTooOldDatabaseIsOneSentence(t *testing.T) {
	t.Parallel()
	url := "postgres://ada@" + oldServer(t) + "/ada?sslmode=disable"
	refused(t, []string{"PORT=0", "DATABASE_URL=" + url}, nil, "older than PostgreSQL 14")
}

func TestUnusableFolderIsOneSentence(t *testing.T) {
	t.Parallel()
	refused(t, []string{"PORT=0"}, []string{"-dir", "/dev/null/ginauth"}, "/dev/null")
}

func TestWrongCommandLineIsOneSentence(t *testing.T) {
	t.Parallel()
	refused(t, nil, []string{"-port", "80"}, "-port", "-help")
	refused(t, nil, []string{"serve"}, "-help")
	refused(t, nil, []string{"-addr", "8080"}, "host:port")
	refused(t, []string{"PORT=http"}, nil, "PORT")
	refused(t, []string{"PORT=70000"}, nil, "PORT")
	refused(t, nil, []string{"-addr", "0.0.0.0:0", "-insecure-unlimited"}, "-insecure-unlimited", "localhost")
}

// oldServer says that it is PostgreSQL 13, and does as much as it takes to be asked.
func oldServer(t *testing.T) (addr string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go serveOld(conn)
		}
	}()
	return listener.Addr().String()
}

func serveOld(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	b := pgproto3.NewBackend(conn, conn)
	if _, err := b.ReceiveStartupMessage(); err != nil {
		return
	}
	b.Send(&pgproto3.AuthenticationOk{})
	b.Send(&pgproto3.ParameterStatus{Name: "server_version", Value: "13.9 (Debian 13.9-0+deb11u1)"})
	b.Send(&pgproto3.ParameterStatus{Name: "standard_conforming_strings", Value: "on"})
	b.Send(&pgproto3.ParameterStatus{Name: "client_encoding", Value: "UTF8"})
	for {
		b.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
		if b.Flush() != nil {
			return
		}
		message, err := b.Receive()
		if _, isQuery := message.(*pgproto3.Query); err != nil || !isQuery {
			return
		}
		b.Send(&pgproto3.EmptyQueryResponse{})
	}
}
