package ginauth_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/gin-contrib/sessions"
	"github.com/gin-contrib/sessions/memstore"
	gorilla "github.com/gorilla/sessions"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/password"
	"github.com/ginauth/ginauth/store"
)

// other is the same app in another process, with a pool of its own.
func (a *app) other(t *testing.T, options ...appOption) *app {
	t.Helper()
	pool, err := pgxpool.NewWithConfig(t.Context(), a.pool.Config())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return newAppOn(t, pool, options...)
}

// held keeps a login between its check of the password and its session, until it is released.
type held struct {
	*store.DB[user]
	checked chan struct{}
	release chan struct{}
}

func (h *held) FindCredential(ctx context.Context, identifier string) (user, password.Hash, error) {
	u, hash, err := h.DB.FindCredential(ctx, identifier)
	h.hold()
	return u, hash, err
}

func (h *held) CountAndFindCredential(ctx context.Context, a driver.Attempt, identifier string) (driver.Verdict, user, password.Hash, error) {
	v, u, hash, err := h.DB.CountAndFindCredential(ctx, a, identifier)
	h.hold()
	return v, u, hash, err
}

func (h *held) hold() {
	h.checked <- struct{}{}
	<-h.release
}

// Every login read the old hash before the password changes, and goes on after.
func TestALoginThatTheChangeOvertakesIsRefused(t *testing.T) { // SEC-78
	t.Parallel()
	const callers = 16
	app := newApp(t, accounts)
	c := app.signUp(t, ada)
	slow := &held{DB: app.db, checked: make(chan struct{}, callers), release: make(chan struct{})}
	late := newAppOn(t, app.pool, with(func(cfg *config) { cfg.Users = slow }))
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			if w := (&client{handler: late}).post("/login", adaIn); w.Code != http.StatusUnauthorized {
				t.Errorf("login: %d", w.Code)
			}
		})
	}
	for range callers {
		<-slow.checked
	}
	if w := c.post("/password/change", toNew); w.Code != http.StatusNoContent {
		t.Errorf("change: %d %s", w.Code, w.Body)
	}
	go func() { // the second try of each
		for range slow.checked {
		}
	}()
	close(slow.release)
	wg.Wait()
	close(slow.checked)
	if n := app.count(t, "SELECT count(*) FROM ginauth.sessions"); n != 1 {
		t.Errorf("%d sessions", n)
	}
}

// Logins with the old password run in two processes while it changes: none of their sessions is alive
// afterwards, and the one that changed it is.
func TestChangingAPasswordRacesLogins(t *testing.T) { // SEC-78, SEC-151
	t.Parallel()
	const callers, rounds = 16, 100
	app := newApp(t, accounts, unlimited)
	processes := []http.Handler{app, app.other(t, accounts, unlimited)}
	c, now, next := app.signUp(t, ada), adasOld, adasNew
	in, refused := 0, 0
	for round := range rounds {
		body := strings.NewReplacer(adasOld, now, adasNew, next).Replace(toNew)
		logIn := strings.Replace(adaIn, adasOld, now, 1)
		tokens := make([]string, callers)
		atOnce(callers+1, func(i int) {
			if i == callers {
				if w := c.post("/password/change", body); w.Code != http.StatusNoContent {
					t.Errorf("round %d: %d %s", round, w.Code, w.Body)
				}
				return
			}
			guest := &client{handler: processes[i%2]}
			if w := guest.post("/login", logIn); w.Code != http.StatusOK && w.Code != http.StatusUnauthorized {
				t.Errorf("login: %d %s", w.Code, w.Body)
			}
			tokens[i] = guest.value
		})
		for i, token := range tokens {
			if token == "" {
				refused++
				continue
			}
			in++
			if w := (&client{handler: processes[i%2], value: token}).get("/user"); w.Code != http.StatusUnauthorized {
				t.Fatalf("round %d: a session of the old password answers %d", round, w.Code)
			}
		}
		if w := (&client{handler: processes[1], value: c.value}).get("/user"); w.Code != http.StatusOK {
			t.Fatalf("round %d: the session that changed it answers %d in the other process", round, w.Code)
		}
		now, next = next, now
	}
	t.Logf("%d logins were before the change, %d after", in, refused)
}

// Of two changes at once, one counts, and the other is told.
func TestTwoChangesOfAPasswordAtOnce(t *testing.T) { // SEC-151
	t.Parallel()
	const rounds = 100
	app := newApp(t, accounts)
	processes := []http.Handler{app, app.other(t, accounts)}
	app.signUp(t, ada)
	now := adasOld
	for round := range rounds {
		logIn := strings.Replace(adaIn, adasOld, now, 1)
		clients := []*client{{handler: processes[0]}, {handler: processes[1]}}
		passwords := []string{"the password of the first", "the password of the other"}
		if round%2 == 1 {
			passwords = []string{"another one of the first", "another one of the other"}
		}
		codes := make([]int, 2)
		for _, c := range clients {
			c.post("/login", logIn)
		}
		atOnce(2, func(i int) {
			codes[i] = clients[i].post("/password/change", `{"current_password":"`+now+`","new_password":"`+passwords[i]+`"}`).Code
		})
		winner := 0
		if codes[1] == http.StatusNoContent {
			winner = 1
		}
		if codes[winner] != http.StatusNoContent || codes[1-winner] != http.StatusUnauthorized {
			t.Fatalf("round %d: %v", round, codes)
		}
		clients[winner].want(t, http.StatusOK, "the one that counts")
		clients[1-winner].want(t, http.StatusUnauthorized, "the other")
		now = passwords[winner]
		if w := (&client{handler: app}).post("/login", strings.Replace(adaIn, adasOld, now, 1)); w.Code != http.StatusOK {
			t.Fatalf("round %d: the password that counts does not log in: %d", round, w.Code)
		}
	}
}

