package password

import (
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
		switch known := (*h.scheme).(type) {
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
		default:
			t.Fatalf("unknown scheme %T", known)
		}
	})
}
