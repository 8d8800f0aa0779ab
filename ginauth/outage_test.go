package ginauth_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/ginauth/ginauth/ginauth/password"
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

// While others hash or wait in every place, logins are told to come again, and whoever is logged in goes on.
func TestLoginStormIsBoundedAndOthersGoOn(t *testing.T) { // SEC-144
	t.Parallel()
	hasher := hasherOf(t, password.Options{Slots: 1, MaxWait: -1})
	app := newApp(t, with(func(cfg *config) { cfg.Passwords = hasher }))
	c := app.signUp(t, ada)
	goesOn := func() {
		if w := (&client{handler: app, value: c.value}).get("/user"); w.Code != http.StatusOK {
			t.Errorf("GET /user during the storm: %d", w.Code)
		}
	}
	const callers = 64
	logins := func() <-chan *httptest.ResponseRecorder {
		answers := make(chan *httptest.ResponseRecorder, callers)
		for range callers {
			go func() { answers <- app.send(jsonRequest("/login", adaIn)) }()
		}
		return answers
	}
	_, leave, err := hasher.Enter(t.Context(), "192.0.2.0/24", "192.0.2.1/32") // the address of package httptest
	if err != nil {
		t.Fatal(err)
	}
	answers := logins()
	goesOn()
	for range callers {
		if w := <-answers; w.Code != http.StatusServiceUnavailable || problemIn(t, w).Code != "busy" || w.Header().Get("Retry-After") == "" {
			t.Errorf("no place is free: %d %s", w.Code, w.Body)
		}
	}
	leave()
	statuses := map[int]int{}
	for answers, n := logins(), 0; n < callers; n++ {
		goesOn()
		statuses[(<-answers).Code]++
	}
	if statuses[200] == 0 || statuses[200]+statuses[503] != callers {
		t.Errorf("logins %v", statuses)
	}
}
