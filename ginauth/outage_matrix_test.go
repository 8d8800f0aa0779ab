//go:build unix && !aix && !solaris

package ginauth_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/migrations"
	"github.com/ginauth/ginauth/store"
)

const (
	outageTimeout = time.Second
	maxRecovery   = time.Second
	outageSlack   = 20 * time.Second // for machines that are busy with other tests
)

// outage is a fault, and what is to be expected of it.
type outage struct {
	name  string
	app   *app
	calm  *app // the same but with patience, for what comes before and after
	begin func(*testing.T) (end func())
	while func(*testing.T) // runs again and again until all requests are answered
	reads int              // their status; writes answer 503
	cause string           // what the log says
}

// attempt is one request of the matrix, by a client of its own.
type attempt struct {
	name   string
	reads  string // what a read answers when it can; empty for a write
	client *client
	make   func(*attempt) *http.Request
	other  driver.SessionID // to be revoked

	code int
	took time.Duration
	open bool // it let somebody in whom it could not know
}

func (c *attempt) expects(o outage) int {
	if c.reads != "" {
		return o.reads
	}
	return http.StatusServiceUnavailable
}

// Every fault meets every route, all of them at once: whoever is logged in is never told
// otherwise, nobody gets in, everything ends in time, and works again by itself.
//
// SEC-60, SEC-154, SEC-156, SEC-157, SEC-158
func TestOutageMatrix(t *testing.T) {
	t.Parallel()
	v := startVictim(t)
	if err := migrations.Up(t.Context(), v.direct); err != nil {
		t.Fatal(err)
	}
	relay := v.relay(t)
	calm := outageApp(t, v.direct, time.Minute)
	direct, behind := outageApp(t, v.direct, outageTimeout), outageApp(t, v.pool(t, relay.dial), outageTimeout)
	patient := outageApp(t, v.direct, time.Minute) // where a busy machine must not be taken for the fault
	calm.signUp(t, ada)
	const no, yes = http.StatusServiceUnavailable, http.StatusOK
	for _, o := range []outage{
		{"stopped", direct, calm, v.stop, nil, no, "connect"},
		{"hung (SIGSTOP)", direct, calm, v.hang, nil, no, "deadline exceeded"},
		{"out of connections", direct, calm, v.exhaust, nil, no, "SQLSTATE 53300"},
		{"killed in mid-query", patient, calm, v.lock("ACCESS EXCLUSIVE"), v.kill, no, "SQLSTATE 57P01"},
		{"killed in mid-write", patient, calm, v.lock("SHARE"), v.kill, yes, "SQLSTATE 57P01"},
		{"read-only", patient, calm, v.freeze, nil, yes, "SQLSTATE 25006"},
		{"black hole (TCP)", behind, calm, relay.lose, nil, no, "deadline exceeded"},
	} {
		o.run(t)
	}
}

// outageApp uses the database's clock, and wants every use of a session written down.
func outageApp(t *testing.T, pool *pgxpool.Pool, timeout time.Duration) *app {
	t.Helper()
	return newAppOn(t, pool, managing, accounts, with(func(cfg *config) {
		cfg.Users = store.New[user](pool, store.WithTimeout(timeout))
		cfg.Exclude = append(cfg.Exclude, "/lazy", "/values", "/user/restore")
		cfg.TouchEvery, cfg.MaxSessions = time.Nanosecond, 1000
	}), routes(func(r *gin.Engine, _ config) {
		r.GET("/lazy", func(c *gin.Context) {
			_, err := ginauth.CurrentUser[user](c)
			switch {
			case errors.Is(err, ginauth.ErrUnauthenticated):
				c.String(http.StatusOK, "anonymous")
			case err != nil:
				ginauth.Fail(c, err)
			default:
				c.String(http.StatusOK, "known")
			}
		})
		r.GET("/values", func(c *gin.Context) { c.String(http.StatusOK, "role %v", sessionOf(c).Get("role")) })
		r.POST("/values", func(c *gin.Context) {
			sessionOf(c).Set("role", "admin")
			c.String(http.StatusOK, "written")
		})
	}))
}

// calls gives every route a session of its own, so that none can spoil another's.
func (o outage) calls(t *testing.T) []*attempt {
	t.Helper()
	send := func(method, path, body string) func(*attempt) *http.Request {
		return func(*attempt) *http.Request {
			r := httptest.NewRequest(method, path, strings.NewReader(body))
			r.Header.Set("Content-Type", "application/json")
			return r
		}
	}
	all := []*attempt{
		{name: "GET /user", reads: "ada@example.com", make: send("GET", "/user", "")},
		{name: "GET /lazy", reads: "known", make: send("GET", "/lazy", "")},
		{name: "GET /values", reads: "role admin", make: send("GET", "/values", "")},
		{name: "GET /sessions", reads: "192.0.2.1", make: send("GET", "/sessions", "")},
		{name: "GET /keys (fresh)", reads: "keys", make: send("GET", "/keys", "")},
		{name: "GET /user/export", reads: `"held":{`, make: send("GET", "/user/export", "")},
		{name: "PATCH /user", make: send("PATCH", "/user", `{"name":"Eve"}`)},
		{name: "POST /password/change", make: send("POST", "/password/change", toNew)},
		{name: "DELETE /user", make: send("DELETE", "/user", "")},
		{name: "POST /user/archive", make: send("POST", "/user/archive", "")},
		{name: "POST /values", make: send("POST", "/values", "")},
		{name: "POST /signup", make: send("POST", "/signup", strings.ReplaceAll(grace, "grace@", strings.Fields(o.name)[0]+strconv.Itoa(o.reads)+"@"))},
		{name: "POST /login", make: send("POST", "/login", adaIn)},
		{name: "POST /logout", make: send("POST", "/logout", "")},
		{name: "POST /renew", make: send("POST", "/renew", "")},
		{name: "POST /reauthenticate", make: send("POST", "/reauthenticate", `{"password":"correct horse battery staple"}`)},
		{name: "POST revoke-others", make: send("POST", "/sessions/revoke-others", "")},
		{name: "POST revoke-all", make: send("POST", "/sessions/revoke-all", "")},
		{name: "DELETE /sessions/:id", make: func(c *attempt) *http.Request {
			return httptest.NewRequest(http.MethodDelete, "/sessions/"+string(c.other), nil)
		}},
	}
	for _, c := range all {
		c.client = o.loggedIn(t)
		c.other = o.loggedIn(t).devices(t)[0].ID
	}
	return all
}

