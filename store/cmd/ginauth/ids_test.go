package main

import (
	"bytes"
	"testing"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// A command line that cannot be carried out as a whole ends no session: a flag behind the ids, an id that nobody has.
func TestACommandThatIsNotUnderstoodEndsNoSession(t *testing.T) {
	t.Parallel()
	url, db := newStore(t)
	session, err := db.CreateSession(t.Context(), driver.NewSession{Digest: driver.NewToken().Digest(), Lifetime: time.Hour, IdleTimeout: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	id := string(session.ID)
	run := func(more ...string) (string, error) {
		var out bytes.Buffer
		err := run(t.Context(), append([]string{"session", "delete"}, more...), url, nil, &out)
		return out.String(), err
	}
	for _, args := range [][]string{{id, "-dry-run"}, {id, "-all"}, {id, "nonsense"}, {id, "00000000-0000-4000-8000-000000000000"}, {id, ""}} {
		if said, err := run(args...); err == nil {
			t.Errorf("%q says %q", args, said)
		}
		if alive, _, err := db.CountSessions(t.Context()); err != nil || alive != 1 {
			t.Fatalf("%q leaves %d sessions alive, %v", args, alive, err)
		}
	}
	for _, step := range []struct {
		args []string
		want string
	}{{[]string{"-dry-run", id, id}, "1 sessions would end\n"}, {[]string{id, id}, "1 sessions ended\n"}} {
		if said, err := run(step.args...); err != nil || said != step.want {
			t.Errorf("%q says %q, %v, want %q", step.args, said, err, step.want)
		}
	}
}