// Once a user is deleted or archived, no login that ran meanwhile is alive.
func TestDeletingRacesLoginsAndUpdates(t *testing.T) { // SEC-76, SEC-151
	t.Parallel()
	const callers, rounds = 16, 50
	for path, method := range map[string]string{"/user": http.MethodDelete, "/user/archive": http.MethodPost} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			app := newApp(t, accounts, unlimited)
			other := app.other(t, accounts, unlimited)
			for round := range rounds {
				c := app.signUp(t, ada)
				mine, tokens := c.value, make([]string, callers)
				atOnce(callers+1, func(i int) {
					switch {
					case i == callers:
						if w := c.do(withMethod(method, jsonRequest(path, ""))); w.Code >= http.StatusBadRequest {
							t.Errorf("round %d: %d %s", round, w.Code, w.Body)
						}
					case i%4 == 0:
						w := (&client{handler: other, value: mine}).patchUser(`{"name":"Too Late"}`)
						if w.Code != http.StatusOK && w.Code != http.StatusUnauthorized {
							t.Errorf("update: %d %s", w.Code, w.Body)
						}
					default:
						guest := &client{handler: other}
						if w := guest.post("/login", adaIn); w.Code != http.StatusOK && w.Code != http.StatusUnauthorized {
							t.Errorf("login: %d %s", w.Code, w.Body)
						}
						tokens[i] = guest.value
					}
				})
				for _, token := range append(tokens, mine) {
					if w := (&client{handler: other, value: token}).get("/user"); w.Code != http.StatusUnauthorized {
						t.Fatalf("round %d: a session answers %d", round, w.Code)
					}
				}
				if n := app.count(t, "SELECT count(*) FROM ginauth.users WHERE disabled_at IS NULL"); n != 0 {
					t.Fatalf("round %d: %d users", round, n)
				}
				app.exec(t, "DELETE FROM ginauth.users")
			}
		})
	}
}

// Parallel changes of different columns keep each other's.
func TestParallelUpdatesOfDifferentColumns(t *testing.T) { // SEC-151
	t.Parallel()
	r, db := patrons(t, fillPatron)
	c := &client{handler: r}
	c.post("/signup", ada)
	id := patronID(t, db)
	for round := range 50 {
		name, city := "Ada "+strings.Repeat("x", round+1), "City "+strings.Repeat("x", round%30+1)
		atOnce(2, func(i int) {
			mine := &client{handler: r, value: c.value}
			body := []string{`{"name":"` + name + `"}`, `{"city":"` + city + `"}`}[i]
			if w := mine.patchUser(body); w.Code != http.StatusOK {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		})
		if u, err := db.FindUser(t.Context(), id); err != nil || u.Name != name || u.City != city {
			t.Fatalf("round %d: %q in %q, %v", round, u.Name, u.City, err)
		}
	}
}

func patronID(t *testing.T, db *store.DB[patron]) driver.UserID {
	t.Helper()
	u, err := db.FindUserByEmail(t.Context(), "ada@example.com")
	if err != nil {
		t.Fatal(err)
	}
	return u.ID
}

// fragile is a store of gin-contrib's kind that can be made to fail when it saves.
type fragile struct {
	sessions.Store
	broken atomic.Bool
}

func (f *fragile) Save(r *http.Request, w http.ResponseWriter, s *gorilla.Session) error {
	if f.broken.Load() {
		return errors.New("out of memory")
	}
	return f.Store.Save(r, w, s)
}

// The password has changed, and then the other store fails: that is no failure of the change, and nobody is
// left logged in.
func TestASessionStoreThatFailsAfterTheChange(t *testing.T) { // SEC-77, SEC-154
	t.Parallel()
	kept := &fragile{Store: memstore.NewStore(signingKey)}
	app := newApp(t, accounts, with(func(cfg *config) { cfg.Sessions = kept }))
	c := app.signUp(t, ada)
	copied := &client{handler: app, value: c.value}
	kept.broken.Store(true)
	w := c.post("/password/change", toNew)
	kept.broken.Store(false)
	if w.Code != http.StatusNoContent || c.value != "" {
		t.Errorf("%d %s, cookie %q", w.Code, w.Body, c.value)
	}
	copied.want(t, http.StatusUnauthorized, "the session")
	if w := c.post("/login", adaNewIn); w.Code != http.StatusOK {
		t.Errorf("the new password: %d", w.Code)
	}
}
