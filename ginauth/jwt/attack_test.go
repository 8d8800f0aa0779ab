package jwt_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/jwt"
)

// attack is a token that must not be accepted.
type attack struct {
	name  string
	token func(*testing.T, *bench) string
}

func withClaims(name string, edit object) attack {
	return attack{name, func(t *testing.T, b *bench) string { t.Helper(); return b.token(t, edit) }}
}

func withHeader(name string, edit object) attack {
	return attack{name, func(t *testing.T, b *bench) string { t.Helper(); return b.tokenWithHeader(t, edit) }}
}

func withText(name string, change func(header, claims string) (string, string)) attack {
	return attack{name, func(t *testing.T, b *bench) string {
		t.Helper()
		header, claims := change(marshal(t, b.key.header(nil)), marshal(t, claimsAt(b.clock.Now(), nil)))
		return b.key.forge(t, header, claims)
	}}
}

func spelled(name string, change func(token string) string) attack {
	return attack{name, func(t *testing.T, b *bench) string { t.Helper(); return change(b.token(t, nil)) }}
}

// unsigned replaces the header and the signature.
func unsigned(name, algorithm, signature string) attack {
	return attack{name, func(t *testing.T, b *bench) string {
		t.Helper()
		claims := marshal(t, claimsAt(b.clock.Now(), nil))
		return b64([]byte(marshal(t, b.key.header(object{"alg": algorithm})))) + "." + b64([]byte(claims)) + "." + signature
	}}
}

// confused signs by an HMAC with a spelling of the public key as the secret.
func confused(name string, algorithm jwt.Algorithm, secret func(crypto.PublicKey) []byte) attack {
	return attack{name, func(t *testing.T, b *bench) string {
		t.Helper()
		signer, ok := b.key.material.(crypto.Signer)
		if !ok {
			t.Skip("a secret has no public half")
		}
		signed := b64([]byte(marshal(t, b.key.header(object{"alg": algorithm})))) + "." + b64([]byte(marshal(t, claimsAt(b.clock.Now(), nil))))
		return signed + "." + b64(signAs(t, algorithm, secret(signer.Public()), signed))
	}}
}

func derOf(public crypto.PublicKey) []byte {
	der, _ := x509.MarshalPKIXPublicKey(public)
	return der
}

func pemOf(public crypto.PublicKey) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: derOf(public)})
}

// bytesOf is the public key as a JWK or a raw file has it.
func bytesOf(public crypto.PublicKey) []byte {
	switch k := public.(type) {
	case ed25519.PublicKey:
		return k
	case *ecdsa.PublicKey:
		point, _ := k.ECDH()
		return point.Bytes()
	case *rsa.PublicKey:
		return k.N.Bytes()
	}
	return nil
}

// foreign signs with a key of the attacker's, which the header recommends.
func foreign(name string, header object) attack {
	return attack{name, func(t *testing.T, b *bench) string {
		t.Helper()
		own := pairOf(t, b.key.ID(), b.key.Algorithm(), newMaterial(t, b.key.Algorithm(), otherRSA))
		if _, ok := header["jwk"]; ok {
			signer, isSigner := own.material.(crypto.Signer)
			if !isSigner {
				t.Skip("a secret has no public half")
			}
			header = object{"jwk": object{"kty": "OKP", "crv": "Ed25519", "x": b64(bytesOf(signer.Public()))}}
		}
		return own.forge(t, marshal(t, own.header(header)), marshal(t, claimsAt(b.clock.Now(), nil)))
	}}
}

