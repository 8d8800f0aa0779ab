package jwks_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/jwt"
	"github.com/ginauth/ginauth/ginauth/jwt/jwks"
)

func TestMain(m *testing.M) {
	gin.SetMode(gin.TestMode)
	m.Run()
}

// idp is an issuer whose answer can be changed.
type idp struct {
	*httptest.Server
	fetched atomic.Int64
	handler atomic.Pointer[http.HandlerFunc]
	other   atomic.Int64 // requests for anything but the document
}

func newIDP(tb testing.TB, handler http.HandlerFunc) *idp {
	tb.Helper()
	p := &idp{}
	p.handler.Store(&handler)
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/keys" {
			p.other.Add(1)
		} else {
			p.fetched.Add(1)
		}
		(*p.handler.Load())(w, r)
	}))
	tb.Cleanup(p.Close)
	return p
}

func (p *idp) answer(handler http.HandlerFunc) { p.handler.Store(&handler) }

func text(s string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(s)) }
}

func keySet(keys ...map[string]any) http.HandlerFunc {
	body, err := json.Marshal(map[string]any{"keys": keys})
	if err != nil {
		panic(err)
	}
	return text(string(body))
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func ed(id string, edit map[string]any) map[string]any {
	public, _, _ := ed25519.GenerateKey(rand.Reader)
	k := map[string]any{"kty": "OKP", "crv": "Ed25519", "x": b64(public), "kid": id, "alg": "EdDSA", "use": "sig"}
	for name, value := range edit {
		k[name] = value
		if value == nil {
			delete(k, name)
		}
	}
	return k
}

func ec(id string) map[string]any {
	key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	public, _ := key.PublicKey.ECDH()
	raw := public.Bytes()
	return map[string]any{"kty": "EC", "crv": "P-256", "x": b64(raw[1:33]), "y": b64(raw[33:]), "kid": id}
}

func (p *idp) keys(tb testing.TB, o jwks.Options) *jwks.Keys {
	tb.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	tb.Cleanup(cancel)
	o.InsecureLoopback, o.Logger = true, slog.New(slog.DiscardHandler)
	k, err := jwks.New(ctx, p.URL+"/keys", o)
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

func expect(tb testing.TB, k *jwks.Keys, id string, want error) {
	tb.Helper()
	found, err := k.FindKey(tb.Context(), id)
	if !errors.Is(err, want) || err == nil && found.ID() != id {
		tb.Errorf("%q: %v, want %v", id, err, want)
	}
}

// The document of another ginauth service, from its handler to a request.
func TestTokensOfAnotherIssuerAreVerified(t *testing.T) {
	t.Parallel()
	key, err := jwt.Generate("", jwt.ES256)
	if err != nil {
		t.Fatal(err)
	}
	ring, err := jwt.NewRing(key)
	if err != nil {
		t.Fatal(err)
	}
	engine := gin.New()
	engine.GET("/keys", jwt.PublicKeys(ring))
	p := newIDP(t, engine.ServeHTTP)
	v, err := jwt.NewVerifier(jwt.Accept{Issuers: []jwt.Trust{{Issuer: "https://a.example.com", Keys: p.keys(t, jwks.Options{})}}, Audiences: []string{"b"}})
	if err != nil {
		t.Fatal(err)
	}
	tokens := jwt.NewIssuer(jwt.IssuerOptions{Keys: ring, Issuer: "https://a.example.com", Audiences: []string{"b"}})
	for range 3 {
		token, _, err := tokens.Issue(t.Context(), driver.Account{ID: "u1"}, jwt.Grant{})
		if err != nil {
			t.Fatal(err)
		}
		if claims, err := v.Verify(t.Context(), token); err != nil || claims.Subject != "u1" {
			t.Errorf("%+v, %v", claims, err)
		}
		if _, err := v.Verify(t.Context(), token[:len(token)-4]+"AAAA"); !errors.Is(err, ginauth.ErrBadCredentials) {
			t.Errorf("forged: %v", err)
		}
	}
	if n := p.fetched.Load(); n != 1 {
		t.Errorf("%d fetches", n)
	}
}

// SEC-92: the issuer's document decides about the algorithm, where its key's kind has it.
func TestAlgorithmIsTheOneThatTheIssuerNames(t *testing.T) {
	t.Parallel()
	rsaKey := func(id, algorithm string) map[string]any {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Fatal(err)
		}
		k := map[string]any{"kty": "RSA", "n": b64(key.N.Bytes()), "e": "AQAB", "kid": id}
		if algorithm != "" {
			k["alg"] = algorithm
		}
		return k
	}
	curve := func(id, name, algorithm string, curve elliptic.Curve) map[string]any {
		key, err := ecdsa.GenerateKey(curve, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		size := (curve.Params().BitSize + 7) / 8
		k := map[string]any{"kty": "EC", "crv": name, "kid": id, "x": b64(key.X.FillBytes(make([]byte, size))), "y": b64(key.Y.FillBytes(make([]byte, size)))}
		if algorithm != "" {
			k["alg"] = algorithm
		}
		return k
	}
	document := keySet(
		rsaKey("ps256", "PS256"), rsaKey("rs512", "RS512"), rsaKey("plain", ""), rsaKey("hs256", "HS256"), rsaKey("es256", "ES256"), rsaKey("none", "none"),
		curve("p384", "P-384", "", elliptic.P384()), curve("p521", "P-521", "ES512", elliptic.P521()), curve("mixed", "P-384", "ES256", elliptic.P384()),
	)
	for algorithm, plain := range map[jwt.Algorithm]jwt.Algorithm{"": jwt.RS256, jwt.PS384: jwt.PS384} {
		k := newIDP(t, document).keys(t, jwks.Options{Algorithm: algorithm})
		for id, want := range map[string]jwt.Algorithm{"ps256": jwt.PS256, "rs512": jwt.RS512, "plain": plain, "p384": jwt.ES384, "p521": jwt.ES512} {
			if key, err := k.FindKey(t.Context(), id); err != nil || key.Algorithm() != want {
				t.Errorf("%s: %v, want %s", id, err, want)
			}
		}
		for _, id := range []string{"hs256", "es256", "none", "mixed"} {
			expect(t, k, id, jwt.ErrNoKey)
		}
	}
	for _, bad := range []jwt.Algorithm{jwt.HS256, jwt.ES256, jwt.EdDSA, "none"} {
		if _, err := jwks.New(t.Context(), "https://example.com/keys", jwks.Options{Algorithm: bad}); err == nil || !strings.Contains(err.Error(), "Options.Algorithm") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// What PublicKeys shows of a key of each algorithm is what another service verifies with.
func TestEveryAlgorithmIsShownAndRead(t *testing.T) {
	t.Parallel()
	for _, algorithm := range []jwt.Algorithm{jwt.EdDSA, jwt.ES256, jwt.ES384, jwt.ES512, jwt.PS256, jwt.PS384, jwt.PS512, jwt.RS256, jwt.RS384, jwt.RS512} {
		key, err := jwt.Generate("", algorithm)
		if err != nil {
			t.Fatal(err)
		}
		ring, err := jwt.NewRing(key)
		if err != nil {
			t.Fatal(err)
		}
		engine := gin.New()
		engine.GET("/keys", jwt.PublicKeys(ring))
		keys := newIDP(t, engine.ServeHTTP).keys(t, jwks.Options{})
		v, err := jwt.NewVerifier(jwt.Accept{Issuers: []jwt.Trust{{Issuer: "a", Keys: keys}}, Audiences: []string{"b"}})
		if err != nil {
			t.Fatal(err)
		}
		token, _, err := jwt.NewIssuer(jwt.IssuerOptions{Keys: ring, Issuer: "a", Audiences: []string{"b"}}).Issue(t.Context(), driver.Account{ID: "u1"}, jwt.Grant{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := v.Verify(t.Context(), token); err != nil {
			t.Errorf("%s: %v", algorithm, err)
		}
	}
}

// SEC-92, SEC-93, SEC-94
func TestOnlyPublicSigningKeysCount(t *testing.T) {
	t.Parallel()
	secret := make([]byte, 48)
	_, _ = rand.Read(secret)
	public, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	private := ed("private", map[string]any{"x": b64(public), "d": b64(key.Seed())})
	p := newIDP(t, keySet(
		ed("good", nil), ec("good-ec"), ed("without-alg", map[string]any{"alg": nil, "use": nil}),
		map[string]any{"kty": "oct", "kid": "secret", "k": b64(secret)}, private,
		ed("encrypts", map[string]any{"use": "enc"}), ed("other-alg", map[string]any{"alg": "HS256"}),
		ed("double", nil), ed("double", nil), ed("", nil),
		map[string]any{"kty": "XYZ", "kid": "unknown"},
	))
	k := p.keys(t, jwks.Options{})
	for _, id := range []string{"good", "good-ec", "without-alg"} {
		expect(t, k, id, nil)
	}
	for _, id := range []string{"secret", "private", "encrypts", "other-alg", "double", "", "unknown", "GOOD"} {
		expect(t, k, id, jwt.ErrNoKey)
	}
}

func TestUnknownKeysCauseOneFetchAtATime(t *testing.T) {
	t.Parallel()
	p := newIDP(t, keySet(ed("old", nil)))
	k := p.keys(t, jwks.Options{MinPause: time.Hour})
	expect(t, k, "old", nil)
	p.answer(keySet(ed("new", nil)))
	expect(t, k, "old", nil) // cached
	expect(t, k, "new", nil) // fetched for it
	expect(t, k, "old", jwt.ErrNoKey)
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() { expect(t, k, "forged-"+strings.Repeat("x", i), jwt.ErrNoKey) })
	}
	wg.Wait()
	if n := p.fetched.Load(); n != 2 {
		t.Errorf("%d fetches", n)
	}
}

// SEC-132: whoever asks for an unknown key and hangs up must not keep the issuer's new key from everybody else.
func TestClientsThatHangUpDoNotKeepANewKeyOut(t *testing.T) {
	t.Parallel()
	p := newIDP(t, keySet(ed("old", nil)))
	k := p.keys(t, jwks.Options{MinPause: time.Hour})
	release, set := make(chan struct{}), keySet(ed("new", nil))
	p.answer(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
			set(w, r)
		case <-r.Context().Done():
		}
	})
	ctx, hangUp := context.WithCancel(t.Context())
	var gone, waiting sync.WaitGroup
	for i := range 20 {
		gone.Go(func() {
			if _, err := k.FindKey(ctx, "forged-"+strings.Repeat("x", i)); !errors.Is(err, context.Canceled) || !errors.Is(err, driver.ErrUnavailable) {
				t.Errorf("hung up: %v", err)
			}
		})
	}
	for p.fetched.Load() < 2 {
		runtime.Gosched()
	}
	for range 5 {
		waiting.Go(func() { expect(t, k, "new", nil) })
	}
	hangUp()
	gone.Wait() // at once, though the issuer has not answered
	close(release)
	waiting.Wait()
	if _, err := k.FindKey(ctx, "new"); err != nil { // known keys need nobody
		t.Errorf("a known key: %v", err)
	}
	if n := p.fetched.Load(); n != 2 {
		t.Errorf("%d fetches", n)
	}
}

// One who has hung up before they ask starts a fetch, or none, but never wastes it.
func TestRequestsThatAreOverWasteNoFetch(t *testing.T) {
	t.Parallel()
	p := newIDP(t, keySet(ed("old", nil)))
	k := p.keys(t, jwks.Options{MinPause: time.Hour})
	p.answer(keySet(ed("new", nil)))
	over, cancel := context.WithCancel(t.Context())
	cancel()
	_, _ = k.FindKey(over, "forged")
	expect(t, k, "new", nil)
}

// A key of the document that is of no use here, such as one for encryption, must not spend the fetch of a new one.
func TestUselessKeysWasteNoFetch(t *testing.T) {
	t.Parallel()
	p := newIDP(t, keySet(ed("old", nil), ed("encrypts", map[string]any{"use": "enc"})))
	k := p.keys(t, jwks.Options{MinPause: time.Hour})
	p.answer(keySet(ed("new", nil)))
	expect(t, k, "encrypts", jwt.ErrNoKey)
	expect(t, k, "new", nil)
}

func TestUnknownKeysAreAskedForAgainAfterThePause(t *testing.T) {
	t.Parallel()
	at := time.Date(2030, time.March, 4, 5, 6, 7, 0, time.UTC)
	p := newIDP(t, keySet(ed("old", nil)))
	k := p.keys(t, jwks.Options{MinPause: time.Minute, Now: func() time.Time { return at }})
	expect(t, k, "new", jwt.ErrNoKey)
	p.answer(keySet(ed("new", nil)))
	for _, step := range []struct {
		after time.Duration
		want  error
	}{{0, jwt.ErrNoKey}, {time.Minute - 1, jwt.ErrNoKey}, {1, nil}} {
		at = at.Add(step.after)
		expect(t, k, "new", step.want)
	}
}

// SEC-154
func TestIssuerThatIsAwayIsAnOutage(t *testing.T) {
	t.Parallel()
	for name, handler := range map[string]http.HandlerFunc{
		"500":         func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"no JSON":     text("<html>"),
		"broken key":  text(`{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","x":"AA"}]}`),
		"too large":   text(`{"keys":[],"x":"` + strings.Repeat("x", 1<<20) + `"}`),
		"another":     redirect("http://127.0.0.1:1/keys"),
		"another way": redirect("https://evil.example/keys"),
		"in circles":  redirect("/keys"),
	} {
		k := newIDP(t, handler).keys(t, jwks.Options{})
		if _, err := k.FindKey(t.Context(), "a"); !errors.Is(err, driver.ErrUnavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func redirect(to string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, http.StatusFound) }
}

func TestRedirectWithinTheHostIsFollowed(t *testing.T) {
	t.Parallel()
	set := keySet(ed("a", nil))
	p := newIDP(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/keys" {
			http.Redirect(w, r, "/v2/keys", http.StatusFound)
			return
		}
		set(w, r)
	})
	expect(t, p.keys(t, jwks.Options{}), "a", nil)
}

func TestRedirectToAnotherHostIsNotAsked(t *testing.T) {
	t.Parallel()
	evil := newIDP(t, keySet(ed("a", nil)))
	p := newIDP(t, redirect(evil.URL+"/keys"))
	expect(t, p.keys(t, jwks.Options{}), "a", driver.ErrUnavailable)
	if n := evil.fetched.Load(); n != 0 {
		t.Errorf("the other host was asked %d times", n)
	}
}

// SEC-93
func TestNoURLInAKeyIsFollowed(t *testing.T) {
	t.Parallel()
	p := newIDP(t, nil)
	p.answer(keySet(ed("a", map[string]any{"x5u": p.URL + "/cert", "jku": p.URL + "/more"}), ed("b", nil)))
	k := p.keys(t, jwks.Options{})
	_, _ = k.FindKey(t.Context(), "a")
	expect(t, k, "b", nil)
	if n := p.other.Load(); n != 0 {
		t.Errorf("%d URLs were followed", n)
	}
}

func TestLastKeysCountForADayWhileTheIssuerIsAway(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	at := time.Date(2030, time.March, 4, 5, 6, 7, 0, time.UTC)
	now := func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return at
	}
	p := newIDP(t, keySet(ed("a", nil)))
	k := p.keys(t, jwks.Options{Now: now})
	p.answer(text("<html>"))
	for _, step := range []struct {
		after time.Duration
		want  error
	}{{24 * time.Hour, nil}, {time.Second, driver.ErrUnavailable}} {
		mu.Lock()
		at = at.Add(step.after)
		mu.Unlock()
		expect(t, k, "a", step.want)
	}
}

