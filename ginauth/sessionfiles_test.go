package ginauth_test

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gin-contrib/sessions"
	cookiestore "github.com/gin-contrib/sessions/cookie"
	"github.com/gin-contrib/sessions/filesystem"
	"github.com/gin-contrib/sessions/memstore"
	"github.com/gin-gonic/gin"
	gorilla "github.com/gorilla/sessions"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/ginauthtest"
	"github.com/ginauth/ginauth/ginauth/internal/built"
	"github.com/ginauth/ginauth/store"
)

// filesIn are the files of a directory, with what they hold.
func filesIn(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, entry := range entries {
		text, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil && !entry.IsDir() {
			t.Fatal(err)
		}
		files[entry.Name()] = string(text)
	}
	return files
}

// added are the names that are new since before.
func added(t *testing.T, dir string, before map[string]string) []string {
	t.Helper()
	var names []string
	for name := range filesIn(t, dir) {
		if _, was := before[name]; !was {
			names = append(names, name)
		}
	}
	return names
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// sweepAlone is the sweep of another process, whose users RetrieveUser finds.
func sweepAlone(t *testing.T, dir string) (int64, error) {
	t.Helper()
	return ginauth.SweepSessions(t.Context(), built.Config(ginauth.Options[person]{
		Sessions: filesystem.NewStore(dir, encryptionKey, nil, signingKey), Logger: quiet, Passwords: ginauthtest.CheapHasher(t),
		RetrieveUser: func(*gin.Context, sessions.Session) (person, error) { return person{}, driver.ErrNoUser },
	}))
}

func keptAsFiles(dir string) kept {
	return kept{open: func(*testing.T) (here, there sessions.Store) { return filesystem.NewStore(dir, signingKey), nil }}
}

// foreign writes what is none of the app's sessions, each as old as the test, and returns the names.
func foreign(t *testing.T, dir, expired string) []string {
	t.Helper()
	before := filesIn(t, dir)
	save := func(name string, keys ...[]byte) {
		s := gorilla.NewSession(filesystem.NewStore(dir, keys...), name)
		s.Values["cart"], s.Options = "12 apples", &gorilla.Options{MaxAge: 1}
		if err := s.Save(httptest.NewRequest(http.MethodGet, "/", nil), httptest.NewRecorder()); err != nil {
			t.Fatal(err)
		}
	}
	save(cookie, []byte("another app's key of 32 bytes...")) // another app
	save("cart", signingKey)                                 // another cookie of this app
	save(cookie, signingKey)                                 // no session of ginauth's
	write(t, dir, "session_JUNK", "no codec's")
	write(t, dir, "session_EMPTY", "")
	write(t, dir, "session_HALF", expired[:len(expired)/2])
	write(t, dir, "backup_of_session", expired)
	write(t, dir, ".session_hidden", expired)
	elsewhere := t.TempDir()
	write(t, elsewhere, "session_ELSEWHERE", expired)
	if err := os.Symlink(filepath.Join(elsewhere, "session_ELSEWHERE"), filepath.Join(dir, "session_LINK")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("backup_of_session", filepath.Join(dir, "session_LINK2")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "session_DIRECTORY"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "session_DIRECTORY"), "session_WITHIN", expired)
	t.Cleanup(func() {
		for _, name := range []string{filepath.Join(elsewhere, "session_ELSEWHERE"), filepath.Join(dir, "session_DIRECTORY", "session_WITHIN")} {
			if _, err := os.Stat(name); err != nil {
				t.Errorf("what is not in the directory itself: %v", err)
			}
		}
	})
	return added(t, dir, before)
}

// By the process's clock, whatever else is in the directory.
func TestSessionFilesAreSweptWhenTheirSessionsAreOver(t *testing.T) { // SEC-71, SEC-148
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		r := alone(t, keptAsFiles(dir))
		enter := func() *client {
			c := &client{handler: r}
			c.post("/enter?name=ada", "")
			return c
		}
		kept := enter()
		before := filesIn(t, dir)
		for range 5 {
			enter()
		}
		over := added(t, dir, before)
		others := foreign(t, dir, filesIn(t, dir)[over[0]])
		sweep := func(want int64, what string) {
			t.Helper()
			if n, err := sweepAlone(t, dir); n != want || err != nil {
				t.Errorf("%s: %d files deleted, want %d, %v", what, n, want, err)
			}
		}
		sweep(0, "nothing is over")
		time.Sleep(50 * time.Minute)
		kept.want(t, http.StatusOK, "in use")
		sweep(0, "nothing is over after 50 minutes")
		time.Sleep(10*time.Minute + time.Second)
		sweep(5, "after an hour")
		kept.want(t, http.StatusOK, "in use still")
		sweep(0, "once more")
		time.Sleep(40 * 24 * time.Hour) // the store itself no longer reads what it wrote
		sweep(1, "after 40 days")
		kept.want(t, http.StatusUnauthorized, "over")
		left := slices.Sorted(maps.Keys(filesIn(t, dir)))
		if slices.Sort(others); !slices.Equal(left, others) {
			t.Errorf("left are %q, want what is none of the app's: %q", left, others)
		}
	})
}

