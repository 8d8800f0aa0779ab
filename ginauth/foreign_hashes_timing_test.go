//go:build !race

package ginauth_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ginauth/ginauth/ginauth/password"
)

// slowly is a Verifier whose comparison takes a fixed time.
type slowly struct{ took time.Duration }

func (slowly) Reads(stored string) bool { return strings.HasPrefix(stored, "{slowly}") }

func (s slowly) Verify(string, string) bool {
	for began := time.Now(); time.Since(began) < s.took; {
	}
	return false
}

// SEC-32: once the first hash of another system was compared, the time of a failed login does not tell whether the
// address has such a hash, or no account; nor whether the password of a disabled user was right.
func TestHashesOfOtherSystemsTellNoAccounts(t *testing.T) { //nolint:paralleltest // it measures
	if testing.Short() {
		t.Skip("measures")
	}
	const pairs = 24
	app := newApp(t, with(func(cfg *config) {
		cfg.Passwords = hasherOf(t, password.Options{InsecureCheap: true, MaxWait: time.Minute, Readers: []password.Reader{
			password.Django(), password.Custom(slowly{3 * time.Millisecond}),
		}})
	}))
	hashes := []string{ // each takes some milliseconds, in another way
		"pbkdf2_sha256$25000$sixteenbytesok01$IzN8Yr9dtuO88EEg03pWpvk9GAjJiUcfgcRCGsrjxTk=",
		"pbkdf2_sha256$5000$sixteenbytesok01$IzN8Yr9dtuO88EEg03pWpvk9GAjJiUcfgcRCGsrjxTk=",
		"$2b$07$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG",
		"{slowly}whatever",
		"5f4dcc3b5aa765d61d8327deb882cf99",
		"pbkdf2_sha1$1000$sixteenbytesok01$A/8tsi8S8cTGUfnPXO3ZfvyV+Z0=",
	}
	newcomers(t, app.cfg.Users, hashes)
	disabled := len(hashes) - 1
	app.exec(t, "UPDATE ginauth.users SET disabled_at = now() WHERE email = $1", fmt.Sprintf("u%d@example.com", disabled))
	try := func(address, plain string) func() {
		return func() {
			if w := app.guess(address, plain); w.Code != http.StatusUnauthorized {
				t.Errorf("%s: %d %s", address, w.Code, w.Body)
			}
		}
	}
	lean := func(n int) float64 {
		plain := wrong
		if n == disabled {
			plain = "s3cret7"
		}
		difference, median := paired(pairs, try(fmt.Sprintf("u%d@example.com", n), plain), try(fmt.Sprintf("nobody%d@example.com", n), plain))
		return float64(difference) / float64(median)
	}
	nobody := try("nobody@example.com", wrong)
	before, first := leastTime(5, nobody), leastTime(1, try("u0@example.com", wrong))
	for n := range hashes {
		try(fmt.Sprintf("u%d@example.com", n), wrong)()
	}
	t.Logf("an unknown address takes %s, then the first hash of another system %s, then an unknown address %s", before, first, leastTime(3, nobody))
	if first < 2*before {
		t.Error("the hashes are too cheap to be told from none, so this test shows nothing")
	}
	for n, stored := range hashes {
		differ, shares := leans(func() float64 { return lean(n) })
		t.Logf("%s: %.3f", stored, shares)
		if differ {
			t.Errorf("%s: the median of the differences is %.3f of what one takes, time after time", stored, shares)
		}
	}
}

func leastTime(runs int, f func()) time.Duration {
	least := time.Hour
	for range runs {
		began := time.Now()
		f()
		least = min(least, time.Since(began))
	}
	return least
}
