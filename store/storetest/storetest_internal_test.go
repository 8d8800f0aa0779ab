package storetest

import (
	"testing"
	"time"
)

func TestConnectionStringGetsAnotherDatabase(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"postgres://u:p@h:5433/old?sslmode=disable":          "postgres://u:p@h:5433/new?sslmode=disable",
		"postgresql://u@h":                                   "postgresql://u@h/new",
		"postgres://u@/old?host=%2Ftmp%2Fx&database=another": "postgres://u@/new?host=%2Ftmp%2Fx",
		"host=h dbname=old":                                  "host=h dbname=old dbname=new",
	} {
		if got := withDatabase(address, "new"); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// recorder is a test that may fail.
type recorder struct {
	testing.TB

	failed bool
}

func (r *recorder) Helper()               {}
func (r *recorder) Errorf(string, ...any) { r.failed = true }

func TestKeptConnectionFailsTheTestInsteadOfHangingIt(t *testing.T) {
	t.Parallel()
	pool := NewDB(t)
	conn, err := pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{TB: t}
	closePool(r, pool, time.Millisecond)
	conn.Release()
	if !r.failed {
		t.Error("a test that keeps a connection passes")
	}
}
