package ginauth_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// SEC-147
func TestClientThatLeavesIsSentNothing(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	c := app.signUp(t, ada)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := httptest.NewRequest(http.MethodGet, "/user", nil).WithContext(ctx)
	w := c.do(r)
	if w.Code != 499 || w.Body.Len() != 0 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := c.get("/user"); w.Code != http.StatusOK {
		t.Errorf("the next request: %d", w.Code)
	}
	if n := app.pool.Stat().AcquiredConns(); n != 0 {
		t.Errorf("%d connections are still held", n)
	}
}

// SEC-144
func TestLoginStormIsBoundedAndOthersGoOn(t *testing.T) {
	t.Parallel()
	app := newApp(t, with(func(cfg *config) { cfg.Passwords = storm(t) }))
	c := app.signUp(t, ada)
	var (
		wg       sync.WaitGroup
		mu       sync.Mutex
		statuses = map[int]int{}
		stop     = make(chan struct{})
	)
	for range 64 {
		wg.Go(func() {
			w := app.send(jsonRequest("/login", adaIn))
			mu.Lock()
			defer mu.Unlock()
			statuses[w.Code]++
			if w.Code == http.StatusServiceUnavailable && (problemIn(t, w).Code != "busy" || w.Header().Get("Retry-After") == "") {
				t.Errorf("busy answer: %s", w.Body)
			}
		})
	}
	go func() { wg.Wait(); close(stop) }()
	for served := 0; ; served++ {
		select {
		case <-stop:
			if statuses[200] == 0 || statuses[503] == 0 || statuses[200]+statuses[503] != 64 || served == 0 {
				t.Errorf("logins %v, %d reads meanwhile", statuses, served)
			}
			return
		default:
			if w := (&client{handler: app, value: c.value}).get("/user"); w.Code != http.StatusOK {
				t.Errorf("GET /user during the storm: %d", w.Code)
			}
		}
	}
}
