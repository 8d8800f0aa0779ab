//go:build unix && !aix && !solaris

package storetest_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/store/embedded"
)

// givenServer stands for the server that a person names in DATABASE_URL.
func givenServer(t *testing.T) (*embedded.Server, *pgxpool.Pool) {
	t.Helper()
	server, err := embedded.Start(t.Context(), embedded.Options{Ephemeral: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop(context.WithoutCancel(t.Context())) })
	pool, err := pgxpool.New(t.Context(), server.URL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return server, pool
}

const countDatabases = `SELECT count(*) FROM pg_database WHERE datname LIKE $1`

func databases(t *testing.T, pool *pgxpool.Pool, like string) int {
	t.Helper()
	var n int
	if err := pool.QueryRow(t.Context(), countDatabases, like).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestGivenServerKeepsNothingButTheTemplate(t *testing.T) {
	t.Parallel()
	server, pool := givenServer(t)
	temp := tempFolder(t)
	var children []*child
	for range 3 {
		children = append(children, startChild(t, temp, "DATABASE_URL="+server.URL()))
	}
	for _, c := range children {
		c.await(t)
	}
	if got := databases(t, pool, `ginauth\_test\_%`); got != len(children) {
		t.Errorf("%d tests have %d databases on the given server", len(children), got)
	}
	for _, c := range children {
		c.end(t)
	}
	if got := databases(t, pool, `ginauth\_test\_%`); got != 0 {
		t.Errorf("%d databases are left after the tests", got)
	}
	if got := databases(t, pool, `ginauth\_template\_%`); got != 1 {
		t.Errorf("got %d templates, want 1", got)
	}
}

func TestUnfinishedTemplateIsMadeAnew(t *testing.T) {
	t.Parallel()
	server, pool := givenServer(t)
	temp := tempFolder(t)
	first := startChild(t, temp, "DATABASE_URL="+server.URL())
	first.await(t)
	first.end(t)
	var name string
	if err := pool.QueryRow(t.Context(), `SELECT datname FROM pg_database WHERE datname LIKE 'ginauth\_template\_%'`).Scan(&name); err != nil {
		t.Fatal(err)
	}
	// What a process leaves that dies while it makes the template.
	for _, statement := range []string{`DROP DATABASE ` + name, `CREATE DATABASE ` + name} {
		if _, err := pool.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	second := startChild(t, temp, "DATABASE_URL="+server.URL())
	second.await(t) // it has the schema
	second.end(t)
}
