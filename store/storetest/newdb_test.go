package storetest_test

import (
	"testing"

	"github.com/ginauth/ginauth/store/storetest"
)

const countUsers = `SELECT count(*) FROM ginauth.users`

func TestNewDBIsMigratedAndEmpty(t *testing.T) {
	t.Parallel()
	pool := storetest.NewDB(t)
	var n int
	if err := pool.QueryRow(t.Context(), countUsers).Scan(&n); err != nil {
		t.Fatal(err)
	}
	if n != 0 {
		t.Errorf("got %d users in a new database, want 0", n)
	}
}

func TestNewEmptyDBHasNoSchema(t *testing.T) {
	t.Parallel()
	pool := storetest.NewEmptyDB(t)
	var exists bool
	if err := pool.QueryRow(t.Context(), `SELECT to_regnamespace('ginauth') IS NOT NULL`).Scan(&exists); err != nil {
		t.Fatal(err)
	}
	if exists {
		t.Error("an empty database has the schema ginauth")
	}
}

func BenchmarkNewDB(b *testing.B) {
	for b.Loop() {
		storetest.NewDB(b)
	}
}
