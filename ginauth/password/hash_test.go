package password_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/ginauth/ginauth/ginauth/password"
)

const (
	salt = "c2l4dGVlbiBieXRlcyBvaw" // "sixteen bytes ok"
	tag  = "MhTvHa+0BDLGirH3Ot2t9Q"

	argonHash  = "$argon2id$v=19$m=64,t=1,p=1$" + salt + "$" + tag
	bcryptHash = "$2b$04$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG"
)

func mustParse(tb testing.TB, s string) password.Hash {
	tb.Helper()
	h, err := password.ParseHash(s)
	if err != nil {
		tb.Fatalf("ParseHash: %v", err)
	}
	return h
}

// SEC-19: every way a value usually gets into a log, an error or a response.
func TestHashNeverShowsItself(t *testing.T) {
	t.Parallel()
	h := mustParse(t, argonHash)
	type user struct {
		Name   string
		Hash   password.Hash
		Maybe  *password.Hash
		hidden password.Hash
		list   []password.Hash
	}
	type embedding struct{ password.Hash }
	u := user{Name: "u", Hash: h, Maybe: &h, hidden: h, list: []password.Hash{h}}
	shown := make([]string, 0, 64)
	for _, v := range []any{h, &h, u, &u, []password.Hash{h}, map[string]password.Hash{"k": h}, embedding{h}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T", "%p", "%c"} {
			shown = append(shown, fmt.Sprintf(verb, v))
		}
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Info("m", "v", v)
		slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "v", v)
		shown = append(shown, log.String())
		if encoded, err := json.Marshal(v); err == nil {
			shown = append(shown, string(encoded))
		}
		if encoded, err := xml.Marshal(v); err == nil {
			shown = append(shown, string(encoded))
		}
	}
	shown = append(shown, h.String(), h.GoString())
	for _, s := range shown {
		for _, secret := range []string{salt, tag, "argon2id", fmt.Sprintf("%x", salt), fmt.Sprintf("%X", tag)} {
			if strings.Contains(s, secret) {
				t.Errorf("hash shows in %q", s)
			}
		}
	}
	if got, err := json.Marshal(u.Hash); err != nil || string(got) != `"[hash]"` {
		t.Errorf("json.Marshal = %s, %v", got, err)
	}
}

func TestHashIsNoQueryArgument(t *testing.T) {
	t.Parallel()
	if v, err := mustParse(t, argonHash).Value(); err == nil || v != nil {
		t.Errorf("Value() = %v, %v; want an error, or drivers store the text that hides the hash", v, err)
	}
}

// SEC-18: a comparison that is not constant-time does not compile.
func TestHashIsComparedByEqualOnly(t *testing.T) {
	t.Parallel()
	if reflect.TypeFor[password.Hash]().Comparable() {
		t.Error("Hash can be compared with ==")
	}
	a, b, zero := mustParse(t, argonHash), mustParse(t, bcryptHash), password.Hash{}
	if !a.Equal(mustParse(t, argonHash)) || a.Equal(b) || a.Equal(zero) || zero.Equal(a) || !zero.Equal(password.Hash{}) {
		t.Error("Equal does not compare the stored strings")
	}
	if !zero.IsZero() || a.IsZero() || zero.Reveal() != "" || a.Reveal() != argonHash {
		t.Error("IsZero or Reveal is wrong")
	}
}

var foreignHashes = []string{
	argonHash,
	"$argon2id$v=19$m=65536,t=3,p=4$" + salt + "$gKGa4fwhBeQ9eVuQBj1Ti2kd0AsAW12dVQEFRGFK5xc",
	"$argon2id$v=19$m=262144,t=4,p=16$" + salt + "$" + tag,
	"$argon2id$v=19$m=262144,t=4,p=255$" + salt + "$" + tag,
	"$argon2id$v=19$m=2040,t=1,p=255$" + salt + "$" + tag,
	"$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$" + tag,
	"$argon2i$v=19$m=65536,t=3,p=4$" + salt + "$" + tag,
	bcryptHash,
	strings.Replace(bcryptHash, "$2b$04", "$2a$15", 1),
	strings.Replace(bcryptHash, "$2b$04", "$2y$12", 1),
}

func TestParseHashKeepsTheStoredString(t *testing.T) {
	t.Parallel()
	for _, s := range foreignHashes {
		if got := mustParse(t, s).Reveal(); got != s {
			t.Errorf("ParseHash(%q).Reveal() = %q", s, got)
		}
	}
}

