package ginauth_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gin-contrib/sessions"
)

const (
	storePatience = time.Second      // of a store's client
	storeSlack    = 30 * time.Second // for machines that are busy with other tests
)

// SEC-154, SEC-156, SEC-157
func TestOutageOfAnotherStoreIs503AndNeverAnonymous(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(*testing.T) (sessions.Store, *server){
		"redis": func(t *testing.T) (sessions.Store, *server) {
			t.Helper()
			s := own(t, startRedis)
			return openRedis(t, s, "outage", storePatience), s
		},
		"memcached": func(t *testing.T) (sessions.Store, *server) {
			t.Helper()
			s := own(t, startMemcached)
			return openMemcached(s, "outage", storePatience), s
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			opened, server := open(t)
			app := newApp(t, keepingOpen, keeping, with(func(cfg *config) { cfg.Sessions = opened }))
			c := app.signUp(t, ada)
			fails := func(fault string) {
				t.Helper()
				for _, r := range []*http.Request{
					httptest.NewRequest(http.MethodGet, "/user", nil), httptest.NewRequest(http.MethodGet, "/lazy", nil),
					httptest.NewRequest(http.MethodGet, "/value?key=a", nil), jsonRequest("/put?key=a&value=b", ""),
					jsonRequest("/login", adaIn), jsonRequest("/logout", ""),
				} {
					began := time.Now()
					w := c.as(app).do(r)
					if p := problemIn(t, w); w.Code != http.StatusServiceUnavailable || p.Code != "unavailable" || w.Header().Get("Set-Cookie") != "" {
						t.Errorf("%s: %s %s answers %d, Set-Cookie %q", fault, r.Method, r.URL, w.Code, w.Header().Get("Set-Cookie"))
					}
					if took := time.Since(began); took > storeSlack {
						t.Errorf("%s: %s %s took %s", fault, r.Method, r.URL, took)
					}
				}
			}
			server.signal(t, toStop)
			for began := time.Now(); c.get("/user").Code == http.StatusOK; { // threads stop one by one
				if time.Since(began) > storeSlack {
					t.Fatal("the server does not stop")
				}
			}
			fails("hung")
			server.signal(t, toGoOn)
			began := time.Now()
			for c.get("/user").Code != http.StatusOK {
				if time.Since(began) > storeSlack {
					t.Fatal("no recovery")
				}
			}
			server.signal(t, toKill)
			for _, err := net.Dial("unix", server.socket); err == nil; _, err = net.Dial("unix", server.socket) {
			}
			fails("stopped")
		})
	}
}

// SEC-154
func TestOutageOfPostgreSQLIs503WhereverTheSessionsAre(t *testing.T) {
	t.Parallel()
	everywhere(t, func(s suite) {
		t := s.t
		c := s.signUp(t, ada)
		s.pool.Close()
		for _, path := range []string{"/user", "/lazy"} {
			if w := c.get(path); w.Code != http.StatusServiceUnavailable || w.Header().Get("Set-Cookie") != "" {
				t.Errorf("GET %s: %d", path, w.Code)
			}
		}
		if w := c.post("/logout", ""); w.Code != http.StatusServiceUnavailable || c.value == "" {
			t.Errorf("logout: %d", w.Code)
		}
	})
}
