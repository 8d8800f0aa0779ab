//go:build unix && !race

package password

import (
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Spending units of work takes as long as comparing a hash of that cost. The least of several runs
// counts, and on a busy machine of more runs.
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
		"argon2id":           {"$argon2id$v=19$m=8192,t=2,p=1$" + salt + "$" + tag32, "$argon2id$v=19$m=2048,t=2,p=1$" + salt + "$" + tag32},
		"argon2i":            {"$argon2i$v=19$m=8192,t=2,p=1$" + salt + "$" + tag32, "$argon2i$v=19$m=2048,t=2,p=1$" + salt + "$" + tag32},
		"bcrypt":             {"$2b$07" + bcrypted, "$2b$05" + bcrypted},
		"bcrypt of SHA-256":  {"bcrypt_sha256$$2b$07" + bcrypted, "bcrypt_sha256$$2b$06" + bcrypted},
		"PBKDF2-SHA-256":     {"$pbkdf2-sha256$20000$" + salt + "$" + tag32, "$pbkdf2-sha256$8000$" + salt + "$" + tag32},
		"PBKDF2-SHA-512":     {"$pbkdf2-sha512$10000$" + salt + "$" + tag64, "$pbkdf2-sha512$3000$" + salt + "$" + tag64},
		"PBKDF2, two blocks": {"$pbkdf2$20000$" + salt + "$Ptm0/nZnTcjBkQ7.JR6UsJJsi1s", "AAABAgMEBQYHCAkKCwwNDg+ukCEMDf0yyQ29NYubggHIVY0sdEUfdyeM+E1LtH1uJg=="},
		"scrypt":             {"$scrypt$ln=12,r=8,p=1$" + salt + "$" + tag32, "$scrypt$ln=10,r=8,p=1$" + salt + "$" + tag32},
		"scrypt, p":          {"$scrypt$ln=10,r=8,p=5$" + salt + "$" + tag32, "$scrypt$ln=11,r=8,p=1$" + salt + "$" + tag32},
		"phpass":             {"$P$Dabcdefgh9JjESeAq5StfTylF1Rcb80", "$P$Babcdefgh9JjESeAq5StfTylF1Rcb80"},
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
		for runs := 0; runs < 3 || runs < 40 && !alike(); runs++ {
			for i, f := range work {
				began := processorTime(t)
				f()
				if took := processorTime(t) - began; runs == 0 || took < least[i] {
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

// processorTime is what this process has used, so that others do not count.
func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		t.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