// others says another algorithm than the key's, of its own family too, and signs by it where the material can.
func others() (list []attack) {
	for _, algorithm := range everyAlgorithm {
		list = append(list, attack{"alg " + string(algorithm) + " of a key for another", func(t *testing.T, b *bench) string {
			t.Helper()
			if algorithm == b.key.Algorithm() {
				t.Skip("this is its own")
			}
			signed := b64([]byte(marshal(t, b.key.header(object{"alg": algorithm})))) + "." + b64([]byte(marshal(t, claimsAt(b.clock.Now(), nil))))
			if sameKind(algorithm, b.key.Algorithm()) {
				return signed + "." + b64(signAs(t, algorithm, b.key.material, signed))
			}
			return signed + "." + b64(b.key.sign(t, signed))
		}}, attack{"signed by " + string(algorithm) + " and said to be of the key's", func(t *testing.T, b *bench) string {
			t.Helper()
			if algorithm == b.key.Algorithm() || !sameKind(algorithm, b.key.Algorithm()) {
				t.Skip("its material cannot sign so")
			}
			signed := b64([]byte(marshal(t, b.key.header(nil)))) + "." + b64([]byte(marshal(t, claimsAt(b.clock.Now(), nil))))
			return signed + "." + b64(signAs(t, algorithm, b.key.material, signed))
		}})
	}
	return list
}

// sameKind says whether one material can sign by both algorithms.
func sameKind(a, b jwt.Algorithm) bool {
	kind := func(a jwt.Algorithm) string {
		if a[1] == 'S' && (a[0] == 'P' || a[0] == 'R') {
			return "RSA"
		}
		return string(a[:2])
	}
	return kind(a) == kind(b)
}

