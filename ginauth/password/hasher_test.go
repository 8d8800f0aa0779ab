package password_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/ginauth/ginauth/ginauth/password"
)

const phrase = "correct horse battery staple"

// cheapHasher is quick, and its queue is long enough for any test here.
func cheapHasher(tb testing.TB) *password.Hasher {
	tb.Helper()
	return newHasher(tb, password.Options{InsecureCheap: true, MaxWait: time.Minute})
}

func newHasher(tb testing.TB, o password.Options) *password.Hasher {
	tb.Helper()
	h, err := password.New(o)
	if err != nil {
		tb.Fatalf("New: %v", err)
	}
	return h
}

func mustHash(tb testing.TB, h *password.Hasher, plain string) password.Hash {
	tb.Helper()
	hash, err := h.Hash(tb.Context(), plain)
	if err != nil {
		tb.Fatalf("Hash: %v", err)
	}
	return hash
}

func verify(tb testing.TB, h *password.Hasher, hash password.Hash, plain string) bool {
	tb.Helper()
	ok, err := h.Verify(tb.Context(), hash, plain)
	if err != nil {
		tb.Fatalf("Verify: %v", err)
	}
	return ok
}

// SEC-12
func TestHashesAreSaltedPHCStrings(t *testing.T) {
	t.Parallel()
	want := regexp.MustCompile(`^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$`)
	h := newHasher(t, password.Options{MaxWait: time.Minute})
	seen := map[string]bool{}
	for range 5 {
		hash := mustHash(t, h, phrase)
		if !want.MatchString(hash.Reveal()) {
			t.Fatalf("hash is %q", hash.Reveal())
		}
		salt := strings.Split(hash.Reveal(), "$")[4]
		if seen[salt] {
			t.Fatal("a salt came twice")
		}
		seen[salt] = true
		reread := mustParse(t, hash.Reveal())
		if !verify(t, h, reread, phrase) || verify(t, h, reread, phrase+"!") || h.NeedsRehash(reread) {
			t.Fatal("a new hash does not serve its password alone")
		}
	}
}

// SEC-13
func TestNewRefusesWeakAndAbsurdParams(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		params password.Params
		ok     bool
	}{
		{password.Params{}, true},
		{password.Params{MemoryKiB: 46 << 10, Passes: 1}, true},
		{password.Params{MemoryKiB: 46<<10 - 1, Passes: 1}, false},
		{password.Params{MemoryKiB: 19 << 10, Passes: 2}, true},
		{password.Params{MemoryKiB: 19<<10 - 1, Passes: 2}, false},
		{password.Params{MemoryKiB: 19<<10 - 1}, false},
		{password.Params{MemoryKiB: 12 << 10, Passes: 3}, true},
		{password.Params{MemoryKiB: 12<<10 - 1, Passes: 3}, false},
		{password.Params{MemoryKiB: 12<<10 - 1, Passes: 80}, false},
		{password.Params{MemoryKiB: 1, Passes: 4_000_000_000}, false},
		{password.Params{Passes: 1}, false},
		{password.Params{Passes: 3}, true},
		{password.Params{MemoryKiB: 256 << 10, Passes: 4}, true},
		{password.Params{MemoryKiB: 256 << 10, Passes: 5}, false},
		{password.Params{MemoryKiB: 256<<10 + 1, Passes: 1}, false},
		{password.Params{MemoryKiB: 1 << 16, Passes: 1 << 16}, false},
		{password.Params{MemoryKiB: 1<<32 - 1, Passes: 1<<32 - 1}, false},
	} {
		if _, err := password.New(password.Options{Params: tc.params}); (err == nil) != tc.ok {
			t.Errorf("New(%+v) error = %v, want ok %v", tc.params, err, tc.ok)
		}
	}
}

func TestNewRefusesImpossibleOptions(t *testing.T) {
	t.Parallel()
	for _, o := range []password.Options{
		{Slots: -1},
		{Slots: 1 << 20},
		{MaxWait: time.Hour},
		{InsecureCheap: true, Params: password.Params{MemoryKiB: 19 << 10}},
		{InsecureCheap: true, Params: password.Params{Passes: 2}},
	} {
		if _, err := password.New(o); err == nil {
			t.Errorf("New(%+v) gives no error", o)
		}
	}
}

