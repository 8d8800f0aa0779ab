package jwt_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha256" // crypto.SHA256
	_ "crypto/sha512" // crypto.SHA384, crypto.SHA512
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/jwt"
)

// pair is a key with what made it, so that tests can sign what the library never would.
type pair struct {
	jwt.Key
	material any
}

// everyAlgorithm is all that keys can have.
var everyAlgorithm = []jwt.Algorithm{
	jwt.EdDSA, jwt.ES256, jwt.ES384, jwt.ES512, jwt.PS256, jwt.PS384, jwt.PS512,
	jwt.RS256, jwt.RS384, jwt.RS512, jwt.HS256, jwt.HS384, jwt.HS512,
}

// oneRSA is shared, for making one takes long; that of a forger is another.
var oneRSA, otherRSA = sync.OnceValues(newRSA), sync.OnceValues(newRSA)

func newRSA() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) }

func newMaterial(tb testing.TB, algorithm jwt.Algorithm, rsaKey func() (*rsa.PrivateKey, error)) (material any) {
	tb.Helper()
	var err error
	switch algorithm {
	case jwt.EdDSA:
		_, material, err = ed25519.GenerateKey(rand.Reader)
	case jwt.ES256:
		material, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case jwt.ES384:
		material, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case jwt.ES512:
		material, err = ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	case jwt.RS256, jwt.RS384, jwt.RS512, jwt.PS256, jwt.PS384, jwt.PS512:
		material, err = rsaKey()
	default:
		secret := make([]byte, 64)
		_, _ = rand.Read(secret)
		material = secret
	}
	if err != nil {
		tb.Fatal(err)
	}
	return material
}

func newPair(tb testing.TB, id string, algorithm jwt.Algorithm) pair {
	tb.Helper()
	return pairOf(tb, id, algorithm, newMaterial(tb, algorithm, oneRSA))
}

func pairOf(tb testing.TB, id string, algorithm jwt.Algorithm, material any) pair {
	tb.Helper()
	k, err := jwt.NewKey(id, material)
	if err == nil {
		k, err = k.WithAlgorithm(algorithm)
	}
	if err != nil {
		tb.Fatal(err)
	}
	return pair{k, material}
}

func (p pair) sign(tb testing.TB, signed string) []byte {
	tb.Helper()
	return signAs(tb, p.Algorithm(), p.material, signed)
}

// signAs signs by any algorithm of the material's kind, whatever its key is for. It owes nothing to golang-jwt.
func signAs(tb testing.TB, algorithm jwt.Algorithm, material any, signed string) []byte {
	tb.Helper()
	hash := map[string]crypto.Hash{"256": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512}[string(algorithm)[2:]]
	sum := func() []byte {
		h := hash.New()
		h.Write([]byte(signed))
		return h.Sum(nil)
	}
	var signature []byte
	var err error
	switch k := material.(type) {
	case ed25519.PrivateKey:
		signature = ed25519.Sign(k, []byte(signed))
	case *ecdsa.PrivateKey:
		r, s, failed := ecdsa.Sign(rand.Reader, k, sum())
		if err = failed; err == nil {
			size := (k.Params().BitSize + 7) / 8
			signature = append(r.FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...)
		}
	case *rsa.PrivateKey:
		if strings.HasPrefix(string(algorithm), "PS") {
			signature, err = rsa.SignPSS(rand.Reader, k, hash, sum(), &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
		} else {
			signature, err = rsa.SignPKCS1v15(rand.Reader, k, hash, sum())
		}
	case []byte:
		mac := hmac.New(hash.New, k)
		mac.Write([]byte(signed))
		signature = mac.Sum(nil)
	}
	if err != nil || signature == nil {
		tb.Fatalf("a %T cannot sign: %v", material, err)
	}
	return signature
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func marshal(tb testing.TB, v any) string {
	tb.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		tb.Fatal(err)
	}
	return string(text)
}

// forge signs a header and claims given as JSON text, well-formed or not.
func (p pair) forge(tb testing.TB, header, claims string) string {
	tb.Helper()
	signed := b64([]byte(header)) + "." + b64([]byte(claims))
	return signed + "." + b64(p.sign(tb, signed))
}

type object = map[string]any

func (p pair) header(edit object) object {
	h := object{"alg": p.Algorithm(), "kid": p.ID(), "typ": "at+jwt"}
	return edited(h, edit)
}

// edited sets what edit has, and removes what is nil there.
func edited(to, edit object) object {
	maps.Copy(to, edit)
	maps.DeleteFunc(to, func(_ string, v any) bool { return v == nil })
	return to
}

func claimsAt(now time.Time, edit object) object {
	return edited(object{
		"iss": issuer, "aud": audience, "sub": adaID, "jti": "7f1d", "iat": now.Unix(), "exp": now.Add(10 * time.Minute).Unix(),
	}, edit)
}

// token signs good claims with some changed.
func (b *bench) token(tb testing.TB, edit object) string {
	tb.Helper()
	return b.key.forge(tb, marshal(tb, b.key.header(nil)), marshal(tb, claimsAt(b.clock.Now(), edit)))
}

// tokenWithHeader signs good claims under a header with some of it changed.
func (b *bench) tokenWithHeader(tb testing.TB, edit object) string {
	tb.Helper()
	return b.key.forge(tb, marshal(tb, b.key.header(edit)), marshal(tb, claimsAt(b.clock.Now(), nil)))
}

func contextWith(authorization string) *gin.Context {
	c, _ := gin.CreateTestContext(httptest.NewRecorder())
	c.Request = httptest.NewRequest(http.MethodGet, "/me", nil)
	c.Request.Header.Set("Authorization", authorization)
	return c
}
