package apikey_test

import (
	"encoding/json"
	"fmt"
	"hash/crc32"
	"log/slog"
	"math"
	"regexp"
	"strings"
	"testing"

	"github.com/ginauth/ginauth/ginauth/apikey"
	"github.com/ginauth/ginauth/ginauth/driver"
)

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

func newKey(tb testing.TB, prefix string) apikey.Key {
	tb.Helper()
	k, err := apikey.NewKey(prefix)
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

// summed appends the checksum as a scanner would compute it.
func summed(text string) string {
	sum, digits := crc32.ChecksumIEEE([]byte(text)), ""
	for range 6 {
		digits = string(base62[sum%62]) + digits
		sum /= 62
	}
	return text + digits
}

// A scanner needs no more than this pattern and the checksum.
func TestKeyHasTheFormScannersLookFor(t *testing.T) {
	t.Parallel()
	text := newKey(t, "acme_").Reveal()
	if !regexp.MustCompile(`^acme_[0-9A-Za-z]{49}$`).MatchString(text) {
		t.Fatalf("%d characters", len(text))
	}
	if summed(text[:len(text)-6]) != text {
		t.Error("the last six characters are not the CRC-32 of what is before them")
	}
	// The reference value ties the format down: what was issued must stay good.
	const issued = "gak_00000000000000000000000000000000000000000001soknS"
	if k, ok := apikey.ParseKey("gak_", issued); !ok || k.Reveal() != issued {
		t.Error("a key of the first version is not good any more")
	}
}

func TestKeysAreUniqueAndEvenlyDistributed(t *testing.T) { // SEC-49
	t.Parallel()
	const n = 100_000
	seen := make(map[string]bool, n)
	var count [43][256]int
	for range n {
		text := newKey(t, "gak_").Reveal()
		if seen[text] {
			t.Fatal("a key came twice")
		}
		seen[text] = true
		for i := range 43 {
			count[i][text[4+i]]++
		}
	}
	mean, sigma := n/62.0, math.Sqrt(n/62.0*(61/62.0))
	for i := range count {
		for _, c := range []byte(base62) {
			if off := math.Abs(float64(count[i][c])-mean) / sigma; off > 6 {
				t.Errorf("character %q at %d is %.1f standard deviations off", c, i, off)
			}
		}
	}
}

func TestParserTakesNothingButAKey(t *testing.T) { // SEC-52
	t.Parallel()
	good := newKey(t, "gak_").Reveal()
	if k, ok := apikey.ParseKey("gak_", good); !ok || k.Reveal() != good || k.Digest() == (driver.Digest{}) {
		t.Fatal("a good key is refused")
	}
	swapped := []byte(good)
	swapped[10], swapped[11] = swapped[11], swapped[10]
	for swapped[10] == swapped[11] {
		swapped[11] = base62[(strings.IndexByte(base62, swapped[11])+1)%62]
	}
	for name, bad := range map[string]string{
		"empty":           "",
		"prefix alone":    "gak_",
		"another prefix":  "gab_" + good[4:],
		"upper case":      strings.ToUpper(good),
		"cut":             good[:len(good)-1],
		"extended":        good + "0",
		"newline":         good + "\n",
		"newline for end": good[:len(good)-1] + "\n",
		"blank":           " " + good[1:],
		"NUL":             good[:10] + "\x00" + good[11:],
		"minus":           good[:10] + "-" + good[11:],
		"padding":         good[:len(good)-1] + "=",
		"wide digit":      good[:10] + "０" + good[13:],
		"two swapped":     string(swapped),
		"summed minus":    summed("gak_-" + strings.Repeat("0", 42)),
		"summed newline":  summed("gak_" + strings.Repeat("0", 42) + "\n"),
		"summed NUL":      summed("gak_\x00" + strings.Repeat("0", 42)),
		"no checksum":     good[:len(good)-6] + "000000",
		"whole alphabet":  "gak_" + strings.Repeat("z", 49),
		"long":            "gak_" + strings.Repeat("0", 1<<20),
	} {
		if k, ok := apikey.ParseKey("gak_", bad); ok || k != (apikey.Key{}) {
			t.Errorf("%s is accepted", name)
		}
	}
	for i := 4; i < len(good); i++ {
		typo := []byte(good)
		typo[i] = base62[(strings.IndexByte(base62, typo[i])+1)%62]
		if _, ok := apikey.ParseKey("gak_", string(typo)); ok {
			t.Errorf("a typo at %d is accepted", i)
		}
	}
}

func FuzzParseKey(f *testing.F) { // SEC-52
	f.Add("gak_", "gak_00000000000000000000000000000000000000000001soknS")
	f.Add("acme_", newKey(f, "acme_").Reveal())
	f.Add("", "")
	f.Add("gak_", "gak_\x00\r\n")
	f.Add(strings.Repeat("a", 200), strings.Repeat("a", 249))
	f.Fuzz(func(t *testing.T, prefix, s string) {
		k, ok := apikey.ParseKey(prefix, s)
		if !ok {
			if k != (apikey.Key{}) {
				t.Error("a refused key is not zero")
			}
			return
		}
		if k.Reveal() != s || !strings.HasPrefix(s, prefix) || len(s) != len(prefix)+49 || strings.Trim(s[len(prefix):], base62) != "" {
			t.Error("accepted what is no key")
		}
		if start := k.Start(); start != s[:len(prefix)+4] {
			t.Errorf("start %q", start)
		}
	})
}

func TestKeyDoesNotPrint(t *testing.T) { // SEC-19, SEC-160
	t.Parallel()
	k := newKey(t, "gak_")
	type wrapping struct {
		Exported   apikey.Key
		unexported apikey.Key
	}
	w := wrapping{k, k}
	asJSON, err := json.Marshal(w)
	if err != nil {
		t.Fatal(err)
	}
	var logged strings.Builder
	slog.New(slog.NewTextHandler(&logged, nil)).Info("a", "key", k, "in", w)
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("a", "key", k, "in", w)
	secret := k.Reveal()[len(k.Start()):]
	for _, printed := range []string{
		fmt.Sprint(k), fmt.Sprintf("%v %+v %#v %s %q %x %d", k, k, k, k, k, k, k), fmt.Sprintf("%v %+v %#v %s %q", w, w, w, w, w),
		fmt.Sprintf("%v %#v", &k, &k), string(asJSON), logged.String(),
	} {
		if strings.Contains(printed, secret) || strings.Contains(printed, fmt.Sprintf("%x", k.Reveal())) {
			t.Error("the key is printed")
		}
	}
	if !strings.Contains(logged.String(), "[API key]") {
		t.Errorf("logged %s", logged.String())
	}
}

func TestZeroKeyIsNone(t *testing.T) {
	t.Parallel()
	var k apikey.Key
	if k.Reveal() != "" || k.Start() != "" || k.Digest() != (driver.Digest{}) {
		t.Error("the zero key is something")
	}
}

func TestPrefixIsValidated(t *testing.T) {
	t.Parallel()
	for prefix, want := range map[string]bool{
		"gak_": true, "ab_": true, "acme_live_2_": true, "a1234567890123456789": false, "a123456789012345678_": true,
		"": false, "_": false, "a_": false, "gak": false, "Gak_": false, "1ak_": false, "_ak_": false, "ga-k_": false,
		"ga k_": false, "gäk_": false, "gak_\n": false, "a1234567890123456789_": false,
	} {
		if _, err := apikey.NewKey(prefix); (err == nil) != want {
			t.Errorf("%q: %v", prefix, err)
		}
	}
}