func TestDefaultIsOneForTheProcess(t *testing.T) {
	t.Parallel()
	if one, other := password.Default(), password.Default(); one != other {
		t.Error("two default hashers have twice the budget")
	}
}

// Made by the reference implementation (Debian's argon2 0~20171227) and by
// libxcrypt, with the salt "sixteen bytes ok" or "abcdefghijklmnopqrstuu".
func TestVerifyAgreesWithOtherImplementations(t *testing.T) {
	t.Parallel()
	for stored, plain := range map[string]string{
		"$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$bAfnes5HACCDehV3nD4BAoSgv8xaEH/F3i1SkZIIJbI":                                           phrase,
		"$argon2id$v=19$m=47104,t=1,p=1$" + salt + "$u7XT830GF3BvJhlp9xwvF9ytzzQ40+jPjZ6Tzn12Tug":                                           phrase,
		"$argon2id$v=19$m=12288,t=3,p=1$" + salt + "$YzWtkGDrbY0r3g/90YlV0A/U6Iq6owRXEm5RGrVr3Jo":                                           phrase,
		"$argon2id$v=19$m=4096,t=3,p=4$" + salt + "$gKGa4fwhBeQ9eVuQBj1Ti2kd0AsAW12dVQEFRGFK5xc":                                            phrase,
		"$argon2id$v=19$m=1024,t=4,p=2$" + salt + "$VicveCYYS5g7eZLlApntOpPhtFLNo/Vdq6iXdfuk1oBcvlQ9RdTrM+E8wLfTWQf9JWXBFza0+B5MceNpiPqzRQ": phrase,
		"$argon2id$v=19$m=256,t=2,p=1$" + salt + "$go6dNuVhfEjesPnbU6lXsHB98QQ9rh0j0gV2sh9b+9Y":                                             "Zwölf Boxkämpfer 🥊",
		"$argon2id$v=19$m=12288,t=2,p=17$" + salt + "$Fhd/uTdzy5oWFMcCPFWHohG1mOqFbV+qMr9FIAaFUBs":                                          phrase,
		"$argon2id$v=19$m=65536,t=3,p=32$" + salt + "$B8hIfUUhGI6EFjF3T6ZVjJ9vKSssOBBMRm+T7Y4iTfg":                                          phrase,
		"$argon2id$v=19$m=2048,t=1,p=64$" + salt + "$5tfEk0RQg3S0lLNq8edK44fb/GWCc5ADKLnhIU86o0g":                                           phrase,
		"$argon2id$v=19$m=4096,t=2,p=255$" + salt + "$GCcmASDm9CuuwQ9chS704MGaQ+IL7gosqqnQcJj1+UQ":                                          phrase,
		argonHash:  phrase,
		bcryptHash: phrase,
		strings.Replace(bcryptHash, "$2b$", "$2a$", 1): phrase,
		strings.Replace(bcryptHash, "$2b$", "$2y$", 1): phrase,
	} {
		h, hash := cheapHasher(t), mustParse(t, stored)
		if !verify(t, h, hash, plain) {
			t.Errorf("%s: its own password does not match", stored)
		}
		if verify(t, h, hash, plain+" ") || verify(t, h, hash, "") {
			t.Errorf("%s: another password matches", stored)
		}
	}
}

// SEC-16: bcrypt reads 72 bytes, so a longer guess would match a shorter password.
func TestBcryptNeverMatchesMoreThan72Bytes(t *testing.T) {
	t.Parallel()
	h := cheapHasher(t)
	full := strings.Repeat("x", 72)
	hash := mustParse(t, "$2b$04$abcdefghijklmnopqrstuubzadhGtS2zEF.gu0yd0opP6cVzb.e0i")
	if !verify(t, h, hash, full) {
		t.Fatal("72 bytes do not match")
	}
	for _, guess := range []string{full + "x", full + "y", full + strings.Repeat("z", 100), full[:71]} {
		if verify(t, h, hash, guess) {
			t.Errorf("%d bytes match", len(guess))
		}
	}
	empty := mustParse(t, "$2b$04$abcdefghijklmnopqrstuubyCG3zY1GIXMyxfivm.ClDiInHzxjiq")
	if verify(t, h, empty, "") {
		t.Error("the empty password matches")
	}
}

