package password

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"
)

// ledger counts the units of work that were done.
type ledger struct {
	mu   sync.Mutex
	done map[any]uint64
}

func (l *ledger) add(algorithm any, units uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.done[algorithm] += units
}

// counted is a hash whose work is only counted. It matches one password.
type counted struct {
	ledger *ledger
	work   cost
	plain  string
}

func (counted) encode() string { return "counted" }
func (c counted) cost() cost   { return c.work }

func (c counted) matches(plain string) bool {
	c.ledger.add(c.work.algorithm, c.work.units)
	return plain == c.plain
}

func (c counted) spend(_ string, units uint64) { c.ledger.add(c.work.algorithm, units) }

// SEC-32: once a hash of an algorithm was compared, a miss on it, on any other hash and on no hash is
// the same work.
func TestEveryMissDoesTheWorkOfTheCostliestOfEachAlgorithm(t *testing.T) {
	t.Parallel()
	h, err := New(Options{InsecureCheap: true, MaxWait: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	book := &ledger{}
	// Our own decoy is counted, too.
	own := argonKind{}
	h.costliest.of[own] = counted{book, cost{own, 38}, ""}
	hashes := map[string]Hash{
		"nobody":             {},
		"our own":            newHash(counted{book, cost{own, 38}, "right"}),
		"our own of before":  newHash(counted{book, cost{own, 12}, "right"}),
		"cheap of another":   newHash(counted{book, cost{"a", 1000}, "right"}),
		"costly of another":  newHash(counted{book, cost{"a", 5000}, "right"}),
		"one of a third":     newHash(counted{book, cost{"b", 7}, "right"}),
		"unreadable":         newHash(unread("5f4dcc3b5aa765d61d8327deb882cf99")),
		"unusable in Django": newHash(counted{book, cost{"none", 0}, ""}),
	}
	miss := func(name string) string {
		book.done = map[any]uint64{}
		ok, err := h.Verify(t.Context(), hashes[name], "wrong")
		if ok || err != nil && !errors.Is(err, ErrMalformedHash) {
			t.Errorf("%s: %v, %v", name, ok, err)
		}
		return fmt.Sprint(book.done[own], book.done["a"], book.done["b"])
	}
	if got := miss("nobody"); got != "38 0 0" {
		t.Errorf("before another kind was met, nobody costs %s", got)
	}
	for name, hash := range hashes { // met by a login that succeeds, too
		if ok, err := h.Verify(t.Context(), hash, "right"); err == nil && !ok != (hash.IsZero() || name == "unusable in Django") {
			t.Errorf("%s: %v, %v", name, ok, err)
		}
	}
	for name := range hashes {
		if got := miss(name); got != "38 5000 7" {
			t.Errorf("%s costs %s", name, got)
		}
	}
}