func TestBadAddressesAreExplained(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		url      string
		insecure bool
		want     string
	}{
		{"", false, "https://host/path"},
		{"keys", false, "https://host/path"},
		{"https://user:secret@example.com/keys", false, "without a user"},
		{"https://example.com/keys#x", false, "https://host/path"},
		{"http://127.0.0.1/keys", false, "must begin with https://"},
		{"ftp://127.0.0.1/keys", true, "must begin with https://"},
		{"http://example.com/keys", true, "loopback address only"},
		{"http://127.0.0.1.example.com/keys", true, "loopback address only"},
	} {
		_, err := jwks.New(t.Context(), test.url, jwks.Options{InsecureLoopback: test.insecure})
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", test.url, err)
		}
	}
	if _, err := jwks.New(t.Context(), "https://example.com/keys", jwks.Options{MinPause: -1}); err == nil {
		t.Error("a negative pause was accepted")
	}
}

func FuzzDocument(f *testing.F) {
	for _, seed := range []string{`{"keys":[]}`, `{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB","kid":"a"}]}`, `{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA","kid":"a"}]}`, `{"keys":null}`, `[]`, `{"keys":[{"kty":"OKP","crv":"Ed25519","x":"","kid":"a","d":""}]}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		p := newIDP(t, text(body))
		k := p.keys(t, jwks.Options{})
		if found, err := k.FindKey(t.Context(), "a"); err == nil && (found.ID() != "a" || found.CanSign()) {
			t.Errorf("%s gives the key %s", body, found.ID())
		}
	})
}