func hostileHashes() map[string]string {
	argon := func(params string) string { return "$argon2id$v=19$" + params + "$" + salt + "$" + tag }
	return map[string]string{
		"empty":               "",
		"blank":               " ",
		"plain text":          "correct horse battery staple",
		"decoy text":          "[hash]",
		"4 GiB":               argon("m=4194304,t=1,p=1"),
		"largest memory":      argon("m=4294967295,t=1,p=1"),
		"memory overflow":     argon("m=18446744073709551616,t=1,p=1"),
		"product overflow":    argon("m=65536,t=65536,p=1"),
		"no memory":           argon("m=0,t=1,p=1"),
		"little memory":       argon("m=7,t=1,p=1"),
		"memory below lanes":  argon("m=64,t=1,p=9"),
		"memory of 254 lanes": argon("m=2039,t=1,p=255"),
		"work of many lanes":  argon("m=262144,t=5,p=255"),
		"no passes":           argon("m=19456,t=0,p=1"),
		"many passes":         argon("m=19456,t=4294967295,p=1"),
		"too much work":       argon("m=262144,t=5,p=1"),
		"no lanes":            argon("m=19456,t=2,p=0"),
		"many lanes":          argon("m=19456,t=2,p=256"),
		"lanes beyond a byte": argon("m=19456,t=2,p=257"),
		"negative":            argon("m=-1,t=2,p=1"),
		"plus":                argon("m=+19456,t=2,p=1"),
		"leading zero":        argon("m=019456,t=2,p=1"),
		"underscore":          argon("m=19_456,t=2,p=1"),
		"hexadecimal":         argon("m=0x4c00,t=2,p=1"),
		"order":               argon("t=2,m=19456,p=1"),
		"keyid":               argon("m=19456,t=2,p=1,keyid=AA"),
		"missing lanes":       argon("m=19456,t=2"),
		"empty salt":          "$argon2id$v=19$m=64,t=1,p=1$$" + tag,
		"empty tag":           "$argon2id$v=19$m=64,t=1,p=1$" + salt + "$",
		"short tag":           "$argon2id$v=19$m=64,t=1,p=1$" + salt + "$AAAA",
		"padding":             argonHash + "==",
		"stray bits":          strings.TrimSuffix(argonHash, "Q") + "R",
		"line break":          argonHash[:60] + "\n" + argonHash[60:],
		"trailing line break": argonHash + "\n",
		"more fields":         argonHash + "$",
		"huge base64":         argonHash + strings.Repeat("A", 1<<20),
		"huge number":         argon("m=" + strings.Repeat("1", 1<<20) + ",t=1,p=1"),
		"many dollars":        "$argon2id$" + strings.Repeat("$", 1<<20),
		"old version":         strings.Replace(argonHash, "v=19", "v=16", 1),
		"no version":          strings.Replace(argonHash, "v=19$", "", 1),
		"argon2i, 4 GiB":      strings.Replace(argon("m=4194304,t=1,p=1"), "argon2id", "argon2i", 1),
		"beyond ASCII":        "pbkdf2_sha256$1$sälzchen$",
		"a long text":         strings.Repeat("a", 513),
		"bcrypt cost 31":      strings.Replace(bcryptHash, "$04$", "$31$", 1),
		"bcrypt cost 16":      strings.Replace(bcryptHash, "$04$", "$16$", 1),
		"bcrypt cost 3":       strings.Replace(bcryptHash, "$04$", "$03$", 1),
		"bcrypt cost x":       strings.Replace(bcryptHash, "$04$", "$-4$", 1),
		"bcrypt 2x":           strings.Replace(bcryptHash, "$2b$", "$2x$", 1),
		"bcrypt 2":            strings.Replace(bcryptHash, "$2b$", "$2$", 1),
		"bcrypt short":        bcryptHash[:59],
		"bcrypt long":         bcryptHash + "G",
		"bcrypt alphabet":     bcryptHash[:59] + "=",
		"bcrypt NUL":          bcryptHash[:59] + "\x00",
		"bcrypt prefix":       "$2",
	}
}

// SEC-14. It does not run beside other tests, for it counts what is allocated.
func TestParseHashRefusesHostileStrings(t *testing.T) { //nolint:paralleltest // see above
	for name, s := range hostileHashes() {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := time.Now()
		h, err := password.ParseHash(s)
		took := time.Since(start)
		runtime.ReadMemStats(&after)
		for range 4 { // the quickest counts: others work on this machine too
			start = time.Now()
			_, _ = password.ParseHash(s)
			took = min(took, time.Since(start))
		}
		if !errors.Is(err, password.ErrMalformedHash) || !h.IsZero() {
			t.Errorf("%s: accepted, error %v", name, err)
			continue
		}
		if err.Error() != "parsing password hash: malformed or unsupported password hash" {
			t.Errorf("%s: the error says more than it should: %v", name, err)
		}
		if took > 50*time.Millisecond {
			t.Errorf("%s: took %v", name, took)
		}
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 64<<10 {
			t.Errorf("%s: allocated %d bytes", name, grown)
		}
	}
}
