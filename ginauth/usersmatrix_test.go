package ginauth_test

import (
	"flag"
	"sync"
	"testing"
)

var update = flag.Bool("update", false, "write the generated part of docs/sessions.md instead of comparing it")

// matrix has the outcome of each row, users and place.
type matrix map[string]map[string]map[place]outcome

// Every handler and request function works with every kind of users and sessions, or is refused when it is built.
func TestEveryHandlerWorksOrIsRefusedWithEveryKindOfUsersAndSessions(t *testing.T) { // SEC-190
	t.Parallel()
	functions, rows := requestCode(t), matrixRows[user]()
	for name := range functions {
		if _, ok := rows[name]; !ok {
			t.Errorf("%s has no row: say in matrixRows what it does", name)
		}
	}
	found, mu := matrix{}, sync.Mutex{}
	for name := range rows {
		if !functions[name] {
			t.Errorf("the row %s is about nothing", name)
		}
		found[name] = map[string]map[place]outcome{}
		for _, users := range usersColumns {
			found[name][users.name] = map[place]outcome{}
		}
	}
	t.Run("columns", func(t *testing.T) {
		for _, users := range usersColumns {
			for _, at := range places {
				t.Run(users.name+" with sessions in "+string(at), func(t *testing.T) {
					t.Parallel()
					outcomes := users.run(t, at)
					mu.Lock()
					defer mu.Unlock()
					for name, o := range outcomes {
						found[name][users.name][at] = o
					}
				})
			}
		}
	})
	for _, users := range usersColumns {
		if len(found["ginauth.Login"][users.name]) != len(places) {
			t.Skip("a column did not run, so docs/sessions.md is not compared")
		}
	}
	if !t.Failed() {
		found.checkGuide(t)
	}
}
