package ginauth_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/account"
	"github.com/ginauth/ginauth/ginauth/internal/built"
)

// meeting lets requests that have found their session alive wait for one another, so that they all rotate it at once.
type meeting struct{ came, all chan struct{} }

func (m meeting) wait() {
	m.came <- struct{}{}
	<-m.all
}

func (m meeting) of(n int) {
	for range n {
		<-m.came
	}
	close(m.all)
}

// Of parallel requests that rotate a session one does, and its cookie is the only one: another would soon be dead. The others
// return, what they are for is done, and who reads with the token before passes.
//
// SEC-64, SEC-66, SEC-151
func TestParallelRotationsGiveOneToken(t *testing.T) {
	t.Parallel()
	const callers, readers, rounds = 8, 8, 20
	var now atomic.Pointer[meeting]
	app := newApp(t, managing, graceful, unlimited, routes(func(r *gin.Engine, cfg config) {
		together := r.Group("/together", func(c *gin.Context) {
			if _, err := ginauth.CurrentUser[user](c); err != nil {
				t.Error(err)
			}
			now.Load().wait()
		})
		together.POST("/renew", fails(ginauth.Renew))
		together.POST("/reauthenticate", account.Reauthenticate(built.Config(cfg)))
		r.GET("/values", func(c *gin.Context) { c.String(http.StatusOK, "%v %v", sessionOf(c).Get("k3"), sessionOf(c).Get("k7")) })
		together.POST("/set", func(c *gin.Context) {
			sessionOf(c).Set(c.Query("key"), "1")
			if err := ginauth.Renew(c); err != nil {
				ginauth.Fail(c, err)
			}
		})
	}))
	app.signUp(t, ada)
	for round := range rounds {
		old := app.loggedIn(t)
		app.clock.Advance(11 * time.Minute) // not fresh any more
		m := meeting{make(chan struct{}), make(chan struct{})}
		now.Store(&m)
		var tokens [callers]string
		atOnce(callers+readers+1, func(i int) {
			if i == callers+readers {
				m.of(callers)
				return
			}
			c := &client{handler: app, value: old}
			if i >= callers {
				if w := c.get("/user"); w.Code != http.StatusOK || w.Header().Get("Set-Cookie") != "" {
					t.Errorf("round %d: a reader: %d, cookie %q", round, w.Code, w.Header().Get("Set-Cookie"))
				}
				return
			}
			path, body := "/together/renew", ""
			switch i % 4 {
			case 1, 2:
				path, body = "/together/reauthenticate", `{"password":"correct horse battery staple"}`
			case 3:
				path = "/together/set?key=k" + string(rune('0'+i))
			}
			w := c.post(path, body)
			if w.Code >= 300 {
				t.Errorf("round %d: %s: %d %s", round, path, w.Code, w.Body)
			}
			if w.Header().Get("Set-Cookie") != "" {
				tokens[i] = c.value
			}
		})
		winner := strings.Join(strings.Fields(strings.Join(tokens[:], " ")), " ")
		c := &client{handler: app, value: winner}
		if w := c.get("/user"); w.Code != http.StatusOK || winner == old {
			t.Fatalf("round %d: the tokens given are %q, with which: %d", round, winner, w.Code)
		}
		if w := c.get("/keys"); w.Code != http.StatusOK {
			t.Errorf("round %d: who has confirmed the password is not fresh: %d", round, w.Code)
		}
		if w := c.get("/values"); w.Body.String() != "1 1" {
			t.Errorf("round %d: the values %s", round, w.Body)
		}
	}
	if n := len(app.log.Events("authn_token_grace")) + len(app.log.Events("authn_token_reuse")); n != 0 {
		t.Errorf("%d events about one client", n)
	}
}

// SEC-193
func TestUseOfARotatedSessionFromElsewhereIsAnEvent(t *testing.T) {
	t.Parallel()
	const home, phone = "192.0.2.7:1000", "phone/1"
	type from struct{ method, addr, agent string }
	for name, test := range map[string]struct {
		then []from
		want []string
	}{
		"the same client":              {[]from{{"GET", home, phone}, {"GET", "192.0.2.7:2000", phone}}, nil},
		"another address":              {[]from{{"GET", "198.51.100.7:1", phone}}, []string{"198.51.100.7 phone/1"}},
		"another browser":              {[]from{{"GET", home, "curl"}}, []string{"192.0.2.7 curl"}},
		"one that would change things": {[]from{{"POST", home, "curl"}}, []string{"192.0.2.7 curl"}},
		"many, of which one is enough": {[]from{{"GET", home, phone}, {"GET", home, "curl"}, {"GET", home, phone}, {"GET", home, "wget"}}, []string{"192.0.2.7 curl"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := newApp(t, managing, graceful)
			c := app.signUp(t, ada)
			for range 2 { // each rotation has a grace of its own
				old := c.value
				use := func(token, method, path, addr, agent string) *httptest.ResponseRecorder {
					r := httptest.NewRequest(method, path, nil)
					r.RemoteAddr = addr
					r.Header.Set("User-Agent", agent)
					c.value = token
					return c.do(r)
				}
				if w := use(old, http.MethodPost, "/renew", home, phone); w.Code != http.StatusOK || c.value == old {
					t.Fatalf("renew: %d", w.Code)
				}
				renewed := c.value
				for _, by := range test.then {
					path := map[string]string{"GET": "/user", "POST": "/renew"}[by.method]
					if w := use(old, by.method, path, by.addr, by.agent); (w.Code == http.StatusOK) != (by.method == http.MethodGet) {
						t.Errorf("%v: %d", by, w.Code)
					}
				}
				c.value = renewed
			}
			want := append(append([]string(nil), test.want...), test.want...)
			var got string
			if err := app.pool.QueryRow(t.Context(), `SELECT COALESCE(string_agg(host(ip) || ' ' || user_agent, E'\n' ORDER BY id), '') FROM ginauth.events
				WHERE kind = 'authn_token_grace' AND outcome = 'success' AND actor_id IS NULL AND user_id IS NOT NULL AND session <> ''`).Scan(&got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.Join(want, "\n"), got); diff != "" {
				t.Error(diff)
			}
			if events := app.log.Events("authn_token_grace"); len(events) != len(want) {
				t.Errorf("%d lines in the log", len(events))
			}
		})
	}
}
