package store_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/ginauthtest"
	"github.com/ginauth/ginauth/store"
)

// totals adds the samples of a metric, by kind.
func totals(s *ginauthtest.Samples, metric driver.Metric) map[string]float64 {
	sums := map[string]float64{}
	for _, sample := range s.Take() {
		if sample.Metric == metric {
			sums[sample.Kind] += sample.Value
		}
	}
	return sums
}

func TestSweptRowsAreMeasured(t *testing.T) {
	t.Parallel()
	s, samples := newSetup(t), &ginauthtest.Samples{}
	db := store.New[store.User](s.pool, store.WithNow(s.clock.now), unhurried, store.WithObserver(samples))
	for range 3 {
		if _, err := db.CreateSession(t.Context(), driver.NewSession{Digest: driver.NewToken().Digest(), Lifetime: time.Minute, IdleTimeout: time.Minute}); err != nil {
			t.Fatal(err)
		}
	}
	s.clock.add(time.Hour)
	for _, want := range []float64{3, 0} {
		if _, err := db.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := totals(samples, driver.SweptRows); got["sessions"] != want || len(got) > 1 {
			t.Errorf("%v, want %v sessions", got, want)
		}
	}
}

// Each request is in one batch, however many share it.
func TestBatchesOfLookupsAreMeasured(t *testing.T) {
	t.Parallel()
	s, samples := newSetup(t), &ginauthtest.Samples{}
	db := store.New[store.User](s.pool, unhurried, store.WithObserver(samples))
	const requests = 200
	var all sync.WaitGroup
	for range requests {
		all.Go(func() {
			if _, err := db.FindSession(t.Context(), driver.NewToken().Digest()); !errors.Is(err, driver.ErrNoSession) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got := totals(samples, driver.LookupBatch); got[""] != requests {
		t.Errorf("%v requests were counted, want %d", got, requests)
	}
}

type brokenObserver struct{}

func (brokenObserver) Observe(context.Context, driver.Sample) { panic("a bug of the app's") }

func TestAPanicOfTheObserverFailsNoLookup(t *testing.T) { // SEC-164
	t.Parallel()
	db := store.New[store.User](newSetup(t).pool, unhurried, store.WithObserver(brokenObserver{}), store.WithLogger(slog.New(slog.DiscardHandler)))
	if _, err := db.FindSession(t.Context(), driver.NewToken().Digest()); !errors.Is(err, driver.ErrNoSession) {
		t.Error(err)
	}
}

// Without an observer, measuring costs nothing.
func TestNoObserverAllocatesNothing(t *testing.T) { //nolint:paralleltest // AllocsPerRun counts all goroutines
	if n := testing.AllocsPerRun(100, func() {
		driver.Report(context.Background(), nil, nil, driver.Sample{Metric: driver.LookupBatch, Value: 1})
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
