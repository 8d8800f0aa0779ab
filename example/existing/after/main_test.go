package main

import (
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/store"
	"github.com/ginauth/ginauth/store/storetest"
)

func TestMain(m *testing.M) {
	gin.SetMode(gin.TestMode)
	os.Exit(m.Run())
}

var key = strings.Repeat("k", 32)

// browser keeps cookies and follows redirects.
type browser struct {
	t   *testing.T
	url string
	*http.Client
}

func newBrowser(t *testing.T, url string) browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return browser{t, url, &http.Client{Jar: jar, Timeout: time.Minute}}
}

// at is the same browser at another address of the machine, whose cookies are the same.
func (b browser) at(url string) browser { return browser{b.t, url, b.Client} }

// visit posts a form, or gets a page without one.
func (b browser) visit(ctx context.Context, path string, form url.Values) (status int, page string, err error) {
	method, body := http.MethodGet, ""
	if form != nil {
		method, body = http.MethodPost, form.Encode()
	}
	q, err := http.NewRequestWithContext(ctx, method, b.url+path, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	q.Header.Set("Accept", "text/html")
	r, err := b.Do(q)
	if err != nil {
		return 0, "", err
	}
	defer r.Body.Close() //nolint:errcheck // it is read to its end
	text, err := io.ReadAll(r.Body)
	return r.StatusCode, string(text), err
}

// wants checks what the browser shows.
func (b browser) wants(path string, form url.Values, status int, text string) {
	b.t.Helper()
	code, page, err := b.visit(b.t.Context(), path, form)
	if err != nil || code != status || !strings.Contains(page, text) {
		b.t.Errorf("%s %v: %d, want %d and %q: %v\n%s", path, form, code, status, text, err, page)
	}
}

func form(name, email, password string) url.Values {
	return url.Values{"username": {name}, "email": {email}, "password": {password}}
}

// before runs the app of before, as it is, and returns its address.
func before(t *testing.T, database string) (address string) {
	t.Helper()
	return start(t, "../before", database)
}

// start runs the app in a folder as a process.
func start(t *testing.T, folder, database string) (address string) {
	t.Helper()
	program := filepath.Join(t.TempDir(), "app")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, folder).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	port := freePort()
	run := exec.CommandContext(t.Context(), program)
	run.Env = append(os.Environ(), "DATABASE_URL="+database, "SESSION_KEY="+key, "PORT="+port, "GIN_MODE=release")
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = run.Process.Kill()
		_ = run.Wait()
	})
	return listens(t, port)
}

func freePort() string {
	free := httptest.NewServer(nil)
	defer free.Close()
	return free.URL[strings.LastIndexByte(free.URL, ':')+1:]
}

// listens waits for an app, and returns its address.
func listens(t *testing.T, port string) (address string) {
	t.Helper()
	address = "http://127.0.0.1:" + port
	for range 1200 { // until it listens
		if r, err := http.Get(address + "/login"); err == nil { //nolint:noctx // it is the first of all
			_ = r.Body.Close()
			return address
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal("the app does not listen")
	return ""
}

// after runs this app.
func after(t *testing.T, pool *pgxpool.Pool, besideBefore bool) (address string) {
	t.Helper()
	users, err := newUsers(t.Context(), pool, besideBefore, store.WithTimeout(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	r, err := (&app{users}).routes([]byte(key), time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	return server.URL
}

func newDatabase(t *testing.T) (url string, pool *pgxpool.Pool) {
	t.Helper()
	url = storetest.NewEmptyURL(t)
	pool, err := pgxpool.New(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return url, pool
}

func TestAccountsOfTheAppAfter(t *testing.T) {
	t.Parallel()
	database, pool := newDatabase(t)
	address := start(t, ".", database)
	ada, eve := newBrowser(t, address), newBrowser(t, address)
	ada.wants("/profile", nil, 200, "Log in")
	ada.wants("/signup", form("ada", "ada@example.com", "short"), 422, "8 characters")
	ada.wants("/signup", form("ada", "ada@example.com", "analytical engine"), 200, "Hello ada")
	eve.wants("/signup", form("Ada", "eve@example.com", "passing the word"), 409, "")
	eve.wants("/signup", form("eve", "", "passing the word"), 200, "Hello eve")
	ada.wants("/profile", nil, 200, "ada@example.com")
	ada.wants("/admin", nil, 403, "")
	ada.wants("/logout", url.Values{}, 200, "Log in")
	ada.wants("/profile", nil, 200, "Log in")
	ada.wants("/login", form("ada", "", "wrong"), 401, "is wrong")
	ada.wants("/login", form("nobody", "", "wrong"), 401, "is wrong")
	if _, err := pool.Exec(t.Context(), `UPDATE users SET is_admin = TRUE WHERE username = 'ada'`); err != nil {
		t.Fatal(err)
	}
	ada.wants("/login", form("ADA", "", "analytical engine"), 200, "Admin")
	ada.wants("/admin", nil, 200, " eve ")
	if _, err := pool.Exec(t.Context(), `DELETE FROM users WHERE username = 'ada'`); err != nil {
		t.Fatal(err)
	}
	ada.wants("/profile", nil, 200, "Log in")
}

// Both versions run, and a browser comes to either.
func TestBothVersionsSideBySide(t *testing.T) {
	t.Parallel()
	database, pool := newDatabase(t)
	old := before(t, database)
	ada, eve, bob := newBrowser(t, old), newBrowser(t, old), newBrowser(t, old)
	ada.wants("/signup", form("Ada", "ada@example.com", "analytical"), 200, "Hello Ada")
	eve.wants("/signup", form("eve", "", "pass word"), 200, "Hello eve")
	bob.wants("/signup", form("bob", "", "an old hash"), 200, "Hello bob")
	bob.wants("/logout", url.Values{}, 200, "Log in")
	prepare(t, database, pool)
	beside := after(t, pool, true)
	for range 3 { // sessions of before
		ada.at(beside).wants("/profile", nil, 200, "ada@example.com")
		ada.wants("/profile", nil, 200, "ada@example.com")
	}
	bob.at(beside).wants("/login", form("bob", "", "an old hash"), 200, "Hello bob") // a password of before
	bob.wants("/login", form("bob", "", "an old hash"), 200, "Hello bob")
	ada.at(beside).wants("/logout", url.Values{}, 200, "Log in")
	ada.at(beside).wants("/profile", nil, 200, "Log in")

	alone := after(t, pool, false)
	eve.at(alone).wants("/profile", nil, 200, "Hello eve")
	eve.wants("/profile", nil, 200, "Log in") // the old cookie is cleared
	bob.at(alone).wants("/logout", url.Values{}, 200, "Log in")
	bob.at(alone).wants("/login", form("bob", "", "an old hash"), 200, "Hello bob")
	var kind string
	if err := pool.QueryRow(t.Context(), `SELECT split_part(password_hash, '$', 2) FROM users WHERE username = 'bob'`).Scan(&kind); err != nil || kind != "argon2id" {
		t.Errorf("the hash is still of the kind %s: %v", kind, err)
	}
}
