package password

import (
	"errors"
	"fmt"
	"slices"
	"strings"
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

// SEC-32: as soon as a kind of hash was met, a miss on it, on every other one and on none is the
// same work.
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

// What is spent takes as long as what it stands for: the units are no fiction. The least of several
// runs counts, and on a busy machine of more runs.
func TestSpendingTakesAsLongAsComparing(t *testing.T) { //nolint:paralleltest // it measures
	if testing.Short() {
		t.Skip("measures")
	}
	h := newHasher(Options{Readers: []Reader{Django(), Passlib(), ASPNETIdentity(), PHPass()}})
	read := func(text string) scheme {
		parsed, err := ParseHash(text)
		if err != nil {
			t.Fatal(err)
		}
		s, err := h.read(parsed)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	const salt, tag32 = "c2l4dGVlbiBieXRlcyBvaw", "gpLtVvyi1c1YtH6m24Uxsa9pTVES7Rk/JsZJL4Nv5no"
	const bcrypted = "$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG"
	tag64 := strings.Repeat("A", 86)
	for name, pair := range map[string][2]string{ // the costliest, and one that costs less
		"argon2id":           {"$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$" + tag32, "$argon2id$v=19$m=8192,t=2,p=1$" + salt + "$" + tag32},
		"argon2i":            {"$argon2i$v=19$m=16384,t=2,p=1$" + salt + "$" + tag32, "$argon2i$v=19$m=8192,t=2,p=1$" + salt + "$" + tag32},
		"bcrypt":             {"$2b$09" + bcrypted, "$2b$06" + bcrypted},
		"bcrypt of SHA-256":  {"bcrypt_sha256$$2b$09" + bcrypted, "bcrypt_sha256$$2b$08" + bcrypted},
		"PBKDF2-SHA-256":     {"$pbkdf2-sha256$80000$" + salt + "$" + tag32, "$pbkdf2-sha256$30000$" + salt + "$" + tag32},
		"PBKDF2-SHA-512":     {"$pbkdf2-sha512$40000$" + salt + "$" + tag64, "$pbkdf2-sha512$10000$" + salt + "$" + tag64},
		"PBKDF2, two blocks": {"$pbkdf2$100000$" + salt + "$Ptm0/nZnTcjBkQ7.JR6UsJJsi1s", "AAABAgMEBQYHCAkKCwwNDg+ukCEMDf0yyQ29NYubggHIVY0sdEUfdyeM+E1LtH1uJg=="},
		"scrypt":             {"$scrypt$ln=14,r=8,p=1$" + salt + "$" + tag32, "$scrypt$ln=12,r=8,p=1$" + salt + "$" + tag32},
		"scrypt, p":          {"$scrypt$ln=12,r=8,p=5$" + salt + "$" + tag32, "$scrypt$ln=13,r=8,p=1$" + salt + "$" + tag32},
		"phpass":             {"$P$Eabcdefgh9JjESeAq5StfTylF1Rcb80", "$P$Babcdefgh9JjESeAq5StfTylF1Rcb80"},
	} {
		costly, cheap := read(pair[0]), read(pair[1])
		most, less := costly.cost(), cheap.cost()
		if most.algorithm != less.algorithm || most.units <= less.units {
			t.Fatalf("%s: the costs are %v and %v", name, most, less)
		}
		work := [...]func(){
			func() { costly.matches("wrong") },
			func() { costly.spend("wrong", most.units) },
			func() { cheap.matches("wrong"); costly.spend("wrong", most.units-less.units) },
		}
		var least [len(work)]time.Duration
		alike := func() bool {
			low, high := slices.Min(least[:]), slices.Max(least[:])
			return low > 0 && float64(high) < 1.2*float64(low)
		}
		for runs := 0; runs < 3 || runs < 60 && !alike(); runs++ {
			for i, f := range work {
				began := time.Now()
				f()
				if took := time.Since(began); runs == 0 || took < least[i] {
					least[i] = took
				}
			}
		}
		t.Logf("%s: comparing, for nobody, for a cheaper hash: %s", name, least)
		if !alike() {
			t.Errorf("%s: comparing takes %s; what is spent for nobody and for a cheaper hash takes %s", name, least[0], least[1:])
		}
	}
}
