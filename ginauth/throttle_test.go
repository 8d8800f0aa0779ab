package ginauth_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/account"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/flow"
	"github.com/ginauth/ginauth/ginauth/internal/built"
	"github.com/ginauth/ginauth/store"
)

// SEC-29, SEC-35, SEC-40, SEC-44
func TestLockedLoginTellsNothing(t *testing.T) {
	t.Parallel()
	app := newApp(t, with(limited))
	app.owner(t, ada)
	app.owner(t, grace)
	app.exec(t, "UPDATE ginauth.users SET disabled_at = now() WHERE email = 'grace@example.com'")
	app.owner(t, strings.ReplaceAll(ada, "ada@", "nopass@"))
	app.exec(t, "UPDATE ginauth.users SET password_hash = NULL WHERE email = 'nopass@example.com'")
	var first *httptest.ResponseRecorder
	for _, who := range []string{"ada", "grace", "nopass", "nobody"} {
		w := app.lock(t, who+"@example.com")
		right := app.guess(who+"@example.com", "correct horse battery staple")
		if first == nil {
			first = w
		}
		for name, w := range map[string]*httptest.ResponseRecorder{"wrong": w, "right": right} {
			if w.Code != http.StatusTooManyRequests || retryAfter(t, w) != 2*time.Second {
				t.Errorf("%s, %s: %d, Retry-After %q", who, name, w.Code, w.Header().Get("Retry-After"))
			}
			if w.Body.String() != first.Body.String() || !reflect.DeepEqual(w.Header(), first.Header()) {
				t.Errorf("%s, %s answers differently: %v %s", who, name, w.Header(), w.Body)
			}
		}
	}
	app.clock.Advance(2 * time.Second)
	if w := app.guess("ada@example.com", wrong); w.Code != http.StatusUnauthorized {
		t.Errorf("after the wait: %d", w.Code)
	}
	if w := app.guess("ada@example.com", wrong); w.Code != http.StatusTooManyRequests || retryAfter(t, w) != 4*time.Second {
		t.Errorf("right after that: %d, Retry-After %q", w.Code, w.Header().Get("Retry-After"))
	}
	app.clock.Advance(4 * time.Second)
	if w := app.guess("ada@example.com", "correct horse battery staple"); w.Code != http.StatusOK {
		t.Errorf("the right password after the wait: %d", w.Code)
	}
}

// An attacker with any number of addresses and all the time in the world gets a hundred guesses.
func TestHundredGuessesAreTheMost(t *testing.T) { // SEC-38
	t.Parallel()
	var db *asking
	app := newApp(t, with(func(cfg *config) { limited(cfg); db = &asking{DB: cfg.Users.(*userDB)}; cfg.Users = db })) //nolint:forcetypeassert,errcheck // newApp's
	app.owner(t, ada)
	answers := map[int]int{}
	began := app.clock.Now()
	for range 200 {
		w := app.guess("ada@example.com", wrong)
		answers[w.Code]++
		if w.Code == http.StatusTooManyRequests {
			app.clock.Advance(min(retryAfter(t, w), time.Hour))
		}
	}
	if n := db.asked.Load(); n != 100 || answers[http.StatusUnauthorized] != 100 {
		t.Errorf("%d passwords were verified; answers %v", n, answers)
	}
	if took := app.clock.Now().Sub(began); took < 20*time.Hour {
		t.Errorf("they took %s", took)
	}
	if w := app.guess("ada@example.com", "correct horse battery staple"); retryAfter(t, w) != 24*time.Hour {
		t.Errorf("the right password: %d, Retry-After %q", w.Code, w.Header().Get("Retry-After"))
	}
}

// SEC-39, SEC-42
func TestServersCountTogetherAndExactly(t *testing.T) {
	t.Parallel()
	first := newApp(t, with(limited))
	pool, err := pgxpool.NewWithConfig(t.Context(), first.pool.Config())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	onTheClockOf := func(pool *pgxpool.Pool) *app {
		return newAppOn(t, pool, with(limited), with(func(cfg *config) {
			cfg.Users = store.New[user](pool, store.WithNow(first.clock.Now), store.WithTimeout(time.Minute))
		}))
	}
	second := onTheClockOf(pool)
	first.owner(t, ada)
	for _, email := range []string{"ada@example.com", "nobody@example.com"} {
		var mu sync.Mutex
		answers := map[int]int{}
		atOnce(160, func(i int) {
			w := []*app{first, second}[i%2].guess(email, wrong)
			mu.Lock()
			defer mu.Unlock()
			answers[w.Code]++
		})
		if answers[http.StatusUnauthorized] != 6 || answers[http.StatusTooManyRequests] != 154 {
			t.Errorf("%s: %v, want 6 times 401 and 154 times 429", email, answers)
		}
	}
	if n := first.count(t, "SELECT count(*) FROM ginauth.throttles WHERE failures = 6"); n != 2 {
		t.Errorf("%d identifiers have 6 failures, want 2", n)
	}
	restarted := onTheClockOf(pool)
	if w := restarted.guess("ada@example.com", "correct horse battery staple"); w.Code != http.StatusTooManyRequests {
		t.Errorf("after a restart: %d", w.Code)
	}
}

