package main

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth/email"
	"github.com/ginauth/ginauth/store"
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
const exampleEnv = "GINAUTH_TEST_EXAMPLE"

func TestMain(m *testing.M) {
	if os.Getenv(exampleEnv) != "" {
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

// app is the example's router on a server of its own, with a database of its own.
type app struct {
	engine   *gin.Engine
	mails    *email.Flows[User] // that nothing sends but the tests
	contract *contract
	pool     *pgxpool.Pool
	log      *syncBuffer
	url      string
}

// newStore is the store of main, with time for a busy machine.
func newStore(pool *pgxpool.Pool) *store.DB[User] {
	return store.New[User](pool, store.WithMail(), store.WithTimeout(time.Minute))
}

func newApp(t *testing.T) *app {
	t.Helper()
	a := &app{pool: storetest.NewDB(t), log: &syncBuffer{}}
	server := httptest.NewUnstartedServer(nil)
	a.url = "http://" + server.Listener.Addr().String()
	var err error
	a.engine, a.mails, err = router(newStore(a.pool), a.url, false, slog.New(slog.NewTextHandler(a.log, nil)))
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
	return a
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

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
