package ginauth_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/flow"
	"github.com/ginauth/ginauth/ginauth/internal/built"
	"github.com/ginauth/ginauth/store"
)

type userDB = store.DB[user]

// spread sends wrong logins of as many users, and returns how many were verified.
func (a *app) spread(t *testing.T, n int, prepare func(*http.Request, int)) (verified int) {
	t.Helper()
	for i := range n {
		r := jsonRequest("/login", credentials(fmt.Sprintf("u%d@example.com", addresses.Add(1)), wrong))
		prepare(r, i)
		switch w := a.send(r); w.Code {
		case http.StatusUnauthorized:
			verified++
		case http.StatusTooManyRequests:
			retryAfter(t, w)
		default:
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	}
	return verified
}

// SEC-46, SEC-141
func TestForwardingHeadersOfStrangersBuyNoBudget(t *testing.T) {
	t.Parallel()
	app := newApp(t, with(limited))
	n := app.spread(t, 200, func(r *http.Request, i int) {
		ip := fmt.Sprintf("203.0.113.%d", i)
		for _, name := range []string{"X-Forwarded-For", "X-Real-IP", "CF-Connecting-IP", "True-Client-IP", "X-Client-IP", "Fly-Client-IP", "Fastly-Client-IP"} {
			r.Header.Set(name, ip)
		}
		r.Header.Set("Forwarded", "for="+ip)
	})
	if n != 60 {
		t.Errorf("%d of 200 were verified, want 60", n)
	}
}

// SEC-46
func TestAddressesAreCountedByWhatOneClientHas(t *testing.T) {
	t.Parallel()
	app := newApp(t, with(limited))
	for name, address := range map[string]func(int) string{
		"one /64": func(i int) string { return fmt.Sprintf("[2001:db8:1:2:%x::%x]:%d", i, i+1, i+1) },
		"zones":   func(i int) string { return fmt.Sprintf("[fe80::1%%eth%d]:80", i) },
		"one mapped address": func(i int) string {
			return [...]string{"192.0.2.77:1", "[::ffff:192.0.2.77]:2", "[::ffff:c000:24d]:3"}[i%3]
		},
		"unix sockets": func(int) string { return "@" },
	} {
		if n := app.spread(t, 70, func(r *http.Request, i int) { r.RemoteAddr = address(i) }); n != 60 {
			t.Errorf("%s: %d of 70 were verified, want 60", name, n)
		}
	}
	if n := app.spread(t, 30, func(r *http.Request, i int) { r.RemoteAddr = fmt.Sprintf("[2001:db8:1:%x::1]:1", i+100) }); n != 30 {
		t.Errorf("30 networks: %d were verified", n)
	}
}

// SEC-141
func TestTrustedProxiesSayWhoseAttemptItIs(t *testing.T) {
	t.Parallel()
	app := newApp(t, with(limited), with(func(cfg *config) { cfg.TrustedProxies = []string{"172.16.0.0/12"} }))
	through := func(forwarded func(int) string) func(*http.Request, int) {
		return func(r *http.Request, i int) {
			r.RemoteAddr = "172.16.0.1:9"
			r.Header.Set("X-Forwarded-For", forwarded(i))
		}
	}
	if n := app.spread(t, 30, through(func(i int) string { return fmt.Sprintf("203.0.113.%d", i) })); n != 30 {
		t.Errorf("30 clients: %d were verified", n)
	}
	if n := app.spread(t, 70, through(func(i int) string { return fmt.Sprintf("203.0.114.%d, 198.51.100.1", i) })); n != 60 {
		t.Errorf("one client that forges what came before: %d were verified, want 60", n)
	}
}

func TestAddressHasAnHourlyBudgetToo(t *testing.T) { // SEC-46
	t.Parallel()
	app := newApp(t, with(limited))
	verified := 0
	for range 40 {
		verified += app.spread(t, 21, func(r *http.Request, _ int) { r.RemoteAddr = "198.51.100.9:1" })
		app.clock.Advance(time.Minute)
	}
	if verified < 300 || verified > 300+40*5+1 { // 300, and what comes back in 40 min
		t.Errorf("%d were verified in 40 min", verified)
	}
}

// SEC-47
func TestSignUpsAreLimited(t *testing.T) {
	t.Parallel()
	app := newApp(t, with(limited))
	for n := range 10 {
		if w := app.send(jsonRequest("/signup", named(n))); w.Code != http.StatusCreated {
			t.Fatalf("sign-up %d: %d", n, w.Code)
		}
	}
	for name, body := range map[string]string{"free": named(10), "taken": named(1)} {
		w := app.send(jsonRequest("/signup", body))
		if w.Code != http.StatusTooManyRequests || retryAfter(t, w) != 6*time.Minute || w.Header().Get("Set-Cookie") != "" {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	for range 9 { // the first was above
		if w := app.send(elsewhere(jsonRequest("/signup", named(1)))); w.Code != http.StatusConflict {
			t.Errorf("%d", w.Code)
		}
	}
	if w := app.send(elsewhere(jsonRequest("/signup", named(1)))); w.Code != http.StatusTooManyRequests {
		t.Errorf("the eleventh for one address: %d", w.Code)
	}
	app.clock.Advance(6 * time.Minute)
	if w := app.send(jsonRequest("/signup", named(10))); w.Code != http.StatusCreated {
		t.Errorf("after six minutes: %d", w.Code)
	}
	if w := app.send(jsonRequest("/login", credentials("u1@example.com", "correct horse battery staple"))); w.Code != http.StatusOK {
		t.Errorf("a login from there: %d", w.Code)
	}
}

// SEC-47
func TestThrottleServesPurposesOfTheAppsOwn(t *testing.T) {
	t.Parallel()
	limit := ginauth.Limit{PerIdentifier: []ginauth.Rate{{Attempts: 2, Per: time.Hour}}, PerAddress: []ginauth.Rate{{Attempts: 4, Per: time.Hour}}}
	app := newApp(t, with(func(cfg *config) { cfg.Exclude = append(cfg.Exclude, "/:purpose/:email") }), routes(func(r *gin.Engine, cfg config) {
		r.POST("/:purpose/:email", func(c *gin.Context) {
			if err := flow.Throttle(c, built.Config(cfg), c.Param("purpose"), c.Param("email"), limit); err != nil {
				ginauth.Fail(c, err)
			}
		})
	}))
	want := func(code int, r *http.Request, what string) {
		t.Helper()
		if w := app.send(r); w.Code != code {
			t.Errorf("%s: %d %s", what, w.Code, w.Body)
		}
	}
	for i, code := range []int{200, 200, 429} {
		want(code, elsewhere(jsonRequest("/forgot/ada@example.com", "")), fmt.Sprintf("one identifier, %d", i))
	}
	want(http.StatusOK, elsewhere(jsonRequest("/resend/ADA@example.com", "")), "another purpose")
	for i, code := range []int{200, 200, 200, 200, 429} {
		want(code, jsonRequest(fmt.Sprintf("/forgot/u%d@example.com", i), ""), fmt.Sprintf("one address, %d", i))
	}
	c, _ := gin.CreateTestContext(httptest.NewRecorder())
	c.Request = jsonRequest("/", "")
	if err := flow.Throttle(c, built.Config(app.cfg), "x", "", ginauth.Limit{PerAddress: []ginauth.Rate{{}}}); err == nil || errors.Is(err, ginauth.ErrTooManyAttempts) {
		t.Errorf("a rate of nothing: %v", err)
	}
	for name, err := range map[string]error{
		"Throttle":       flow.Throttle[user](c, nil, "x", "", limit),
		"VerifyPassword": second(flow.VerifyPassword[user](c, nil, "ada@example.com", "guess")),
	} {
		if err == nil || !strings.Contains(err.Error(), "make it with ginauth.New") {
			t.Errorf("%s without a Config: %v", name, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }
