// The program that it starts is built without the detector.

//go:build !race

package main

import (
	"net/http"
	"os"
	"testing"
)

// without is the environment of a machine that has only Go.
func without(t *testing.T) []string {
	t.Helper()
	return []string{exampleEnv + "=" + bare, "PATH=" + t.TempDir()}
}

func TestColdStartWithoutPostgreSQLKeepsAccountsInMemory(t *testing.T) {
	t.Parallel()
	p := start(t, without(t))
	if line, err := p.lines.ReadString('\n'); err != nil || line != onlyInMemory+"\n" {
		t.Errorf("after the URL it says %q (%v)", line, err)
	}
	c := newClient(t, p.url)
	c.get(t, "/").has(t, http.StatusOK, onlyInMemory)
	c.signUp(t, "Ada Lovelace", "ada@example.com")
	c.get(t, "/user").has(t, http.StatusOK, "<h1>Ada Lovelace</h1>")
	logIn(t, p)
	if code := p.end(t, os.Interrupt); code != 0 {
		t.Errorf("exit code %d\n%s", code, p.stderr)
	}
}

// Whoever names a database or a folder wants to keep the accounts.
func TestMemoryReplacesNoDatabaseThatIsAskedFor(t *testing.T) {
	t.Parallel()
	refused(t, append(without(t), "PORT=0", "DATABASE_URL=postgres://ada:s3cret@127.0.0.1:1/ada"), nil, "cannot be reached", "DATABASE_URL")
	refused(t, append(without(t), "PORT=0", "DATABASE_URL=ada"), nil, "DATABASE_URL")
	refused(t, append(without(t), "PORT=0"), []string{"-dir", folder(t)}, "no PostgreSQL server is installed", "apt-get install postgresql")
}

// PostgreSQL that is installed and does not start is no reason for memory either.
func TestPostgreSQLThatDoesNotStartIsOneSentence(t *testing.T) {
	t.Parallel()
	bin := folder(t)
	for name, script := range map[string]string{"postgres": "echo 'postgres (PostgreSQL) 17.2'", "initdb": "exit 1"} {
		if err := os.WriteFile(bin+"/"+name, []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	refused(t, []string{"PATH=" + bin + ":" + os.Getenv("PATH"), "PORT=0", "HOME=" + folder(t)}, nil, "running initdb", "set DATABASE_URL")
}
