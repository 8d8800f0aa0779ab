package ginauth_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/ginauthtest"
	"github.com/ginauth/ginauth/store"
	"github.com/ginauth/ginauth/store/storetest"
)

// limiters are all that come with ginauth, with the clock that each has. What is expected of one is expected of all.
func limiters(t *testing.T) map[string]struct {
	driver.Limiter
	clock *ginauthtest.Clock
} {
	t.Helper()
	start := time.Date(2030, time.March, 4, 5, 6, 7, 0, time.UTC)
	list := map[string]struct {
		driver.Limiter
		clock *ginauthtest.Clock
	}{}
	for name, build := range map[string]func(now func() time.Time) driver.Limiter{
		"in memory": ginauth.NewInMemory,
		"store": func(now func() time.Time) driver.Limiter {
			return store.NewSessions(storetest.NewDB(t), store.WithNow(now))
		},
	} {
		c := ginauthtest.NewClock(start)
		list[name] = struct {
			driver.Limiter
			clock *ginauthtest.Clock
		}{build(c.Now), c}
	}
	return list
}

// guessOf is an attempt of a client's at a secret. The client 0 is none.
func guessOf(key, client byte) driver.Attempt {
	return driver.Attempt{Guess: driver.GuessLimit{
		Key: driver.LimitKey{key}, Client: driver.LimitKey{client}, Free: 5, Max: 12, MaxWait: time.Minute, Memory: 24 * time.Hour,
	}}
}

// step is one thing that happens: an attempt of a client's, its success, or time that passes.
type step struct {
	client  byte
	tries   int           // attempts of the client
	wait    time.Duration // of the last of these
	succeed bool
	all     bool
	pass    time.Duration
}

func tries(client byte, n int) step { return step{client: client, tries: n} }
func succeeds(client byte) step     { return step{client: client, succeed: true} }
func passes(d time.Duration) step   { return step{pass: d} }
func waits(client byte, d time.Duration) step {
	return step{client: client, tries: 1, wait: d}
}

// sequences are what happens to one secret. Each ends with as many guesses as were free.
var sequences = map[string][]step{
	"five are free":                            {tries(1, 6), waits(1, 2*time.Second), waits(2, 2*time.Second)},
	"waits grow":                               {tries(1, 6), passes(2 * time.Second), tries(1, 1), waits(1, 4*time.Second), passes(4 * time.Second), tries(1, 1), waits(1, 8*time.Second)},
	"a success takes back its own run":         {tries(1, 5), succeeds(1), tries(1, 6), waits(1, 2*time.Second)},
	"a success takes back no other's":          {tries(2, 3), tries(1, 2), succeeds(1), tries(1, 3), waits(1, 2*time.Second)},
	"who was interrupted takes back one":       {tries(1, 1), tries(2, 4), succeeds(1), tries(3, 2), waits(3, 2*time.Second)},
	"a success of somebody else's ends a run":  {tries(1, 1), tries(2, 5), passes(2 * time.Second), succeeds(1), succeeds(2), tries(3, 2), waits(3, 2*time.Second)},
	"a run goes on after a success as a new":   {tries(1, 3), tries(2, 2), succeeds(1), tries(2, 1), succeeds(2), tries(3, 2), waits(3, 2*time.Second)},
	"a run is over once it is taken back":      {tries(2, 4), tries(1, 1), succeeds(1), succeeds(1), tries(3, 3), waits(3, 2*time.Second)},
	"clients without an address have no run":   {tries(0, 5), succeeds(0), tries(3, 2), waits(3, 2*time.Second)},
	"everybody's guesses are taken back":       {tries(1, 4), tries(2, 2), {client: 1, succeed: true, all: true}, tries(3, 6), waits(3, 2*time.Second)},
	"nothing to take back":                     {succeeds(1), tries(1, 6), waits(1, 2*time.Second)},
	"another's wait outlasts a success":        {tries(1, 1), tries(2, 5), succeeds(1), waits(1, 2*time.Second)},
	"failures are forgotten":                   {tries(1, 5), passes(5 * 24 * time.Hour), tries(1, 6), waits(1, 2*time.Second)},
	"a success after they were forgotten":      {tries(1, 5), passes(5 * 24 * time.Hour), tries(2, 1), succeeds(2), tries(1, 6), waits(1, 2*time.Second)},
	"a failure less is not remembered shorter": {tries(2, 4), tries(1, 1), succeeds(1), passes(5*24*time.Hour - time.Second), tries(1, 2), waits(1, 2*time.Second)},
}

