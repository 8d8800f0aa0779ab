package main

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/email"
	"github.com/ginauth/ginauth/ginauth/ginauthtest"
	"github.com/ginauth/ginauth/ginauth/password"
	"github.com/ginauth/ginauth/store"
	"github.com/ginauth/ginauth/store/embedded"
	"github.com/ginauth/ginauth/store/memory"
	"github.com/ginauth/ginauth/store/storetest"
)

const (
	passphrase    = "tea at half past four"
	newPassphrase = "coffee at a quarter to nine"
	wrongPassword = "E-mail address or password is wrong. If the address is not confirmed yet, ask for a new link by mail first: it confirms the address or sets a new password."
)

// shared ends what tests share.
var shared struct {
	sync.Mutex
	ends []func()
}

func atTheEnd(end func()) {
	shared.Lock()
	defer shared.Unlock()
	shared.ends = append(shared.ends, end)
}

// exampleEnv makes this program the example, whose main it holds: to build that once more takes ten seconds.
// Its value bare makes it one on a machine without PostgreSQL.
const (
	exampleEnv = "GINAUTH_TEST_EXAMPLE"
	bare       = "bare"
)

func TestMain(m *testing.M) {
	if kind := os.Getenv(exampleEnv); kind != "" {
		if kind == bare {
			findBinaries = func(context.Context, string) (embedded.Binaries, error) {
				return embedded.Binaries{}, embedded.ErrNoBinaries
			}
		}
		main()
		return
	}
	gin.SetMode(gin.TestMode)
	code := m.Run()
	for _, end := range shared.ends {
		end()
	}
	os.Exit(code)
}

// app is the example's router on a server of its own, with a store of its own.
type app struct {
	engine   *gin.Engine
	mails    *email.Flows[User] // that nothing sends but the tests
	contract *contract
	pool     *pgxpool.Pool      // nil in memory
	age      func(t *testing.T) // makes all logins older than what matters asks for
	log      *ginauthtest.Log
	url      string
}

// newStore is the store of main, with time for a busy machine.
func newStore(pool *pgxpool.Pool) *store.DB[User] {
	return store.New[User](pool, store.WithMail(), store.WithTimeout(time.Minute))
}

// quick are settings with passwords that cost nothing.
var quick = sync.OnceValue(func() settings {
	hasher, err := password.New(password.Options{InsecureCheap: true, Slots: 4, MaxWait: time.Minute})
	if err != nil {
		panic(err)
	}
	return settings{passwords: hasher}
})

// stores are what the main flows are tested on.
var stores = map[string]func(*testing.T) *app{"PostgreSQL": newApp, "memory": newAppInMemory}

// tenantStores are the same, for an example with tenants.
var tenantStores = map[string]func(*testing.T, settings) *app{"PostgreSQL": newAppOf, "memory": newAppInMemoryOf}

func newApp(t *testing.T) *app {
	t.Helper()
	return newAppOf(t, quick())
}

func newAppOf(t *testing.T, s settings) *app {
	t.Helper()
	a := &app{pool: storetest.NewDB(t)}
	a.age = func(t *testing.T) {
		t.Helper()
		if _, err := a.pool.Exec(t.Context(), "UPDATE ginauth.sessions SET authenticated_at = now() - $1::interval", freshness+time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	a.serve(t, newStore(a.pool), s)
	return a
}

func newAppInMemory(t *testing.T) *app {
	t.Helper()
	return newAppInMemoryOf(t, quick())
}

func newAppInMemoryOf(t *testing.T, s settings) *app {
	t.Helper()
	var ahead atomic.Int64
	a := &app{age: func(*testing.T) { ahead.Add(int64(freshness + time.Minute)) }}
	clock := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	a.serve(t, memory.New(memory.Options[User]{Mail: true, Now: clock}), s)
	return a
}

// describe mounts the API description, too. It takes longer than most tests, which go without.
func (a *app) describe(t *testing.T) {
	t.Helper()
	if err := finish(a.engine); err != nil {
		t.Fatal(err)
	}
}

func (a *app) serve(t *testing.T, users driver.Users[User], s settings) {
	t.Helper()
	a.log = &ginauthtest.Log{}
	server := httptest.NewUnstartedServer(nil)
	a.url = strings.Replace("http://"+server.Listener.Addr().String(), "127.0.0.1", "localhost", 1)
	var err error
	a.engine, a.mails, err = router(users, a.url, s, slog.New(slog.NewTextHandler(a.log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	a.contract = newContract(t, a.engine)
	server.Config.Handler = a.contract
	server.Start()
	t.Cleanup(func() {
		server.Close()
		if t.Failed() {
			t.Logf("the app's log:\n%s", a.log)
		}
	})
}

// client keeps cookies as a browser does, follows no redirect, and asks for pages unless
// accept says otherwise.
type client struct {
	http   http.Client
	base   string
	accept string
}

func newClient(t *testing.T, base string) *client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &client{base: base, accept: "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
	c.http.Jar = jar
	c.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return c
}

// answer is a response that was read.
type answer struct {
	status int
	header http.Header
	body   string
}

func (c *client) do(t *testing.T, r *http.Request) answer {
	t.Helper()
	if c.accept != "" {
		r.Header.Set("Accept", c.accept)
	}
	resp, err := c.http.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{status: resp.StatusCode, header: resp.Header, body: string(body)}
}

func (c *client) request(t *testing.T, method, path, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, c.base+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (c *client) get(t *testing.T, path string) answer {
	t.Helper()
	return c.do(t, c.request(t, http.MethodGet, path, ""))
}

// post sends a form: names and values by turns.
func (c *client) post(t *testing.T, path string, fields ...string) answer {
	t.Helper()
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	r := c.request(t, http.MethodPost, path, form.Encode())
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return c.do(t, r)
}

func (c *client) signUp(t *testing.T, name, email string) {
	t.Helper()
	got := c.post(t, "/signup", "name", name, "email", email, "password", passphrase)
	if got.status != http.StatusSeeOther || got.header.Get("Location") != "/user" {
		t.Fatalf("sign-up: %d %s", got.status, got.body)
	}
}

func (a answer) has(t *testing.T, status int, parts ...string) {
	t.Helper()
	if a.status != status {
		t.Errorf("status %d, not %d: %s", a.status, status, a.body)
	}
	for _, part := range parts {
		if !strings.Contains(a.body, part) {
			t.Errorf("%q is not in\n%s", part, a.body)
		}
	}
}

func (a answer) redirects(t *testing.T, to string) {
	t.Helper()
	if got := a.header.Get("Location"); a.status != http.StatusSeeOther || got != to {
		t.Errorf("%d to %q, not to %q: %s", a.status, got, to, a.body)
	}
}

// page is where a link leads that moves its token into a cookie.
func (a answer) page(t *testing.T, path string) string {
	t.Helper()
	to := a.header.Get("Location")
	if a.status != http.StatusSeeOther || !strings.HasPrefix(to, path+"?page=") {
		t.Fatalf("%d to %q, not to the page of a link to %q: %s", a.status, to, path, a.body)
	}
	return to
}
