package throttle

import (
	"context"
	"encoding/binary"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
)

const day = 24 * time.Hour

func inMemoryAt(limit int) (l *Memory, advance func(time.Duration)) {
	now := time.Date(2030, time.March, 4, 5, 6, 7, 0, time.UTC)
	return newSized(func() time.Time { return now }, limit), func(d time.Duration) { now = now.Add(d) }
}

func guessed(key, client byte) driver.Attempt {
	return driver.Attempt{Guess: driver.GuessLimit{
		Key: driver.LimitKey{key}, Client: driver.LimitKey{client}, Free: 5, Max: 100, MaxWait: 15 * time.Minute, Memory: day,
	}}
}

func numbered(n int) (k driver.LimitKey) {
	binary.BigEndian.PutUint64(k[8:], uint64(n)+1)
	return k
}

func counted(t *testing.T, l driver.Limiter, a driver.Attempt) driver.Verdict {
	t.Helper()
	v, err := l.CountAttempt(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestLimiterInMemoryWaitsAsTheStoreDoes(t *testing.T) { // SEC-38, SEC-44
	t.Parallel()
	l, advance := inMemoryAt(100)
	var waits []time.Duration
	for range 16 {
		if v := counted(t, l, guessed(1, 1)); v.Wait != 0 {
			t.Fatalf("%+v", v)
		}
		var wait time.Duration
		if len(waits) >= 5 {
			v := counted(t, l, guessed(1, 1))
			if !v.Guesses {
				t.Errorf("%+v", v)
			}
			wait = v.Wait
		}
		waits = append(waits, wait/time.Second)
		advance(wait)
	}
	if want := []time.Duration{0, 0, 0, 0, 0, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900}; !slices.Equal(waits, want) {
		t.Errorf("waits %v", waits)
	}
	for range 100 - 16 {
		counted(t, l, guessed(1, 1))
		advance(15 * time.Minute)
	}
	if v := counted(t, l, guessed(1, 1)); v.Wait != 100*day-15*time.Minute {
		t.Errorf("after a hundred: %+v", v)
	}
	advance(100 * day)
	if v := counted(t, l, guessed(1, 1)); v.Wait != 0 {
		t.Errorf("when all are forgotten: %+v", v)
	}
}

func TestLimiterInMemoryKeepsRates(t *testing.T) { // SEC-46
	t.Parallel()
	l, advance := inMemoryAt(100)
	a := driver.Attempt{Rates: []driver.RateLimit{{Key: driver.LimitKey{1}, Every: 3 * time.Second, Burst: 20}, {Key: driver.LimitKey{2}, Every: time.Hour, Burst: 22}}}
	for i, want := range []time.Duration{20: 3 * time.Second} {
		if v := counted(t, l, a); v.Wait != want {
			t.Errorf("attempt %d: %+v", i+1, v)
		}
	}
	advance(6 * time.Second)
	for _, want := range []time.Duration{0, 0, time.Hour - 6*time.Second} {
		if v := counted(t, l, a); v.Wait != want {
			t.Errorf("%+v, want %s", v, want)
		}
	}
}

func TestLimiterInMemoryTakesBackWhatSucceeded(t *testing.T) { // SEC-45
	t.Parallel()
	l, _ := inMemoryAt(100)
	failures := func() int {
		if e := l.guesses.entries[driver.LimitKey{1}]; e != nil {
			return e.failures
		}
		return 0
	}
	settle := func(a driver.Attempt) { _, _ = l.SettleAttempt(t.Context(), driver.Settlement{Attempt: a}) }
	for _, client := range []byte{2, 2, 2, 1, 1} {
		counted(t, l, guessed(1, client))
	}
	settle(guessed(1, 1))
	if failures() != 3 {
		t.Errorf("%d failures, want the other's 3", failures())
	}
	counted(t, l, guessed(1, 1))
	counted(t, l, guessed(1, 2))
	settle(guessed(1, 1))
	if failures() != 4 {
		t.Errorf("%d failures, want the other's 4", failures())
	}
	counted(t, l, guessed(3, 1))
	settle(guessed(3, 1))
	if l.guesses.entries[driver.LimitKey{3}] != nil {
		t.Error("an entry is left of a success")
	}
}

func TestLimiterInMemoryCountsExactly(t *testing.T) { // SEC-39
	t.Parallel()
	l, _ := inMemoryAt(100)
	var admitted atomic.Int64
	var wg sync.WaitGroup
	for range 160 {
		wg.Go(func() {
			if v, err := l.CountAttempt(context.Background(), guessed(1, 1)); err == nil && v.Wait == 0 {
				admitted.Add(1)
			}
		})
	}
	wg.Wait()
	if admitted.Load() != 6 {
		t.Errorf("%d were admitted, want 6", admitted.Load())
	}
}

// Whatever is thrown at it, it stays small and remembers the account under attack. SEC-48
func TestLimiterInMemoryIsBounded(t *testing.T) { //nolint:paralleltest // it measures the heap
	l, _ := inMemoryAt(maxEntries)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for range 6 {
		counted(t, l, guessed(1, 1))
	}
	for n := range 3 * maxEntries {
		a := guessed(0, 0)
		a.Guess.Key = numbered(n)
		a.Rates = []driver.RateLimit{{Key: numbered(n), Every: time.Hour, Burst: 2}}
		counted(t, l, a)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if n := len(l.guesses.entries); n != maxEntries/2 || len(l.guesses.byEnd) != n {
		t.Errorf("%d entries, want %d", n, maxEntries/2)
	}
	used := int64(after.HeapAlloc) - int64(before.HeapAlloc)
	t.Logf("%d entries take %d KB", len(l.rates.entries)+len(l.guesses.entries), used>>10)
	if used > 64<<20 {
		t.Errorf("it takes %d MB", used>>20)
	}
	if v := counted(t, l, guessed(1, 1)); v.Wait == 0 {
		t.Error("the account under attack was forgotten")
	}
}

func TestStoresWithoutALimiterDoNotShareCounts(t *testing.T) {
	t.Parallel()
	first, second := new(int), new(int)
	for range 6 {
		counted(t, Shared().Of(first), guessed(9, 1))
	}
	if v := counted(t, Shared().Of(first), guessed(9, 1)); v.Wait == 0 {
		t.Error("two handlers of one store count apart")
	}
	for _, other := range []any{second, nil, []int{}} {
		if v := counted(t, Shared().Of(other), guessed(9, 1)); v.Wait != 0 {
			t.Errorf("%v: %+v", other, v)
		}
	}
	a := guessed(9, 1)
	a.Rates = []driver.RateLimit{{Key: driver.LimitKey{8}, Every: time.Hour, Burst: 1}}
	_, _ = Shared().Of(second).CountAttempt(t.Context(), a)
	if a.Rates[0].Key != (driver.LimitKey{8}) {
		t.Error("the attempt was changed")
	}
}
