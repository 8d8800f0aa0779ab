package migrations_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/migrations"
	"github.com/ginauth/ginauth/store/storetest"
)

func TestNewerSchemaIsLeftAlone(t *testing.T) {
	t.Parallel()
	pool := storetest.NewDB(t)
	exec(t, pool, `INSERT INTO ginauth.goose_db_version (version_id, is_applied) VALUES (99, true)`)
	before := tables(t, pool)
	for name, call := range map[string]func() error{
		"Up":     func() error { return migrations.Up(t.Context(), pool) },
		"Down":   func() error { return migrations.Down(t.Context(), pool) },
		"DownTo": func() error { return migrations.DownTo(t.Context(), pool, 0) },
	} {
		if err := call(); !errors.Is(err, migrations.ErrNewerSchema) || !strings.Contains(err.Error(), "version 99") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if diff := cmp.Diff(before, tables(t, pool)); diff != "" {
		t.Error(diff)
	}
	list, err := migrations.Status(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	if last := list[len(list)-1]; len(list) != len(versions(t))+1 || last.Version != 99 || last.File != "" || last.AppliedAt.IsZero() {
		t.Errorf("status: %+v", list)
	}
}

func TestOldServerIsRefused(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		params  map[string]string
		refused bool
	}{
		{map[string]string{"server_version": "9.6.24"}, true},
		{map[string]string{"server_version": "13.21 (Debian 13.21-1)"}, true},
		{map[string]string{"server_version": "13devel"}, true},
		{map[string]string{"server_version": "14.0"}, false},
		{map[string]string{"server_version": "18beta1"}, false},
		{map[string]string{"server_version": "13.0.0", "crdb_version": "CockroachDB CCL v25.3.0"}, false},
	} {
		t.Run(test.params["server_version"], func(t *testing.T) {
			t.Parallel()
			pool := fakeServer(t, test.params)
			if err := migrations.Up(t.Context(), pool); errors.Is(err, migrations.ErrTooOld) != test.refused {
				t.Errorf("Up: %v", err)
			}
			if _, err := migrations.Status(t.Context(), pool); errors.Is(err, migrations.ErrTooOld) != test.refused {
				t.Errorf("Status: %v", err)
			}
		})
	}
}

func TestPoolerThatRefusesTheLockIsNamed(t *testing.T) {
	t.Parallel()
	pool := fakeServer(t, nil)
	err := migrations.Up(t.Context(), pool)
	if err == nil || !strings.Contains(err.Error(), "a pooler is in the way") {
		t.Errorf("got %v", err)
	}
}

// fakeServer lets clients in, tells them params, and hangs up at the first query. Without
// params it refuses the connection as PgBouncer does.
func fakeServer(t *testing.T, params map[string]string) *pgxpool.Pool {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			greet(conn, params)
		}
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		<-done
	})
	pool, err := pgxpool.New(context.Background(), "postgres://app@"+listener.Addr().String()+"/app?sslmode=disable")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

func greet(conn net.Conn, params map[string]string) {
	defer func() { _ = conn.Close() }()
	backend := pgproto3.NewBackend(conn, conn)
	if _, err := backend.ReceiveStartupMessage(); err != nil {
		return
	}
	if params == nil {
		backend.Send(&pgproto3.ErrorResponse{
			Severity: "FATAL", Code: "08P01", Message: "unsupported startup parameter: statement_timeout",
		})
		_ = backend.Flush()
		return
	}
	backend.Send(&pgproto3.AuthenticationOk{})
	for name, value := range params {
		backend.Send(&pgproto3.ParameterStatus{Name: name, Value: value})
	}
	backend.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
	if backend.Flush() == nil {
		_, _ = backend.Receive()
	}
}
