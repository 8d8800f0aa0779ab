// Package throttle counts attempts in the memory of the process, for apps whose store counts none.
package throttle

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"reflect"
	"sync"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// maxEntries limits the limiter to about 20 MB of memory.
const maxEntries = 100_000

// Memory is a driver.Limiter in the memory of one process. It knows no browsers. Rates and guesses
// each have half of the room: guesses are remembered for days and would push out rates, which last
// only seconds.
type Memory struct {
	now func() time.Time

	mu             sync.Mutex
	rates, guesses table
}

// New returns an empty limiter by this clock.
func New(now func() time.Time) *Memory { return newSized(now, maxEntries) }

func newSized(now func() time.Time, limit int) *Memory {
	return &Memory{now: now, rates: newTable(limit / 2), guesses: newTable(limit / 2)}
}

// table has bounded size. If it is full, the entry that would be forgotten next is removed:
// accounts under attack stay longest.
type table struct {
	max     int
	entries map[driver.LimitKey]*entry
	byEnd   ending
}

func newTable(limit int) table { return table{max: limit, entries: map[driver.LimitKey]*entry{}} }

// entry is a row of store.DB's table.
type entry struct {
	key            driver.LimitKey
	until, expires time.Time
	failures, run  int
	client         driver.LimitKey
	place          int // its index in byEnd
}

// CountAttempt implements Limiter.
func (l *Memory) CountAttempt(ctx context.Context, a driver.Attempt) (v driver.Verdict, err error) {
	if err := inTime(ctx); err != nil {
		return v, err
	}
	for _, r := range a.Rates {
		if r.Every <= 0 || r.Burst <= 0 {
			return v, errors.New("counting an attempt: a rate needs a time and a burst above zero")
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	for _, r := range a.Rates {
		v.Wait = max(v.Wait, later(l.rates.entries[r.Key].freeAt(), now).Add(r.Every).Sub(now.Add(r.Every*time.Duration(r.Burst))))
	}
	if wait := l.guesses.entries[a.Guess.Key].freeAt().Sub(now); wait > v.Wait {
		v.Wait, v.Guesses = wait, true
	}
	if v.Wait > 0 {
		return v, nil
	}
	for _, r := range a.Rates {
		e := l.rates.entry(r.Key)
		e.until = later(e.until, now).Add(r.Every)
		l.rates.keep(e, e.until)
	}
	if a.Guess.Key != (driver.LimitKey{}) {
		l.fail(a.Guess, now)
	}
	return v, nil
}

func (l *Memory) fail(g driver.GuessLimit, now time.Time) {
	e := l.guesses.entry(g.Key)
	if !e.expires.After(now) {
		e.failures = 0
	}
	if !e.lastBy(g.Client) || e.failures == 0 {
		e.client, e.run = g.Client, 0
	}
	e.failures++
	e.run++
	e.until = now.Add(g.Wait(e.failures))
	l.guesses.keep(e, later(e.until, now.Add(time.Duration(e.failures)*g.Memory)))
}

// SettleAttempt implements Limiter. It knows no browsers.
func (l *Memory) SettleAttempt(ctx context.Context, s driver.Settlement) (bool, error) {
	if err := inTime(ctx); err != nil {
		return false, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.guesses.entries[s.Attempt.Guess.Key]
	if e == nil {
		return false, nil
	}
	switch {
	case s.All:
		e.failures = 0
	case e.lastBy(s.Attempt.Guess.Client):
		e.failures, e.until = e.failures-e.run, l.now()
	default:
		e.failures--
	}
	e.client, e.run = driver.LimitKey{}, 0
	if e.failures <= 0 {
		l.guesses.drop(e)
	}
	return false, nil
}

// inTime returns the error of a store if the caller no longer waits.
func inTime(ctx context.Context) error {
	err := ctx.Err()
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%w: %w", driver.ErrUnavailable, err)
	}
	return err
}

// lastBy says whether the client made the last guess and no guess was taken back since. It is false
// for an unknown client.
func (e *entry) lastBy(client driver.LimitKey) bool {
	return e.client == client && client != (driver.LimitKey{})
}

func (t *table) entry(key driver.LimitKey) *entry {
	if e := t.entries[key]; e != nil {
		return e
	}
	for len(t.entries) >= t.max {
		t.drop(t.byEnd[0])
	}
	e := &entry{key: key}
	t.entries[key] = e
	heap.Push(&t.byEnd, e)
	return e
}

func (t *table) keep(e *entry, until time.Time) {
	e.expires = until
	heap.Fix(&t.byEnd, e.place)
}

func (t *table) drop(e *entry) {
	heap.Remove(&t.byEnd, e.place)
	delete(t.entries, e.key)
}

// freeAt returns a time long ago for a missing entry.
func (e *entry) freeAt() time.Time {
	if e == nil {
		return time.Time{}
	}
	return e.until
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// ending is a heap of entries by their end.
type ending []*entry

func (h ending) Len() int           { return len(h) }
func (h ending) Less(i, j int) bool { return h[i].expires.Before(h[j].expires) }
func (h ending) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i, j
}

// Push implements heap.Interface.
func (h *ending) Push(x any) {
	e := x.(*entry) //nolint:forcetypeassert,errcheck // by this file alone
	e.place = len(*h)
	*h = append(*h, e)
}

// Pop implements heap.Interface.
func (h *ending) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}

// Shared returns the limiter of this process, so that every Config of an app has the same counts.
var Shared = sync.OnceValue(func() *Memory { return New(time.Now) }) //nolint:forbidigo // the process has no other clock

// owned separates the counts of different owners.
type owned struct {
	*Memory
	salt uint64
}

var storeSeed = maphash.MakeSeed()

// Of returns a limiter that counts in l separately for an owner, such as a store of users.
func (l *Memory) Of(owner any) driver.Limiter {
	of := owned{Memory: l}
	if owner != nil && reflect.ValueOf(owner).Comparable() {
		of.salt = maphash.Comparable(storeSeed, owner)
	}
	return of
}

// CountAttempt implements Limiter.
func (l owned) CountAttempt(ctx context.Context, a driver.Attempt) (driver.Verdict, error) {
	return l.Memory.CountAttempt(ctx, l.salted(a))
}

// SettleAttempt implements Limiter.
func (l owned) SettleAttempt(ctx context.Context, s driver.Settlement) (bool, error) {
	s.Attempt = l.salted(s.Attempt)
	return l.Memory.SettleAttempt(ctx, s)
}

func (l owned) salted(a driver.Attempt) driver.Attempt {
	rates := append([]driver.RateLimit(nil), a.Rates...)
	for i := range rates {
		rates[i].Key = salted(rates[i].Key, l.salt)
	}
	if a.Rates = rates; a.Guess.Key != (driver.LimitKey{}) {
		a.Guess.Key = salted(a.Guess.Key, l.salt)
	}
	return a
}

func salted(k driver.LimitKey, salt uint64) driver.LimitKey {
	for i := range 8 {
		k[i] ^= byte(salt >> (8 * i)) //nolint:gosec // one byte of it is wanted
	}
	return k
}