func attacks() []attack {
	const now = 1898831167 // newClock's
	list := others()
	for _, algorithm := range []jwt.Algorithm{jwt.HS256, jwt.HS384, jwt.HS512} {
		list = append(list,
			confused(string(algorithm)+" with the public key's bytes", algorithm, bytesOf),
			confused(string(algorithm)+" with the public key in DER", algorithm, derOf),
			confused(string(algorithm)+" with the public key in PEM", algorithm, pemOf),
			confused(string(algorithm)+" with an empty secret", algorithm, func(crypto.PublicKey) []byte { return []byte{} }), // SEC-94
		)
	}
	return append(list, []attack{
		// SEC-92: the key decides about the algorithm.
		unsigned("alg none without a signature", "none", ""),
		unsigned("alg none with one", "none", "AAAA"),
		unsigned("alg NONE", "NONE", "AAAA"),
		unsigned("alg nOnE", "nOnE", "AAAA"),
		unsigned("no alg", "", "AAAA"),
		withHeader("alg missing", object{"alg": nil}),
		withHeader("alg as a list", object{"alg": []string{"EdDSA"}}),
		{"alg in another case", func(t *testing.T, b *bench) string {
			t.Helper()
			return b.tokenWithHeader(t, object{"alg": strings.ToLower(string(b.key.Algorithm()))})
		}},
		withHeader("alg HS1", object{"alg": "HS1"}),
		withHeader("alg RS1", object{"alg": "RS1"}),
		withHeader("alg ES256K", object{"alg": "ES256K"}),
		withHeader("alg Ed25519", object{"alg": "Ed25519"}),
		// SEC-93: a key is found by its id, in memory.
		withHeader("kid missing", object{"kid": nil}),
		withHeader("kid empty", object{"kid": ""}),
		withHeader("kid null", object{"kid": json.RawMessage("null")}),
		withHeader("kid a number", object{"kid": 203003}),
		withHeader("kid a path", object{"kid": "../../../../dev/null"}),
		withHeader("kid a URL", object{"kid": "https://evil.example/keys"}),
		withHeader("kid SQL", object{"kid": "' OR '1'='1"}),
		withHeader("kid with a NUL", object{"kid": "2030-03\x00"}),
		withHeader("kid a prefix", object{"kid": "2030"}),
		withHeader("kid with a blank", object{"kid": " 2030-03"}),
		foreign("jku", object{"jku": "https://evil.example/keys"}),
		foreign("jwk", object{"jwk": object{}}),
		foreign("x5u", object{"x5u": "https://evil.example/cert"}),
		foreign("x5c", object{"x5c": []string{"MIIB"}}),
		foreign("another key of the same id", nil),
		// SEC-95: times.
		withClaims("no exp", object{"exp": nil}),
		withClaims("exp null", object{"exp": json.RawMessage("null")}),
		withClaims("exp zero", object{"exp": 0}),
		withClaims("exp as text", object{"exp": "1898831999"}),
		withClaims("exp a list", object{"exp": []int{1898831999}}),
		withClaims("exp too large", object{"exp": json.RawMessage("1e300")}),
		withClaims("exp in milliseconds", object{"exp": (now + 600) * 1000 * 1000}),
		withClaims("expired", object{"exp": now - 31}),
		withClaims("not yet valid", object{"nbf": now + 31}),
		withClaims("nbf as text", object{"nbf": "x"}),
		withClaims("issued later", object{"iat": now + 31}),
		withClaims("no iat", object{"iat": nil}),
		// SEC-96: whose token it is, for whom, and what for.
		withClaims("no iss", object{"iss": nil}),
		withClaims("another iss", object{"iss": "https://api.example.org"}),
		withClaims("iss with a slash", object{"iss": issuer + "/"}),
		withClaims("iss as a list", object{"iss": []string{issuer}}),
		withClaims("no aud", object{"aud": nil}),
		withClaims("another aud", object{"aud": "https://other.example.com"}),
		withClaims("aud empty", object{"aud": []string{}}),
		withClaims("aud of numbers", object{"aud": []any{1, audience}}),
		withClaims("aud an object", object{"aud": object{"a": audience}}),
		withClaims("no sub", object{"sub": nil}),
		withClaims("sub empty", object{"sub": ""}),
		withClaims("sub a number", object{"sub": 1}),
		withClaims("another sub", object{"sub": "0190f8a2-0000-7000-8000-000000000002"}),
		withClaims("no jti", object{"jti": nil}),
		withClaims("jti empty", object{"jti": ""}),
		withHeader("no typ", object{"typ": nil}),
		withHeader("typ JWT", object{"typ": "JWT"}),
		withHeader("typ of a refresh token", object{"typ": "rt+jwt"}),
		withHeader("typ of a logout token", object{"typ": "logout+jwt"}),
		// SEC-97: extensions and duplicates.
		withHeader("crit", object{"crit": []string{"exp"}, "exp": now}),
		withHeader("crit of the unknown", object{"crit": []string{"x"}, "x": 1}),
		withHeader("crit empty", object{"crit": []string{}}),
		withHeader("b64", object{"b64": false}),
		withHeader("zip", object{"zip": "DEF"}),
		withText("alg twice", func(h, c string) (string, string) { return `{"alg":"none",` + h[1:], c }),
		withText("kid twice", func(h, c string) (string, string) { return h[:len(h)-1] + `,"kid":"2030-03"}`, c }),
		withText("alg twice, escaped", func(h, c string) (string, string) { return `{"\u0061lg":"none",` + h[1:], c }),
		withText("sub twice", func(h, c string) (string, string) { return h, `{"sub":"x",` + c[1:] }),
		withText("alg in capitals", func(h, c string) (string, string) { return strings.Replace(h, `"alg"`, `"ALG"`, 1), c }),
		withText("exp in capitals", func(h, c string) (string, string) { return h, strings.Replace(c, `"exp"`, `"EXP"`, 1) }),
		withText("header a list", func(_, c string) (string, string) { return `[]`, c }),
		withText("header null", func(_, c string) (string, string) { return `null`, c }),
		withText("header empty", func(_, c string) (string, string) { return ``, c }),
		withText("something behind the header", func(h, c string) (string, string) { return h + `{}`, c }),
		withText("something behind the claims", func(h, c string) (string, string) { return h, c + ` x` }),
		withText("claims a list", func(h, _ string) (string, string) { return h, `[]` }),
		withText("claims nested deeply", func(h, c string) (string, string) {
			return h, c[:len(c)-1] + `,"x":` + strings.Repeat("[", 2500) + `}`
		}),
		withText("too many members", func(h, c string) (string, string) {
			var b strings.Builder
			for i := range 100 {
				b.WriteString(`,"x` + strconv.Itoa(i) + `":1`)
			}
			return h, c[:len(c)-1] + b.String() + "}"
		}),
		// SEC-98: a token has one spelling.
		spelled("signature cut", func(s string) string { return s[:len(s)-1] }),
		spelled("signature gone", func(s string) string { return s[:strings.LastIndexByte(s, '.')+1] }),
		spelled("signature gone with its dot", func(s string) string { return s[:strings.LastIndexByte(s, '.')] }),
		spelled("signature longer", func(s string) string { return s + "AA" }),
		spelled("padded", func(s string) string { return s + "==" }),
		spelled("a fourth part", func(s string) string { return s + ".AAAA" }),
		spelled("trailing bits altered", alteredBits),
		spelled("claims altered", func(s string) string {
			parts := strings.Split(s, ".")
			claims, _ := base64.RawURLEncoding.DecodeString(parts[1])
			return parts[0] + "." + b64([]byte(strings.Replace(string(claims), adaID, strings.Replace(adaID, "0001", "0002", 1), 1))) + "." + parts[2]
		}),
		spelled("standard base64", func(s string) string { return strings.NewReplacer("-", "+", "_", "/").Replace(s) + "+" }),
		spelled("a blank inside", func(s string) string { return s[:9] + " " + s[9:] }),
		spelled("a tab inside", func(s string) string { return s[:9] + "\t" + s[9:] }),
		spelled("empty parts", func(string) string { return ".." }),
		spelled("dots", func(string) string { return strings.Repeat(".", 1000) }),
		spelled("random text", func(string) string { return "hello" }),
		spelled("too long", func(s string) string { return s + strings.Repeat("A", 8192) }), // SEC-101
	}...)
}