// SEC-3: nothing is trimmed, cut or folded.
func TestOnlyTheExactPasswordMatches(t *testing.T) {
	t.Parallel()
	h := cheapHasher(t)
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		plain := randomPassword(rng, 1+rng.IntN(254))
		hash := mustHash(t, h, plain)
		if !verify(t, h, hash, plain) {
			t.Fatalf("%q does not match itself", plain)
		}
		points := []rune(plain)
		for _, other := range []string{
			string(points[:len(points)-1]), string(points[1:]), plain + "1", plain + " ", " " + plain, plain + "\t", plain + "\x00",
			swapCase(plain), strings.ReplaceAll(plain, "a", "b") + "b",
		} {
			if other != plain && verify(t, h, hash, other) {
				t.Fatalf("%q matches the hash of %q", other, plain)
			}
		}
	}
}

// randomPassword has n code points that NFC leaves alone.
func randomPassword(rng *rand.Rand, n int) string {
	alphabet := []rune(" !~09azAZäßéñçøŁжЯαΩשعあア漢字한글₿€🔑🥊")
	points := make([]rune, n)
	for i := range points {
		points[i] = alphabet[rng.IntN(len(alphabet))]
	}
	return string(points)
}

func swapCase(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsUpper(r) {
			return unicode.ToLower(r)
		}
		return unicode.ToUpper(r)
	}, s)
}

// SEC-2: long, printable, spaced and pictorial passwords are all welcome.
func TestEveryAllowedPasswordIsAcceptedAndVerified(t *testing.T) {
	t.Parallel()
	h := cheapHasher(t)
	printable := make([]byte, 0, 95)
	for c := byte(' '); c <= '~'; c++ {
		printable = append(printable, c)
	}
	rng := rand.New(rand.NewPCG(3, 4))
	passwords := []string{string(printable), "x" + strings.Repeat("🔑🥊", 127) + "y", "   spaces   all   around   "}
	for n := 64; n <= 256; n++ {
		passwords = append(passwords, randomPassword(rng, n))
	}
	for _, plain := range passwords {
		if err := (password.Policy{}).Check(plain); err != nil {
			t.Fatalf("Check(%q): %v", plain, err)
		}
		if !verify(t, h, mustHash(t, h, plain), plain) {
			t.Fatalf("%q does not match itself", plain)
		}
	}
}

// SEC-4: the canonical forms of a text are one password; a compatible one is another.
func TestUnicodeFormsOfOneTextAreOnePassword(t *testing.T) {
	t.Parallel()
	h := cheapHasher(t)
	rng := rand.New(rand.NewPCG(5, 6))
	plain := []string{"Åsa trinkt Café in Hà Nội", "한글 비밀번호 한글 비밀번호", "Ω ohm Å ångström", strings.Repeat("각", 255) + "낙"}
	for range 50 {
		plain = append(plain, randomPassword(rng, 15+rng.IntN(200)))
	}
	for _, p := range plain {
		hash := mustHash(t, h, p)
		for _, form := range []norm.Form{norm.NFC, norm.NFD} {
			if !verify(t, h, hash, form.String(p)) {
				t.Errorf("form %d of %q does not match", form, p)
			}
			if got := (password.Policy{}).Check(form.String(p)); got != nil {
				t.Errorf("form %d of %q is refused: %v", form, p, got)
			}
		}
	}
	if verify(t, h, mustHash(t, h, "ﬁfteen characters ①"), "fifteen characters 1") {
		t.Error("compatible characters are folded")
	}
}

func TestHashRefusesWhatCannotBeAPassword(t *testing.T) {
	t.Parallel()
	h := cheapHasher(t)
	for plain, want := range unhashable() {
		var refused *password.PolicyError
		hash, err := h.Hash(t.Context(), plain)
		if !errors.As(err, &refused) || refused.Code != want || !hash.IsZero() {
			t.Errorf("Hash of %d bytes: %v, want code %s", len(plain), err, want)
		}
	}
	if _, err := h.Hash(t.Context(), strings.Repeat("🔑", 256)); err != nil {
		t.Errorf("256 code points in 1024 bytes: %v", err)
	}
}

