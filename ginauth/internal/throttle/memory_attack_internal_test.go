package throttle

import (
	"testing"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// Whoever fills the memory with identifiers, which are remembered for a day, must not switch off the rates,
// which are remembered for seconds.
func TestIdentifiersDoNotCrowdTheRatesOut(t *testing.T) { // SEC-46, SEC-48
	t.Parallel()
	l, _ := inMemoryAt(1000)
	for n := range 2000 {
		a := guessed(0, 0)
		a.Guess.Key = numbered(n)
		counted(t, l, a)
	}
	admitted := 0
	for n := range 100 {
		a := guessed(0, 0)
		a.Guess.Key = numbered(10_000 + n)
		a.Rates = []driver.RateLimit{{Key: driver.LimitKey{1}, Every: 3 * time.Second, Burst: 20}, {Key: driver.LimitKey{2}, Every: 12 * time.Second, Burst: 300}}
		if counted(t, l, a).Wait == 0 {
			admitted++
		}
	}
	if admitted != 20 {
		t.Errorf("%d attempts from one address were admitted, want 20", admitted)
	}
}

// Nor may addresses crowd out the account under attack.
func TestAddressesDoNotCrowdIdentifiersOut(t *testing.T) { // SEC-48
	t.Parallel()
	l, _ := inMemoryAt(1000)
	for range 6 {
		counted(t, l, guessed(1, 1))
	}
	for n := range 2000 {
		counted(t, l, driver.Attempt{Rates: []driver.RateLimit{{Key: numbered(n), Every: 30 * 24 * time.Hour, Burst: 2}}})
	}
	if v := counted(t, l, guessed(1, 1)); v.Wait == 0 {
		t.Error("the account under attack was forgotten")
	}
}

func TestLimiterInMemoryTakesAllBack(t *testing.T) { // SEC-43
	t.Parallel()
	l := Shared().Of(new(int))
	for n := range byte(6) {
		counted(t, l, guessed(1, n))
	}
	if v := counted(t, l, guessed(1, 1)); v.Wait == 0 {
		t.Fatal("it is not locked")
	}
	if _, err := l.SettleAttempt(t.Context(), driver.Settlement{Attempt: driver.Attempt{Guess: driver.GuessLimit{Key: driver.LimitKey{1}}}, All: true}); err != nil {
		t.Fatal(err)
	}
	if v := counted(t, l, guessed(1, 1)); v.Wait != 0 {
		t.Errorf("%+v", v)
	}
}