// alteredBits changes what stands behind the last byte of the signature: 64 bytes are 86
// characters, of which the last carries 2 bits.
func alteredBits(s string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, s[len(s)-1])
	return s[:len(s)-1] + alphabet[(last+1)%64:(last+1)%64+1]
}

// SEC-92, SEC-93, SEC-95, SEC-96, SEC-97, SEC-98
func TestAttacksAreRefusedByALiveServer(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	if status, body := b.get(t, "Bearer "+b.token(t, nil)); status != http.StatusOK || !strings.Contains(body, "ada@example.com") {
		t.Fatalf("a good token: %d %s", status, body)
	}
	for _, a := range attacks() {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			token := a.token(t, b)
			status, body := b.get(t, "Bearer "+token)
			if status != http.StatusUnauthorized || !strings.Contains(body, `"bad_credentials"`) {
				t.Errorf("%d %s for %s", status, body, token)
			}
		})
	}
}

// SEC-92, SEC-93, SEC-95, SEC-96, SEC-97, SEC-98: one thing is wrong at a time, for a key of each algorithm.
func TestAttacksAreRefusedWhateverTheAlgorithm(t *testing.T) {
	t.Parallel()
	for _, algorithm := range everyAlgorithm[1:] {
		t.Run(string(algorithm), func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.key = newPair(t, b.key.ID(), algorithm)
			b.options.Issuers = []jwt.Trust{{Issuer: issuer, Keys: ring(t, b.key.Key)}}
			b.serve(t, jwt.Bearer(config(), b.options))
			ask := func(token string) *httptest.ResponseRecorder {
				return b.direct(http.Header{"Authorization": {"Bearer " + token}})
			}
			if w := ask(b.token(t, nil)); w.Code != http.StatusOK {
				t.Fatalf("a good token: %d %s", w.Code, w.Body)
			}
			for _, a := range attacks() {
				t.Run(a.name, func(t *testing.T) {
					token := a.token(t, b)
					if w := ask(token); w.Code != http.StatusUnauthorized || !strings.Contains(w.Body.String(), `"bad_credentials"`) {
						t.Errorf("%d %s for %s", w.Code, w.Body, token)
					}
				})
			}
		})
	}
}

