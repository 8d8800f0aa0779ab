package ginauth

import (
	"testing"
	"time"
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
		a.Rates = []RateLimit{{LimitKey{1}, 3 * time.Second, 20}, {LimitKey{2}, 12 * time.Second, 300}}
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
		counted(t, l, Attempt{Rates: []RateLimit{{numbered(n), 30 * 24 * time.Hour, 2}}})
	}
	if v := counted(t, l, guessed(1, 1)); v.Wait == 0 {
		t.Error("the account under attack was forgotten")
	}
}

func TestLimiterInMemoryTakesAllBack(t *testing.T) { // SEC-43
	t.Parallel()
	l := inMemoryOf(new(int))
	for n := range byte(6) {
		counted(t, l, guessed(1, n))
	}
	if v := counted(t, l, guessed(1, 1)); v.Wait == 0 {
		t.Fatal("it is not locked")
	}
	if _, err := l.SettleAttempt(t.Context(), Attempt{Guess: GuessLimit{Key: LimitKey{1}}}, Success{All: true}); err != nil {
		t.Fatal(err)
	}
	if v := counted(t, l, guessed(1, 1)); v.Wait != 0 {
		t.Errorf("%+v", v)
	}
}
