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

// leans says whether what is measured is far from zero time after time, and on the same side of it: a busy
// machine gets there, but not always.
func leans(measure func() float64) (bool, []float64) {
	const far, measurements = 0.25, 4
	var shares []float64
	for range measurements {
		shares = append(shares, measure())
		if last := shares[len(shares)-1]; last < far && last > -far || last > 0 != (shares[0] > 0) {
			return false, shares
		}
	}
	return true, shares
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
		// Four measurements stay below the hundred failures that lock the account.
		"an account and none": {24, try(open, "ada", http.StatusUnauthorized), func() {
			open.guess(fmt.Sprintf("nobody%d@example.com", addresses.Add(1)), wrong)
		}},
		"both locked": {300, try(locked, "ada", http.StatusTooManyRequests), try(locked, "nobody", http.StatusTooManyRequests)},
	} {
		differ, shares := leans(func() float64 {
			difference, median := paired(c.pairs, c.a, c.b)
			return float64(difference) / float64(median)
		})
		t.Logf("%s: %.3f", name, shares)
		if differ {
			t.Errorf("%s: the median of the differences is %.3f of what one takes, time after time", name, shares)
		}
	}
}
