package jwt_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
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

func newPair(tb testing.TB, id string, algorithm jwt.Algorithm) pair {
	tb.Helper()
	var p pair
	var err error
	switch algorithm {
	case jwt.EdDSA:
		_, p.material, err = ed25519.GenerateKey(rand.Reader)
	case jwt.ES256:
		p.material, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case jwt.RS256:
		p.material, err = rsa.GenerateKey(rand.Reader, 2048)
	case jwt.HS256:
		secret := make([]byte, 32)
		_, _ = rand.Read(secret)
		p.material = secret
	}
	if err == nil {
		p.Key, err = jwt.NewKey(id, p.material)
	}
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

func (p pair) sign(tb testing.TB, signed string) []byte {
	tb.Helper()
	sum := sha256.Sum256([]byte(signed))
	switch k := p.material.(type) {
	case ed25519.PrivateKey:
		return ed25519.Sign(k, []byte(signed))
	case *ecdsa.PrivateKey:
		r, s, err := ecdsa.Sign(rand.Reader, k, sum[:])
		if err != nil {
			tb.Fatal(err)
		}
		return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	case *rsa.PrivateKey:
		signature, err := rsa.SignPKCS1v15(rand.Reader, k, crypto.SHA256, sum[:])
		if err != nil {
			tb.Fatal(err)
		}
		return signature
	case []byte:
		return hs256(k, signed)
	}
	tb.Fatalf("a %T cannot sign", p.material)
	return nil
}

func hs256(secret []byte, signed string) []byte {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(signed))
	return mac.Sum(nil)
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
