package main

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/crypto/bcrypt"

	"github.com/ginauth/ginauth/store/storetest"
)

func TestMain(m *testing.M) {
	gin.SetMode(gin.TestMode)
	cost = bcrypt.MinCost
	os.Exit(m.Run())
}

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
	return browser{t, url, &http.Client{Jar: jar}}
}

// wants posts a form, or gets a page without one, and checks what the browser shows then.
func (b browser) wants(path string, form url.Values, status int, text string) {
	b.t.Helper()
	method, body := http.MethodGet, ""
	if form != nil {
		method, body = http.MethodPost, form.Encode()
	}
	q, err := http.NewRequestWithContext(b.t.Context(), method, b.url+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r, err := b.Do(q)
	if err != nil {
		b.t.Fatal(err)
	}
	defer r.Body.Close() //nolint:errcheck // it is read to its end
	page, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != status || !strings.Contains(string(page), text) {
		b.t.Errorf("%s %s: %d, want %d and %q: %v\n%s", method, path, r.StatusCode, status, text, err, page)
	}
}

func TestAccountsOfTheAppBefore(t *testing.T) {
	t.Parallel()
	pool, err := pgxpool.New(t.Context(), storetest.NewEmptyURL(t))
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	if _, err := pool.Exec(t.Context(), schema); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer((&app{users: users{pool}}).routes([]byte(strings.Repeat("k", 32))))
	defer server.Close()
	ada, eve := newBrowser(t, server.URL), newBrowser(t, server.URL)
	form := func(name, email, password string) url.Values {
		return url.Values{"username": {name}, "email": {email}, "password": {password}}
	}
	ada.wants("/profile", nil, 200, "Log in")
	ada.wants("/signup", form("ada", "ada@example.com", "short"), 422, "8 to 72 characters")
	ada.wants("/signup", form("ada", "ada@example.com", "analytical"), 200, "Hello ada")
	eve.wants("/signup", form("ada", "eve@example.com", "pass word"), 409, "is taken")
	eve.wants("/signup", form("eve", "", "pass word"), 200, "Hello eve")
	ada.wants("/profile", nil, 200, "ada@example.com")
	ada.wants("/admin", nil, 403, "")
	ada.wants("/logout", url.Values{}, 200, "Log in")
	ada.wants("/profile", nil, 200, "Log in")
	ada.wants("/login", form("ada", "", "wrong"), 401, "is wrong")
	ada.wants("/login", form("nobody", "", "wrong"), 401, "is wrong")
	if _, err := pool.Exec(t.Context(), `UPDATE users SET is_admin = TRUE WHERE username = 'ada'`); err != nil {
		t.Fatal(err)
	}
	ada.wants("/login", form("ada", "", "analytical"), 200, "Admin")
	ada.wants("/admin", nil, 200, "<li>3 eve </li>")
}

// A page that moves an app over counts lines, so that the app before must be small.
func TestTheAppBeforeIsSmall(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	lines := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		lines += strings.Count(string(text), "\n")
	}
	if lines == 0 || lines >= 250 {
		t.Errorf("%d lines", lines)
	}
}
