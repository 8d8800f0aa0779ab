// Browsers add minutes, and no goroutine of ours.

//go:build !race

package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/ginauthtest"
	"github.com/ginauth/ginauth/store"
	"github.com/ginauth/ginauth/store/storetest"
)

// sites are a front end, an API and others under names of their own, as a Chromium sees them over TLS.
type sites struct {
	ctx  context.Context
	port string
	log  ginauthtest.Log

	mu      sync.Mutex
	answers []string // of the API
}

func (s *sites) origin(host string) string { return "https://" + host + ":" + s.port }

// newSites serves the API under every host of which the first label is "api", and an empty page under the others.
func newSites(t *testing.T, frontEnd string, cookie ginauth.Cookie) *sites {
	t.Helper()
	s := &sites{ctx: newWindow(t)}
	var api http.Handler
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.Host, "api.") {
			api.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprint(w, "<!doctype html><title>front end</title><main>here</main>")
	}))
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.StartTLS()
	t.Cleanup(server.Close)
	s.port = server.URL[strings.LastIndexByte(server.URL, ':')+1:]
	api = s.api(t, s.origin(frontEnd), cookie)
	return s
}

func (s *sites) api(t *testing.T, frontEnd string, cookie ginauth.Cookie) http.Handler {
	t.Helper()
	cfg, err := ginauth.New(ginauth.Options[store.User]{
		Users: store.New[store.User](storetest.NewDB(t), store.WithTimeout(time.Minute)), TrustedOrigins: []string{frontEnd}, Cookie: cookie, Logger: slog.New(slog.NewTextHandler(&s.log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	r := gin.New()
	r.Use(s.note, shareWith(frontEnd))
	r.Use(ginauth.Session(cfg))
	r.POST("/signup", ginauth.SignUp(cfg))
	r.GET("/user", ginauth.Me(cfg))
	r.POST("/logout", ginauth.Logout(cfg))
	return r
}

// note keeps what the API answered, which pages of other sites cannot read.
func (s *sites) note(c *gin.Context) {
	c.Next()
	if c.Request.Method == http.MethodOptions {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers = append(s.answers, fmt.Sprint(c.Request.URL.Path, " ", c.Writer.Status()))
}

func (s *sites) answered() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.answers)
}

// shareWith is the part of CORS that a front end with cookies needs.
func shareWith(origin string) gin.HandlerFunc {
	return func(c *gin.Context) {
		if c.GetHeader("Origin") != origin {
			return
		}
		c.Header("Access-Control-Allow-Origin", origin)
		c.Header("Access-Control-Allow-Credentials", "true")
		c.Header("Access-Control-Allow-Headers", "Content-Type")
		c.Writer.Header().Add("Vary", "Origin")
		if c.Request.Method == http.MethodOptions {
			c.AbortWithStatus(http.StatusNoContent)
		}
	}
}

// visit opens a page and lets it fetch from the API, as "GET /path" or "POST /path". It returns the statuses; 0 for
// what the page may not read.
func (s *sites) visit(t *testing.T, page, api string, requests ...string) (statuses []int) {
	t.Helper()
	if err := chromedp.Do(s.ctx, chromedp.Navigate(s.origin(page)+"/")); err != nil {
		t.Fatal(err)
	}
	for _, request := range requests {
		method, path, _ := strings.Cut(request, " ")
		body := ""
		if path == "/signup" {
			body = `, headers: {"Content-Type": "application/json"}, body: JSON.stringify({name: "Ada", email: "ada@example.com", password: "correct horse battery staple"})`
		}
		script := fmt.Sprintf(`fetch(%q, {method: %q, credentials: "include"%s}).then(r => r.status, () => 0)`, s.origin(api)+path, method, body)
		status, err := chromedp.Run(s.ctx, chromedp.Evaluate[int](script, chromedp.EvalAwaitPromise))
		if err != nil {
			t.Fatal(err)
		}
		statuses = append(statuses, status)
	}
	return statuses
}

func (s *sites) wantStatuses(t *testing.T, who string, got []int, want ...int) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %v, want %v; the API answered %q; its log: %s", who, got, want, s.answered(), s.log.String())
	}
}

const lost = "browsers drop a cookie"

// With the defaults, a front end on another site is logged in for no request; the log says so.
func TestBrowserDropsALaxCookieOfAnotherSite(t *testing.T) {
	t.Parallel()
	s := newSites(t, "spa.test", ginauth.Cookie{})
	s.wantStatuses(t, "the front end", s.visit(t, "spa.test", "api.other.test", "POST /signup", "GET /user"), 201, 401)
	if n := strings.Count(s.log.String(), lost); n != 1 {
		t.Errorf("the log says %d times that the cookie is lost", n)
	}
}

// With SameSite=None it is, and no other site is.
func TestBrowserKeepsADeclaredCookieOfAnotherSite(t *testing.T) {
	t.Parallel()
	s := newSites(t, "spa.test", ginauth.Cookie{SameSite: http.SameSiteNoneMode})
	s.wantStatuses(t, "the front end", s.visit(t, "spa.test", "api.other.test", "POST /signup", "GET /user"), 201, 200)
	before := len(s.answered())
	s.wantStatuses(t, "another site", s.visit(t, "evil.test", "api.other.test", "GET /user", "POST /logout"), 0, 0)
	if got, want := s.answered()[before:], []string{"/user 401", "/logout 403"}; !slices.Equal(got, want) {
		t.Errorf("the API answered another site %q, want %q", got, want)
	}
	s.wantStatuses(t, "the front end again", s.visit(t, "spa.test", "api.other.test", "GET /user", "POST /logout", "GET /user"), 200, 204, 401)
	if strings.Contains(s.log.String(), lost) {
		t.Errorf("the log says that the cookie is lost: %s", s.log.String())
	}
}

// With a Domain, the session is that of all subdomains, and of no others.
func TestBrowserSharesACookieAmongSubdomains(t *testing.T) {
	t.Parallel()
	s := newSites(t, "app.shop.test", ginauth.Cookie{Domain: "shop.test"})
	s.wantStatuses(t, "the front end", s.visit(t, "app.shop.test", "api.shop.test", "POST /signup", "GET /user"), 201, 200)
	s.wantStatuses(t, "another API", s.visit(t, "app.shop.test", "api.eu.shop.test", "GET /user"), 200)
	before := len(s.answered())
	s.visit(t, "app.shop.test", "api.shop2.test", "GET /user")
	s.visit(t, "evil.test", "api.shop.test", "GET /user", "POST /logout")
	if got, want := s.answered()[before:], []string{"/user 401", "/user 401", "/logout 403"}; !slices.Equal(got, want) {
		t.Errorf("the API answered others %q, want %q", got, want)
	}
	s.wantStatuses(t, "the front end again", s.visit(t, "app.shop.test", "api.eu.shop.test", "POST /logout", "GET /user"), 204, 401)
	s.wantStatuses(t, "after a logout", s.visit(t, "app.shop.test", "api.shop.test", "GET /user"), 401)
}
