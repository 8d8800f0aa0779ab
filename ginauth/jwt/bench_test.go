package jwt_test

import (
	"testing"

	gojwt "github.com/golang-jwt/jwt/v5"

	"github.com/ginauth/ginauth/ginauth/jwt"
)

// BenchmarkBearer is a request's authentication, users from claims; Parse is golang-jwt's own
// reading of the same token, for comparison.
func BenchmarkBearer(b *testing.B) {
	for _, algorithm := range []jwt.Algorithm{jwt.EdDSA, jwt.ES256, jwt.HS256} {
		p := newPair(b, "2030-03", algorithm)
		w := newBench(b, func(o *jwt.BackendOptions[user]) { o.Issuers[0].Keys = ring(b, p.Key) })
		token := p.forge(b, marshal(b, p.header(nil)), marshal(b, claimsAt(w.clock.Now(), nil)))
		backend := jwt.Bearer(config(), w.options)
		c := contextWith("Bearer " + token)
		b.Run(string(algorithm), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := backend.Authenticate(c); err != nil {
					b.Fatal(err)
				}
			}
		})
		secret, ok := p.material.([]byte)
		if !ok {
			continue
		}
		parser := gojwt.NewParser(gojwt.WithTimeFunc(w.clock.Now), gojwt.WithValidMethods([]string{"HS256"}))
		b.Run("Parse", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := parser.Parse(token, func(*gojwt.Token) (any, error) { return secret, nil }); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkIssue(b *testing.B) {
	w := newBench(b)
	tokens := w.issuer()
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := tokens.Issue(b.Context(), ada().Account(), jwt.Grant{}); err != nil {
			b.Fatal(err)
		}
	}
}
