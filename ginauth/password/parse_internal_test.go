package password

import (
	"errors"
	"strings"
	"testing"
)

// SEC-14: whatever is accepted is bounded and has one spelling, so that it cannot be
// two different hashes to two readers.
func FuzzParseHash(f *testing.F) {
	for _, seed := range []string{
		"", "$argon2id$", "$2b$", "[hash]",
		"$argon2id$v=19$m=64,t=1,p=1$c2l4dGVlbiBieXRlcyBvaw$MhTvHa+0BDLGirH3Ot2t9Q",
		"$argon2id$v=19$m=4194304,t=0,p=0$$",
		"$argon2id$v=19$m=65536,t=65536,p=1$c2l4dGVlbiBieXRlcyBvaw$MhTvHa+0BDLGirH3Ot2t9Q",
		"$argon2id$v=19$m=64,t=1,p=1$c2l4dGVlbiBieXRlcyBvaw\n$MhTvHa+0BDLGirH3Ot2t9R",
		"$2b$04$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG",
		"$2y$31$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		h, err := ParseHash(s)
		if err != nil {
			if !h.IsZero() {
				t.Fatal("an error and a hash")
			}
			return
		}
		if h.Reveal() != s {
			t.Fatalf("Reveal() = %q", h.Reveal())
		}
		switch known := (*h.stored).(type) {
		case argon:
			if got := known.encode(); got != s {
				t.Fatalf("another spelling is %q", got)
			}
			if known.params.MemoryKiB > maxMemoryKiB || uint64(known.params.MemoryKiB)*uint64(known.params.Passes) > maxMemoryPasses ||
				known.params.Passes < 1 || known.lanes < 1 || known.lanes > maxLanes || len(known.salt) < minSaltBytes || len(known.tag) < minTagBytes {
				t.Fatalf("cost out of bounds: %+v", known.params)
			}
			if uint64(known.params.MemoryKiB)*uint64(known.params.Passes) <= 1<<10 {
				known.matches("x") // must not panic
			}
		case bcryptHash:
			if s[4:6] == "04" {
				known.matches("x")
			}
		case unread:
			if len(s) > maxStored {
				t.Fatalf("%d bytes are kept", len(s))
			}
		default:
			t.Fatalf("unknown scheme %T", known)
		}
	})
}

// SEC-14: what a Reader accepts is bounded before any work is done, and what is cheap can be
// compared.
func FuzzReaders(f *testing.F) {
	for _, seed := range []string{
		"", "$", "!", "pbkdf2_sha256$1000$sixteenbytesok01$IzN8Yr9dtuO88EEg03pWpvk9GAjJiUcfgcRCGsrjxTk=",
		"pbkdf2_sha256$4294967295$sixteenbytesok01$IzN8Yr9dtuO88EEg03pWpvk9GAjJiUcfgcRCGsrjxTk=",
		"scrypt$1024$sixteenbytesok01$8$5$rRS2F9/doezfW97s+0wJE6SvzbVYYwbKV4VC7UKTVvdMBiT7Smamepl8g5maHeFbl9TWHlEuC1jXs8Oddt0BkQ==",
		"scrypt$4294967295$sixteenbytesok01$4294967295$4294967295$rRS2F9/doezfW97s+0wJEw==",
		"argon2$argon2id$v=19$m=512,t=2,p=2$c2l4dGVlbmJ5dGVzb2swMQ$ELeRlUAOleXgy65YrttRPw",
		"bcrypt_sha256$$2b$04$abcdefghijklmnopqrstuuaBT8mpw5tGdD3eO40znWcQP/dT9hEVK",
		"$pbkdf2-sha512$1000$c2l4dGVlbiBieXRlcyBvaw$0bTrwh.lIMbWviWRjPi3pFyRNKBl2jxApJZJmXfcnij13CJSxUmi1MfL5gV7P3MD6MScadQlE/g01TViCCsNaA",
		"$scrypt$ln=63,r=8,p=1$c2l4dGVlbiBieXRlcyBvaw$yG1zw0t5vMu1UmnPm7/sO+TkxSv0H9ZmYOQJMWt5wCo",
		"$bcrypt-sha256$v=2,t=2b,r=4$abcdefghijklmnopqrstuu$h8GCYhBqatMGV8VIjRD4nhRxM87r3yu",
		"$P$Babcdefgh9JjESeAq5StfTylF1Rcb80", "$wp$2y$04$abcdefghijklmnopqrstuuV0klnHbXcaXKo7A89DBGKqZVoAS9L2u",
		"AQAAAAIAAAAyAAAAEOMwvh3+FZxqkdMBz2ekgGhwQ4B6pZWND6zgESBuWiHw", "AQAAAAL//////////+MwvhM=", "AAAA",
		"$firebase-scrypt$42xEC+ixf3L2lw==$lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==",
	} {
		f.Add(seed)
	}
	readers := []Reader{Django(), Passlib(), ASPNETIdentity(), PHPass(), BcryptOf(strings.ToUpper), Firebase(FirebaseParams{
		SignerKey: "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==", Rounds: 1, MemCost: 4,
	})}
	f.Fuzz(func(t *testing.T, s string) {
		for _, r := range readers {
			known, err := r.read(s)
			if err != nil {
				if !errors.Is(err, ErrMalformedHash) {
					t.Fatalf("the error is %v", err)
				}
				continue
			}
			switch h := known.(type) {
			case pbkdf2Hash:
				if h.rounds() > maxRounds || len(h.salt) < minForeignSalt || len(h.tag) < minTagBytes {
					t.Fatalf("out of bounds: %+v", h)
				}
			case scryptHash:
				if (h.n+h.p)*h.r > 2<<20 || h.n*h.r*h.p > 2<<20 || len(h.salt) < minForeignSalt || len(h.tag) < minTagBytes {
					t.Fatalf("out of bounds: %+v", h)
				}
			case phpass:
				if h.rounds > 1<<20 {
					t.Fatalf("out of bounds: %+v", h)
				}
			case bcryptHash:
				if h.strength > 15 {
					t.Fatalf("out of bounds: %+v", h)
				}
			}
			if known.cost().units <= 1<<10 {
				known.matches("x") // must not panic
				known.spend("x", known.cost().units/2)
			}
		}
	})
}