// SEC-41
func TestAllWaysAndSpellingsShareOneBudget(t *testing.T) {
	t.Parallel()
	app := newApp(t, managing, with(func(cfg *config) { limited(cfg); cfg.Exclude = append(cfg.Exclude, "/token", "/restore") }), routes(func(r *gin.Engine, cfg config) {
		r.POST("/restore", account.RestoreAccount(built.Config(cfg)))
		r.POST("/password/change", account.ChangePassword(built.Config(cfg)))
		r.POST("/token", func(c *gin.Context) {
			if _, err := flow.VerifyPassword(c, built.Config(cfg), "ADA@example.com", c.Query("password")); err != nil {
				ginauth.Fail(c, err)
			}
		})
	}))
	owner := app.owner(t, ada)
	delete(owner.cookies, device)
	ways := []func() *httptest.ResponseRecorder{
		func() *httptest.ResponseRecorder { return app.guess("ada@example.com", wrong) },
		func() *httptest.ResponseRecorder { return app.guess(" Ada@Example.COM\t", wrong) },
		func() *httptest.ResponseRecorder {
			return app.send(elsewhere(formRequest("/login", "email=aDa@example.com&password=x")))
		},
		func() *httptest.ResponseRecorder { return app.send(elsewhere(jsonRequest("/token?password=x", ""))) },
		func() *httptest.ResponseRecorder {
			return app.send(elsewhere(jsonRequest("/restore", credentials("ada@example.com", wrong))))
		},
		func() *httptest.ResponseRecorder { return owner.post("/reauthenticate", `{"password":"x"}`) },
		func() *httptest.ResponseRecorder { return owner.post("/password/change", toNew[:21]+"x"+toNew[21:]) },
	}
	for i := range 6 {
		if w := ways[i](); w.Code != http.StatusUnauthorized {
			t.Fatalf("guess %d: %d %s", i, w.Code, w.Body)
		}
	}
	for i, way := range ways {
		if w := way(); w.Code != http.StatusTooManyRequests || retryAfter(t, w) != 2*time.Second {
			t.Errorf("way %d: %d %s", i, w.Code, w.Body)
		}
	}
}

// SEC-45: who logs in to an account of their own in between gains nothing.
func TestSuccessResetsNobodyElsesCounters(t *testing.T) {
	t.Parallel()
	app := newApp(t, with(limited))
	app.owner(t, ada)
	app.owner(t, grace)
	from := func(body string) int {
		r := jsonRequest("/login", body)
		r.RemoteAddr = "198.51.100.7:1"
		return app.send(r).Code
	}
	graceIn := credentials("grace@example.com", "nanoseconds are short wires")
	var guesses, own, refused int
	for range 60 {
		switch from(credentials("ada@example.com", wrong)) {
		case http.StatusUnauthorized:
			guesses++
		case http.StatusTooManyRequests:
			refused++
		}
		if from(graceIn) == http.StatusOK {
			own++
		}
	}
	if guesses != 6 || own != 54 { // 60 in all, of which those that the lock refused count for nothing
		t.Errorf("%d guesses, %d own logins, %d refused", guesses, own, refused)
	}
}

func TestAttemptsThatCannotBeCountedAreRefused(t *testing.T) { // SEC-48, SEC-154
	t.Parallel()
	var db *asking
	away := refusing{fmt.Errorf("the counter: %w", driver.ErrUnavailable)}
	app := newApp(t, with(func(cfg *config) {
		db = &asking{DB: cfg.Users.(*userDB)} //nolint:forcetypeassert,errcheck // newApp's
		cfg.Users, cfg.Limiter = db, away
	}))
	for path, body := range map[string]string{"/login": adaIn, "/signup": ada} {
		w := app.send(jsonRequest(path, body))
		if w.Code != http.StatusServiceUnavailable || problemIn(t, w).Code != "unavailable" || w.Header().Get("Set-Cookie") != "" {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	c, _ := gin.CreateTestContext(httptest.NewRecorder())
	c.Request = jsonRequest("/token", "")
	if _, err := flow.VerifyPassword(c, built.Config(app.cfg), "ada@example.com", "x"); !errors.Is(err, driver.ErrUnavailable) {
		t.Errorf("VerifyPassword: %v", err)
	}
	if n := db.asked.Load(); n != 0 {
		t.Errorf("%d passwords were verified", n)
	}
}

func TestThrottledAttemptsLeaveEventsWithoutIdentifiers(t *testing.T) { // SEC-165
	t.Parallel()
	app := newApp(t, with(limited))
	app.lock(t, "nobody@example.com")
	for n := range 11 {
		app.send(jsonRequest("/signup", named(n)))
	}
	for name, want := range map[driver.EventKind]int{"authn_login_fail": 6, "authn_login_fail_max": 1, "excess_rate_limit_exceeded": 1} {
		if got := app.log.Events(name); len(got) != want || got[0]["level"] != "WARN" || got[0]["ip"] == "" {
			t.Errorf("%s: %v, want %d", name, got, want)
		}
	}
	if a, b := app.log.Events("authn_login_fail")[0], app.log.Events("authn_login_fail_max")[0]; a["identifier"] != b["identifier"] {
		t.Errorf("one identifier is %v and %v", a["identifier"], b["identifier"])
	}
	if strings.Contains(app.log.String(), "nobody@example") {
		t.Error("the log has what was typed")
	}
}

func TestInsecureUnlimitedSwitchesAllOff(t *testing.T) {
	t.Parallel()
	app := newApp(t, with(func(cfg *config) { cfg.Limits = ginauth.Limits{InsecureUnlimited: true} }))
	for n := range 12 {
		app.signUp(t, named(n))
	}
	for range 30 {
		if w := app.send(jsonRequest("/login", credentials("u1@example.com", wrong))); w.Code != http.StatusUnauthorized {
			t.Fatalf("%d", w.Code)
		}
	}
	if n := app.count(t, "SELECT count(*) FROM ginauth.throttles"); n != 0 {
		t.Errorf("%d rows", n)
	}
}
