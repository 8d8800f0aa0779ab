package ginauth_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/ginauth/ginauth/ginauth/password"
)

// paired measures two kinds of request in turns, in random order, and returns the median of the
// differences and the median of the first.
func paired(pairs int, a, b func()) (difference, median time.Duration) {
	timed := func(f func()) time.Duration {
		began := time.Now()
		f()
		return time.Since(began)
	}
	var differences, firsts []time.Duration
	for range pairs {
		var x, y time.Duration
		if rand.IntN(2) == 0 {
			x, y = timed(a), timed(b)
		} else {
			y, x = timed(b), timed(a)
		}
		differences, firsts = append(differences, x-y), append(firsts, x)
	}
	slices.Sort(differences)
	slices.Sort(firsts)
	return differences[pairs/2], firsts[pairs/2]
}

// What takes longer for an account than for none would tell them apart. A machine that is busy with
// other tests cannot tell small differences, but a missing hash is all of the time and a missing statement a third.
func TestTimeTellsNoAccounts(t *testing.T) { // SEC-32, SEC-35
	t.Parallel()
	open := newApp(t, with(func(cfg *config) { cfg.Passwords = password.Default() }))
	open.owner(t, ada)
	locked := newApp(t, with(limited))
	locked.owner(t, ada)
	for _, who := range []string{"ada", "nobody"} {
		locked.lock(t, who+"@example.com")
	}
	try := func(app *app, who string, want int) func() {
		return func() {
			if w := app.guess(who+"@example.com", wrong); w.Code != want {
				t.Errorf("%s: %d %s", who, w.Code, w.Body)
			}
		}
	}
	for name, c := range map[string]struct {
		pairs int
		a, b  func()
	}{
		"an account and none": {40, try(open, "ada", http.StatusUnauthorized), func() {
			open.guess(fmt.Sprintf("nobody%d@example.com", addresses.Add(1)), wrong)
		}},
		"both locked": {300, try(locked, "ada", http.StatusTooManyRequests), try(locked, "nobody", http.StatusTooManyRequests)},
	} {
		difference, median := paired(c.pairs, c.a, c.b)
		t.Logf("%s: %s of %s", name, difference, median)
		if difference.Abs() > median/4 {
			t.Errorf("%s: the medians differ by %s of %s", name, difference, median)
		}
	}
}
