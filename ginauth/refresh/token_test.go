package refresh_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/ginauth/ginauth/ginauth/refresh"
)

func TestSuccessorIsOpenedByItsPredecessorOnly(t *testing.T) {
	t.Parallel()
	first := refresh.New()
	second, seal := first.Next()
	if first.Open(seal).Reveal() != second.Reveal() {
		t.Error("the seal does not open")
	}
	third, _ := second.Next()
	for name, other := range map[string]refresh.Token{"itself": second, "its successor": third, "a stranger": refresh.New()} {
		if other.Open(seal).Key().Digest == second.Key().Digest {
			t.Errorf("%s opens the seal", name)
		}
	}
	if first.Key().Selector != third.Key().Selector || first.Key().Digest == second.Key().Digest || refresh.New().Key().Selector == first.Key().Selector {
		t.Error("selectors do not tell logins apart")
	}
}

// Two answers to one token must not reveal one another.
func TestSuccessorsOfOneTokenDiffer(t *testing.T) {
	t.Parallel()
	first := refresh.New()
	a, sealA := first.Next()
	b, sealB := first.Next()
	if a.Reveal() == b.Reveal() || sealA == sealB {
		t.Error("the successor is computed")
	}
}

// SEC-52
func FuzzParse(f *testing.F) {
	good := refresh.New().Reveal()
	for _, seed := range []string{good, good[:63], good + "A", good + "=", "", good[:62] + "\r\n", good[:32] + "\n" + good[33:], strings.Repeat("-", 64), strings.Repeat("+", 64)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if token, ok := refresh.Parse(s); ok && token.Reveal() != s {
			t.Errorf("%q is read as %q", s, token.Reveal())
		}
	})
}

func TestWhatIsRevealedIsRead(t *testing.T) {
	t.Parallel()
	token := refresh.New()
	read, ok := refresh.Parse(token.Reveal())
	if !ok || read.Key() != token.Key() || len(token.Reveal()) != 64 {
		t.Errorf("%t, %d characters", ok, len(token.Reveal()))
	}
	if _, ok := refresh.Parse(token.Reveal()[:63]); ok {
		t.Error("a cut token was read")
	}
}

// SEC-160
func TestRefreshTokenDoesNotPrint(t *testing.T) {
	t.Parallel()
	token := refresh.New()
	text, err := json.Marshal(struct{ T refresh.Token }{token})
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "token", token)
	all := fmt.Sprintf("%v %+v %#v %s %x %v", token, token, token, token, token, struct{ t refresh.Token }{token}) + string(text) + log.String()
	if strings.Contains(all, token.Reveal()[:8]) || strings.Count(all, "[refresh token]") < 7 {
		t.Error(all)
	}
}