func (o outage) loggedIn(t *testing.T) *client {
	t.Helper()
	c := &client{handler: o.calm, value: o.calm.loggedIn(t)}
	if w := c.post("/values", ""); w.Code != http.StatusOK {
		t.Fatalf("before %s: %d %s", o.name, w.Code, w.Body)
	}
	return c
}

func (o outage) run(t *testing.T) {
	t.Helper()
	all, keeper := o.calls(t), o.loggedIn(t)
	said := len(o.app.log.String())
	end := o.begin(t)
	var wg sync.WaitGroup
	for _, c := range all {
		wg.Go(func() { c.run(t, o) })
	}
	answered := make(chan struct{})
	go func() { wg.Wait(); close(answered) }()
	for waiting := true; waiting; {
		if o.while != nil {
			o.while(t)
		}
		select {
		case <-answered:
			waiting = false
		default:
			if o.while == nil {
				<-answered
			}
		}
	}
	end()
	recovered := o.recovery(t, &client{handler: o.app, value: keeper.value})
	if !strings.Contains(o.app.log.String()[said:], o.cause) {
		t.Errorf("%s: the log never says %q: was that the fault?", o.name, o.cause)
	}
	for _, c := range all { // what answered 503 has ended nobody's session
		if w := c.client.get("/user"); w.Code != http.StatusOK {
			t.Errorf("%s: the session of %s answers %d afterwards", o.name, c.name, w.Code)
		}
	}
	o.report(t, all, recovered)
}

// run sends the request, and judges the answer.
func (c *attempt) run(t *testing.T, o outage) {
	t.Helper()
	began := time.Now()
	mine := &client{handler: o.app, value: c.client.value}
	w := mine.do(c.make(c))
	c.took, c.code = time.Since(began), w.Code
	wrong := w.Code != c.expects(o) || w.Code == http.StatusOK && !strings.Contains(w.Body.String(), c.reads)
	c.open = wrong && w.Code < http.StatusBadRequest
	if wrong {
		t.Errorf("%s: %s: %d %s", o.name, c.name, w.Code, w.Body)
	}
	if w.Code == http.StatusServiceUnavailable && (problemIn(t, w).Code != "unavailable" || w.Header().Get("Retry-After") != "2") {
		t.Errorf("%s: %s: Retry-After %q, %s", o.name, c.name, w.Header().Get("Retry-After"), w.Body)
	}
	if w.Header().Get("Set-Cookie") != "" {
		t.Errorf("%s: %s: Set-Cookie %q", o.name, c.name, w.Header().Get("Set-Cookie"))
	}
	if c.took > outageTimeout+outageSlack {
		t.Errorf("%s: %s: took %s", o.name, c.name, c.took)
	}
}

// recovery is how long after the fault the first of ten rounds without a failure was over.
func (o outage) recovery(t *testing.T, keeper *client) (took time.Duration) {
	t.Helper()
	ended := time.Now()
	for rounds := 0; rounds < 10; {
		works := keeper.get("/user").Code == http.StatusOK && keeper.post("/values", "").Code == http.StatusOK
		rounds++
		switch {
		case !works && time.Since(ended) > maxRecovery+outageSlack:
			t.Errorf("%s: no recovery within %s", o.name, maxRecovery)
			return time.Since(ended)
		case !works:
			rounds = 0
		case rounds == 1:
			took = time.Since(ended)
		}
	}
	if took > maxRecovery+outageSlack {
		t.Errorf("%s: recovered after %s", o.name, took)
	}
	return took
}

func (o outage) report(t *testing.T, all []*attempt, recovered time.Duration) {
	t.Helper()
	open, times := 0, make([]time.Duration, len(all))
	var rows strings.Builder
	for i, c := range all {
		times[i] = c.took
		if c.open {
			open++
		}
		fmt.Fprintf(&rows, "\n    %-22s %d %8.1f ms", c.name, c.code, c.took.Seconds()*1000)
	}
	slices.Sort(times)
	t.Logf("| %s | %d | 503 | %.0f–%.0f ms | %.0f ms | %d |%s", o.name, o.reads,
		times[0].Seconds()*1000, times[len(times)-1].Seconds()*1000, recovered.Seconds()*1000, open, rows.String())
}
