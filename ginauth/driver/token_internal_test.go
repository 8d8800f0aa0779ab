package driver

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// SEC-49
func TestTokensAreUniqueAndUniform(t *testing.T) {
	t.Parallel()
	const n = 1_000_000
	seen := make(map[[tokenBytes]byte]bool, n)
	var ones [tokenBytes * 8]int
	for range n {
		token := NewToken()
		if seen[*token.raw] {
			t.Fatal("a token came twice")
		}
		seen[*token.raw] = true
		for bit := range ones {
			ones[bit] += int(token.raw[bit/8] >> (bit % 8) & 1)
		}
	}
	limit := 5 * math.Sqrt(n) / 2 // five sigma
	for bit, count := range ones {
		if math.Abs(float64(count)-n/2) > limit {
			t.Errorf("bit %d is set %d times of %d", bit, count, n)
		}
	}
}

// SEC-52
func TestParseTokenRefusesEverySpellingButOne(t *testing.T) {
	t.Parallel()
	token := NewToken()
	good := token.Reveal()
	if parsed, ok := ParseToken(good); !ok || *parsed.raw != *token.raw {
		t.Fatalf("ParseToken(%q) = %v, %v", good, parsed.raw, ok)
	}
	for name, bad := range map[string]string{
		"empty": "", "padded": good + "=", "short": good[1:], "long": good + "A", "blank before": " " + good[1:],
		"blank after": good[1:] + " ", "line break": good[:20] + "\n" + good[21:], "carriage return": good[:42] + "\r",
		"standard alphabet": strings.Repeat("+", 43), "NUL": good[:42] + "\x00", "trailing bits": strings.Repeat("A", 42) + "B",
		"hex": strings.Repeat("0f", 32), "quoted": `"` + good[2:] + `"`,
	} {
		if _, ok := ParseToken(bad); ok {
			t.Errorf("%s: %q was accepted", name, bad)
		}
	}
}

// SEC-52
func FuzzParseToken(f *testing.F) {
	f.Add(NewToken().Reveal())
	f.Add(strings.Repeat("A", 43))
	f.Add(strings.Repeat("A", 42) + "\n")
	f.Fuzz(func(t *testing.T, s string) {
		token, ok := ParseToken(s)
		raw, err := base64.RawURLEncoding.DecodeString(s)
		canonical := err == nil && len(s) == tokenLength && base64.RawURLEncoding.EncodeToString(raw) == s
		if ok != canonical {
			t.Fatalf("ParseToken(%q) = %v, want %v", s, ok, canonical)
		}
		if ok && token.Reveal() != s {
			t.Fatalf("%q became %q", s, token.Reveal())
		}
	})
}

// SEC-160
func TestTokenDoesNotPrint(t *testing.T) {
	t.Parallel()
	token := NewToken()
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "token", token)
	marshalled, err := json.Marshal(map[string]any{"t": token})
	if err != nil {
		t.Fatal(err)
	}
	holder := struct{ token Token }{token}
	for _, text := range []string{fmt.Sprint(token), fmt.Sprintf("%v %+v %#v %d", holder, holder, holder, token), fmt.Sprintf("%v %+v %#v %s %q %x", token, token, token, token, token, token), log.String(), string(marshalled)} {
		if strings.Contains(text, token.Reveal()) || strings.Contains(text, fmt.Sprint(*token.raw)) || strings.Contains(text, fmt.Sprintf("%x", *token.raw)) {
			t.Errorf("%q shows the token", text)
		}
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("no randomness") }

// Without randomness the process ends: it hands out no token of another kind.
func TestNoTokenWithoutRandomness(t *testing.T) { // SEC-159
	const child = "GINAUTH_TEST_WITHOUT_RANDOMNESS"
	if os.Getenv(child) != "" {
		rand.Reader = broken{}
		fmt.Println("handed out", NewToken().Reveal())
		return
	}
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), child+"=1")
	out, err := cmd.CombinedOutput()
	var ended *exec.ExitError
	if !errors.As(err, &ended) || strings.Contains(string(out), "handed out") || !strings.Contains(string(out), "crypto/rand: failed to read random data") {
		t.Errorf("%v: %s", err, out)
	}
}