// Otherwise the attacks could be refused for a fault that they were not meant to have.
func TestTokensAtTheLimitsAreAccepted(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	now := b.clock.Now().Unix()
	for name, token := range map[string]string{
		"just expired":          b.token(t, object{"exp": now - 29}),
		"valid in a moment":     b.token(t, object{"nbf": now + 30}),
		"issued in a moment":    b.token(t, object{"iat": now + 30}),
		"several audiences":     b.token(t, object{"aud": []string{"https://other.example.com", audience}}),
		"a whole second as 1e9": b.token(t, object{"exp": json.RawMessage("1.898831999e9")}),
		"unknown claims":        b.token(t, object{"plan": "pro", "nested": object{"a": []int{1}}}),
		"typ in full":           b.tokenWithHeader(t, object{"typ": "application/at+jwt"}),
		"typ in capitals":       b.tokenWithHeader(t, object{"typ": "AT+JWT"}),
		"unknown header":        b.tokenWithHeader(t, object{"x": 1}),
		"jku beside a good key": b.tokenWithHeader(t, object{"jku": "https://evil.example/keys"}), // ignored: SEC-93
	} {
		if status, body := b.get(t, "Bearer "+token); status != http.StatusOK {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
}

// SEC-95
func TestTokenExpiresByTheClock(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	token := "Bearer " + b.token(t, nil)
	var got []int
	for _, step := range []time.Duration{0, 10 * time.Minute, 29 * time.Second, time.Second} {
		b.clock.Advance(step)
		status, _ := b.get(t, token)
		got = append(got, status)
	}
	if diff := cmp.Diff([]int{200, 200, 200, 401}, got); diff != "" {
		t.Error(diff)
	}
}

// SEC-92: keys of one material for several algorithms, side by side, and keys of other materials.
func TestEveryAlgorithmVerifiesItsOwnTokensOnly(t *testing.T) {
	t.Parallel()
	materials := map[string]any{}
	pairs := map[jwt.Algorithm]pair{}
	keys := make([]jwt.Key, len(everyAlgorithm))
	for i, a := range everyAlgorithm {
		family := string(a)
		if a[0] == 'H' || a[0] == 'R' || a[0] == 'P' {
			family = string(a[0])
		}
		if family == "P" {
			family = "R"
		}
		if materials[family] == nil {
			materials[family] = newMaterial(t, a, oneRSA)
		}
		pairs[a] = pairOf(t, string(a), a, materials[family])
		keys[i] = pairs[a].Key
	}
	b := newBench(t, func(o *jwt.BackendOptions[user]) { o.Issuers[0].Keys = ring(t, keys[0], keys[1:]...) })
	v, err := jwt.NewVerifier(b.options.Accept)
	if err != nil {
		t.Fatal(err)
	}
	claims := marshal(t, claimsAt(b.clock.Now(), nil))
	for _, signs := range everyAlgorithm {
		for _, says := range everyAlgorithm {
			for _, names := range everyAlgorithm {
				if !sameKind(names, signs) && !sameKind(names, says) {
					continue // it has nothing to do with that key
				}
				token := pairs[signs].forge(t, marshal(t, object{"alg": says, "kid": names, "typ": "at+jwt"}), claims)
				good := signs == says && says == names
				if _, err := v.Verify(t.Context(), token); (err == nil) != good || err != nil && !errors.Is(err, ginauth.ErrBadCredentials) {
					t.Errorf("signed by %s, says %s, names the key of %s: %v", signs, says, names, err)
				}
			}
		}
	}
}

// RFC 7518, 3.5: the salt is as long as the hash, whatever else older software signs with.
func TestPSSWithAnotherSaltIsRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.key = newPair(t, b.key.ID(), jwt.PS256)
	b.options.Issuers[0].Keys = ring(t, b.key.Key)
	v, err := jwt.NewVerifier(b.options.Accept)
	if err != nil {
		t.Fatal(err)
	}
	private, _ := b.key.material.(*rsa.PrivateKey)
	signed := b64([]byte(marshal(t, b.key.header(nil)))) + "." + b64([]byte(marshal(t, claimsAt(b.clock.Now(), nil))))
	sum := sha256.Sum256([]byte(signed))
	for salt, good := range map[int]bool{rsa.PSSSaltLengthEqualsHash: true, 32: true, 20: false, 1: false, 222: false} {
		signature, err := rsa.SignPSS(rand.Reader, private, crypto.SHA256, sum[:], &rsa.PSSOptions{SaltLength: salt})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := v.Verify(t.Context(), signed+"."+b64(signature)); (err == nil) != good {
			t.Errorf("a salt of %d: %v", salt, err)
		}
	}
}