func unhashable() map[string]password.Code {
	return map[string]password.Code{
		"":                            password.CodeTooShort,
		strings.Repeat("a", 257):      password.CodeTooLong,
		strings.Repeat("a", 1025):     password.CodeTooLong,
		strings.Repeat("🔑", 257):      password.CodeTooLong,
		strings.Repeat("a", 3073):     password.CodeTooLong,
		strings.Repeat("\xff", 1<<20): password.CodeTooLong,
		"not \xff UTF-8":              password.CodeInvalid,
		"a NUL \x00 inside":           password.CodeInvalid,
	}
}

// SEC-15: the core replaces what this reports.
func TestNeedsRehashTellsOlderHashes(t *testing.T) {
	t.Parallel()
	h := newHasher(t, password.Options{})
	argon := func(params, salt, tag string) string { return "$argon2id$v=19$" + params + "$" + salt + "$" + tag }
	long := strings.Repeat("A", 43)
	for stored, want := range map[string]bool{
		argon("m=19456,t=2,p=1", salt, long):                                            false,
		argon("m=65536,t=3,p=4", salt, long):                                            false,
		argon("m=19455,t=2,p=1", salt, long):                                            true,
		argon("m=47104,t=1,p=1", salt, long):                                            true,
		argon("m=12288,t=3,p=1", salt, long):                                            true,
		argon("m=19456,t=2,p=1", "c29tZXNhbHQ", long):                                   true,
		argon("m=19456,t=2,p=1", salt, tag):                                             true,
		strings.Replace(argon("m=65536,t=3,p=1", salt, long), "argon2id", "argon2i", 1): true,
		bcryptHash: true,
	} {
		if got := h.NeedsRehash(mustParse(t, stored)); got != want {
			t.Errorf("NeedsRehash(%s) = %v", stored, got)
		}
	}
	if h.NeedsRehash(password.Hash{}) {
		t.Error("no password needs no new hash")
	}
	if stronger := newHasher(t, password.Options{Params: password.Params{Passes: 3}}); !stronger.NeedsRehash(mustHash(t, h, phrase)) {
		t.Error("a hash of the former parameters needs none")
	}
}

// SEC-29, SEC-32, SEC-33: argon2id's memory tells what was computed. It does not run
// beside other tests, for it counts what is allocated.
func TestEveryMissDoesTheSameWork(t *testing.T) { //nolint:paralleltest // see above
	h := newHasher(t, password.Options{})
	hash := mustHash(t, h, phrase)
	stale := mustParse(t, "$argon2id$v=19$m=4096,t=2,p=1$"+salt+"$"+strings.Repeat("A", 43))
	work := func(hash password.Hash, plain string) uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if verify(t, h, hash, plain) {
			t.Fatalf("%d bytes match", len(plain))
		}
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	const memory = 19 << 20
	for name, other := range map[string]password.Hash{"existing": hash, "no account": {}, "older parameters": stale} {
		if got := work(other, "wrong "+phrase); got < memory || got > memory+memory/100 {
			t.Errorf("%s: a wrong password costs %d bytes, want %d", name, got, memory)
		}
		for plain := range unhashable() { // SEC-146
			if got := work(other, plain); got > memory/100 {
				t.Errorf("%s: a password of %d bytes that cannot be costs %d bytes", name, len(plain), got)
			}
		}
	}
}

func TestZeroHashMatchesNothing(t *testing.T) {
	t.Parallel()
	h := cheapHasher(t)
	for _, plain := range []string{"", phrase, strings.Repeat("\x01", 32)} {
		if verify(t, h, password.Hash{}, plain) {
			t.Errorf("%q matches the zero hash", plain)
		}
	}
}

func TestEndedContextHashesNothing(t *testing.T) {
	t.Parallel()
	h := cheapHasher(t)
	hash := mustHash(t, h, phrase)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.Hash(ctx, phrase); !errors.Is(err, context.Canceled) {
		t.Errorf("Hash: %v", err)
	}
	if ok, err := h.Verify(ctx, hash, phrase); ok || !errors.Is(err, context.Canceled) {
		t.Errorf("Verify: %v, %v", ok, err)
	}
}