func TestEveryLimiterCountsGuessesAlike(t *testing.T) { // SEC-38, SEC-44, SEC-45
	t.Parallel()
	for what, steps := range sequences {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			for name, l := range limiters(t) {
				for i, s := range steps {
					l.clock.Advance(s.pass)
					if err := s.happen(t.Context(), l); err != nil {
						t.Errorf("%s, step %d: %v", name, i+1, err)
						break
					}
				}
			}
		})
	}
}

func (s step) happen(ctx context.Context, l driver.Limiter) error {
	for n := range s.tries {
		want := time.Duration(0)
		if n == s.tries-1 {
			want = s.wait
		}
		v, err := l.CountAttempt(ctx, guessOf(1, s.client))
		if err != nil {
			return err
		}
		if v.Wait != want {
			return fmt.Errorf("attempt %d: %+v, want to wait %s", n+1, v, want)
		}
	}
	if !s.succeed {
		return nil
	}
	_, err := l.SettleAttempt(ctx, driver.Settlement{Attempt: guessOf(1, s.client), All: s.all})
	return err
}

// Whatever happens, in whatever order, they answer the same. Rates are in it, too.
func TestLimitersDoNotDriftApart(t *testing.T) { // SEC-38, SEC-44, SEC-45, SEC-46
	t.Parallel()
	both := limiters(t)
	seed := rand.Uint64()
	chance := rand.New(rand.NewPCG(seed, 0))
	pauses := []time.Duration{0, 0, 0, time.Second, 3 * time.Second, 30 * time.Second, time.Hour, 20 * time.Hour, 100 * time.Hour}
	var story []string
	for range 3000 {
		a := guessOf(byte(1+chance.IntN(3)), byte(chance.IntN(4)))
		if chance.IntN(4) == 0 {
			a.Rates = []driver.RateLimit{
				{Key: driver.LimitKey{100 + a.Guess.Client[0]}, Every: 3 * time.Second, Burst: 4},
				{Key: driver.LimitKey{99}, Every: time.Second, Burst: 20},
			}
		}
		settles, all, pause := chance.IntN(3) == 0, chance.IntN(40) == 0, pauses[chance.IntN(len(pauses))]
		story = append(story, fmt.Sprintf("key %d, client %d, %d rates, settles %v, all %v, after %s", a.Guess.Key[0], a.Guess.Client[0], len(a.Rates), settles, all, pause))
		answers := map[string]driver.Verdict{}
		for name, l := range both {
			l.clock.Advance(pause)
			if settles {
				if _, err := l.SettleAttempt(t.Context(), driver.Settlement{Attempt: a, All: all}); err != nil {
					t.Fatal(err)
				}
				continue
			}
			v, err := l.CountAttempt(t.Context(), a)
			if err != nil {
				t.Fatal(err)
			}
			answers[name] = v
		}
		if diff := cmp.Diff(answers["in memory"], answers["store"]); diff != "" {
			t.Fatalf("seed %d: %s\nafter %q", seed, diff, story[max(0, len(story)-40):])
		}
	}
}

func TestEveryLimiterHonoursItsContext(t *testing.T) {
	t.Parallel()
	for name, l := range limiters(t) {
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		late, done := context.WithDeadline(t.Context(), time.Unix(0, 0))
		defer done()
		for want, ctx := range map[error]context.Context{context.Canceled: gone, driver.ErrUnavailable: late} {
			if _, err := l.CountAttempt(ctx, guessOf(1, 1)); !errors.Is(err, want) {
				t.Errorf("%s: CountAttempt: %v, want %v", name, err, want)
			}
			if _, err := l.SettleAttempt(ctx, driver.Settlement{Attempt: guessOf(1, 1)}); !errors.Is(err, want) {
				t.Errorf("%s: SettleAttempt: %v, want %v", name, err, want)
			}
		}
	}
}

func TestNoLimiterTakesARateThatIsNone(t *testing.T) {
	t.Parallel()
	for name, l := range limiters(t) {
		for _, r := range []driver.RateLimit{{Every: time.Second}, {Burst: 1}, {Every: -time.Second, Burst: 1}} {
			if _, err := l.CountAttempt(t.Context(), driver.Attempt{Rates: []driver.RateLimit{r}}); err == nil {
				t.Errorf("%s takes %+v", name, r)
			}
		}
	}
}