// Sweeps do not hinder each other, go through the whole directory, and count each file once.
func TestSweepsOfOneDirectoryShareTheWork(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		c := &client{handler: alone(t, keptAsFiles(dir))}
		c.post("/enter?name=ada", "")
		const copies = 700
		for _, text := range filesIn(t, dir) {
			for i := range copies {
				write(t, dir, "session_"+strconv.Itoa(i), text)
			}
		}
		time.Sleep(2 * time.Hour)
		stopped, stop := context.WithCancel(t.Context())
		stop()
		cfg := config{Users: newUnusedDB(), Sessions: filesystem.NewStore(dir, signingKey), Logger: quiet, Passwords: ginauthtest.CheapHasher(t)}
		if n, err := ginauth.SweepSessions(stopped, built.Config(cfg)); n != 0 || !errors.Is(err, context.Canceled) {
			t.Errorf("with a context that has ended: %d files deleted, %v", n, err)
		}
		var wg sync.WaitGroup
		counts := make([]int64, 4)
		for i := range counts {
			wg.Go(func() {
				var err error
				if counts[i], err = sweepAlone(t, dir); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if total := counts[0] + counts[1] + counts[2] + counts[3]; total != copies+1 || len(filesIn(t, dir)) != 0 {
			t.Errorf("%v files deleted, together %d of %d, and %d are left", counts, total, copies+1, len(filesIn(t, dir)))
		}
	})
}

// With users, it is the database's clock that ends sessions; without its answer none is deleted.
func TestSessionFilesAreSweptByTheClockOfTheirUsers(t *testing.T) { // SEC-67, SEC-71
	t.Parallel()
	dir := t.TempDir()
	app := newApp(t, with(func(cfg *config) { cfg.Sessions = filesystem.NewStore(dir, signingKey) }), keepingOpen, keeping)
	sweep := func(want int64, what string) {
		t.Helper()
		if n, err := ginauth.SweepSessions(t.Context(), built.Config(app.cfg)); n != want || err != nil {
			t.Errorf("%s: %d files deleted, want %d, %v", what, n, want, err)
		}
	}
	app.signUp(t, ada)
	app.signUp(t, grace)
	remembered, anonymous := &client{handler: app}, &client{handler: app}
	remembered.post("/login", strings.Replace(adaIn, "{", `{"remember":true,`, 1))
	anonymous.post("/put?key=a&value=b", "")
	if n := len(filesIn(t, dir)); n != 4 {
		t.Fatalf("%d files", n)
	}
	app.exec(t, `UPDATE ginauth.users SET disabled_at = now() WHERE email = 'grace@example.com'`)
	sweep(0, "a user who is disabled for now")
	app.exec(t, `UPDATE ginauth.users SET disabled_at = NULL`)
	app.clock.Advance(59 * time.Minute)
	sweep(0, "nothing is over")
	app.clock.Advance(2 * time.Minute)
	nowhere, err := pgxpool.New(t.Context(), "postgres://nobody@127.0.0.1:1/nothing?sslmode=disable")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nowhere.Close)
	unasked := app.cfg
	unasked.Users = store.New[user](nowhere)
	if n, err := ginauth.SweepSessions(t.Context(), built.Config(unasked)); n != 0 || !errors.Is(err, driver.ErrUnavailable) {
		t.Errorf("without PostgreSQL: %d files deleted, %v", n, err)
	}
	sweep(2, "after an hour")
	remembered.want(t, http.StatusOK, "remembered")
	app.clock.Advance(15 * 24 * time.Hour)
	sweep(1, "after 15 days")
	remembered.want(t, http.StatusUnauthorized, "remembered for 14 days")
	if w := anonymous.get("/value?key=a"); w.Body.String() != "b" {
		t.Errorf("a session without a user, by the process's clock: %d %s", w.Code, w.Body)
	}
}

func TestSweepingRefusesStoresWithoutFiles(t *testing.T) {
	t.Parallel()
	for _, s := range []sessions.Store{nil, memstore.NewStore(signingKey), cookiestore.NewStore(signingKey)} {
		_, err := ginauth.SweepSessions(t.Context(), built.Config(config{Users: newUnusedDB(), Sessions: s}))
		if err == nil || !strings.Contains(err.Error(), "keeps no session files") {
			t.Errorf("%T: %v", s, err)
		}
	}
	missing := filesystem.NewStore(filepath.Join(t.TempDir(), "missing"), signingKey)
	if _, err := ginauth.New(config{Users: newUnusedDB(), Sessions: missing}); err == nil || !strings.Contains(err.Error(), "does not exist") {
		t.Errorf("a missing directory: %v", err)
	}
}
