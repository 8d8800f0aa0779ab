package apikey_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
)

func together(n int, call func(i int)) {
	gate := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { <-gate; call(i) })
	}
	close(gate)
	wg.Wait()
}

func TestCapHoldsUnderParallelCreations(t *testing.T) { // SEC-151
	t.Parallel()
	app := newApp(t, func(k *keyOptions) { k.MaxKeys = 5 })
	c := app.signUp(t, ada)
	codes := make([]int, 64)
	together(len(codes), func(i int) {
		mine := &client{handler: app, value: c.value}
		codes[i] = mine.post("/api-keys", fmt.Sprintf(`{"name":"key %d"}`, i)).Code
	})
	counted := map[int]int{}
	for _, code := range codes {
		counted[code]++
	}
	if counted[http.StatusCreated] != 5 || counted[http.StatusConflict] != 59 || len(c.list(t)) != 5 {
		t.Errorf("%v, %d keys", counted, len(c.list(t)))
	}
}

// Once the answer to Revoke is there, no request with the key passes, and none brings it back.
func TestRevokedKeyIsDeadAtOnce(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	c := app.signUp(t, ada)
	for round := range 10 {
		m := c.create(t, `{"name":"a"}`)
		var mu sync.RWMutex
		revoked := false
		together(16, func(i int) {
			if i == 0 {
				if w := (&client{handler: app, value: c.value}).send(http.MethodDelete, "/api-keys/"+string(m.ID)); w.Code != http.StatusNoContent {
					t.Errorf("revoking: %d %s", w.Code, w.Body)
				}
				mu.Lock()
				defer mu.Unlock()
				revoked = true
				return
			}
			for range 5 {
				mu.RLock()
				before := revoked
				mu.RUnlock()
				w := app.use(m.Key)
				if w.Code != http.StatusOK && w.Code != http.StatusUnauthorized || before && w.Code == http.StatusOK {
					t.Errorf("round %d: %d, revoked before: %t", round, w.Code, before)
				}
			}
		})
		wantProblem(t, "afterwards", app.use(m.Key), http.StatusUnauthorized, "bad_credentials")
		if n := len(c.list(t)); n != 0 {
			t.Fatalf("%d keys are left", n)
		}
	}
}
