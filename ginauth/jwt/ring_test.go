package jwt_test

import (
	"crypto"
	"encoding/json"
	"errors"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/jwt"
)

func bigInt(b []byte) *big.Int { return new(big.Int).SetBytes(b) }

// publicOf is the public half, as crypto knows it.
func publicOf(t *testing.T, p pair) crypto.PublicKey {
	t.Helper()
	signer, ok := p.material.(crypto.Signer)
	if !ok {
		t.Fatalf("a %T has no public half", p.material)
	}
	return signer.Public()
}

func TestImpossibleRingsAreExplained(t *testing.T) {
	t.Parallel()
	a, b := newPair(t, "a", jwt.EdDSA), newPair(t, "b", jwt.EdDSA)
	verifying, err := jwt.ParseKey("v", pkix(t, publicOf(t, b)))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		make func() error
		want string
	}{
		{"no key", func() error { _, err := jwt.NewRing(jwt.Key{}); return err }, "zero Key"},
		{"a zero key beside", func() error { _, err := jwt.NewRing(a.Key, jwt.Key{}); return err }, "zero Key"},
		{"a public key that should sign", func() error { _, err := jwt.NewRing(verifying); return err }, "cannot sign"},
		{"two of one id", func() error { _, err := jwt.NewRing(a.Key, newPair(t, "a", jwt.ES256).Key); return err }, "two keys have the id"},
		{"an id that is there", func() error { return ring(t, a.Key).Add(newPair(t, "a", jwt.EdDSA).Key) }, "two keys have the id"},
		{"adding the zero key", func() error { return ring(t, a.Key).Add(jwt.Key{}) }, "zero Key"},
		{"promoting a public key", func() error { return ring(t, a.Key, verifying).Promote("v") }, "cannot sign"},
		{"promoting what is not there", func() error { return ring(t, a.Key).Promote("b") }, "not in the ring"},
		{"retiring what is not there", func() error { return ring(t, a.Key).Retire("b") }, "not in the ring"},
		{"retiring the one that signs", func() error { return ring(t, a.Key, b.Key).Retire("a") }, "signs"},
	} {
		if err := test.make(); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.name, err, test.want)
		}
	}
}

func TestFailedChangeLeavesTheRingAsItWas(t *testing.T) {
	t.Parallel()
	a, b := newPair(t, "a", jwt.EdDSA), newPair(t, "b", jwt.EdDSA)
	r := ring(t, a.Key)
	if r.Promote("b") == nil || r.Retire("a") == nil || r.Add(jwt.Key{}) == nil {
		t.Fatal("an impossible change was made")
	}
	if _, err := r.FindKey(t.Context(), "a"); err != nil {
		t.Error(err)
	}
	if _, err := r.FindKey(t.Context(), b.ID()); !errors.Is(err, jwt.ErrNoKey) {
		t.Errorf("got %v", err)
	}
}

// SEC-167
func TestRotationRefusesNoTokenUnderLoad(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	tokens := jwt.NewIssuer(jwt.IssuerOptions{Keys: b.ring, Issuer: issuer, Audiences: []string{audience}, Now: b.clock.Now})
	stop := make(chan struct{})
	var sent, refused atomic.Int64
	var wg sync.WaitGroup
	var alive sync.RWMutex // held while a token lives
	request := func() {
		alive.RLock()
		defer alive.RUnlock()
		token, _, err := tokens.Issue(t.Context(), ada().Account(), jwt.Grant{})
		if err != nil {
			t.Error(err)
			return
		}
		w := b.direct(http.Header{"Authorization": {"Bearer " + token}})
		sent.Add(1)
		if w.Code != http.StatusOK {
			refused.Add(1)
		}
	}
	for range 8 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					request()
				}
			}
		})
	}
	old := b.key.ID()
	for _, algorithm := range []jwt.Algorithm{jwt.ES256, jwt.EdDSA, jwt.HS256, jwt.EdDSA} {
		next := newPair(t, "next-"+string(algorithm)+old, algorithm)
		before := sent.Load()
		for _, step := range []func() error{
			func() error { return b.ring.Add(next.Key) },
			func() error { return b.ring.Promote(next.ID()) },
		} {
			if err := step(); err != nil {
				t.Fatal(err)
			}
		}
		alive.Lock()   // now no token of the old key lives, as after the lifetime of one
		alive.Unlock() //nolint:staticcheck // waiting was all
		for sent.Load() < before+64 {
			request()
		}
		if err := b.ring.Retire(old); err != nil {
			t.Fatal(err)
		}
		old = next.ID()
	}
	close(stop)
	wg.Wait()
	if n := refused.Load(); n > 0 {
		t.Errorf("%d of %d tokens were refused", n, sent.Load())
	}
}

// SEC-167
func TestRetiredKeysTokensDie(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	token := "Bearer " + b.token(t, nil)
	next := newPair(t, "2030-04", jwt.EdDSA)
	for _, step := range []struct {
		do   func() error
		want int
	}{
		{func() error { return b.ring.Add(next.Key) }, http.StatusOK},
		{func() error { return b.ring.Promote(next.ID()) }, http.StatusOK},
		{func() error { return b.ring.Retire(b.key.ID()) }, http.StatusUnauthorized},
	} {
		if err := step.do(); err != nil {
			t.Fatal(err)
		}
		if status, _ := b.get(t, token); status != step.want {
			t.Errorf("status %d, want %d", status, step.want)
		}
	}
}

func TestPublicKeysShowNoSecret(t *testing.T) {
	t.Parallel()
	ed, ec, rs, hs := newPair(t, "ed", jwt.EdDSA), newPair(t, "ec", jwt.ES256), newPair(t, "rs", jwt.RS256), newPair(t, "hs", jwt.HS256)
	r := ring(t, hs.Key, ed.Key, ec.Key, rs.Key)
	engine := gin.New()
	engine.GET("/.well-known/jwks.json", jwt.PublicKeys(r))
	get := func(ifNoneMatch string) *httptest.ResponseRecorder {
		q := httptest.NewRequest(http.MethodGet, "/.well-known/jwks.json", nil)
		q.Header.Set("If-None-Match", ifNoneMatch)
		return send(engine, q)
	}
	w := get("")
	var set struct{ Keys []map[string]string }
	if err := json.Unmarshal(w.Body.Bytes(), &set); err != nil {
		t.Fatal(err)
	}
	members := map[string]int{"OKP": 6, "EC": 7, "RSA": 6} // and so no d, p, q, k
	if len(set.Keys) != 3 || w.Header().Get("Content-Type") != "application/jwk-set+json" || w.Header().Get("Cache-Control") != "public, max-age=300" {
		t.Fatalf("%d keys, header %v", len(set.Keys), w.Header())
	}
	for _, k := range set.Keys {
		if k["kid"] == "hs" || len(k) != members[k["kty"]] || k["use"] != "sig" || k["alg"] == "" {
			t.Errorf("%v", k)
		}
	}
	if w := get(w.Header().Get("ETag")); w.Code != http.StatusNotModified || w.Body.Len() != 0 {
		t.Errorf("unchanged: %d", w.Code)
	}
	if err := r.Retire("rs"); err != nil {
		t.Fatal(err)
	}
	if w := get(w.Header().Get("ETag")); w.Code != http.StatusOK || strings.Contains(w.Body.String(), `"rs"`) {
		t.Errorf("changed: %d %s", w.Code, w.Body)
	}
}
