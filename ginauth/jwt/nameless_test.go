package jwt_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/jwt"
)

// SEC-93, SEC-96: what an issuer leaves out is accepted where the app says so for one key, and each by itself.
func TestTokensWithoutNamesAreAcceptedForOneKeyOnly(t *testing.T) {
	t.Parallel()
	old, next := newPair(t, "old", jwt.HS256), newPair(t, "next", jwt.HS256)
	sign := func(b *bench, p pair, header, claims object) string {
		return p.forge(t, marshal(t, p.header(header)), marshal(t, claimsAt(b.clock.Now(), claims)))
	}
	noKid, noIss, noAud, neither := object{"kid": nil}, object{"iss": nil}, object{"aud": nil}, object{"iss": nil, "aud": nil}
	for name, test := range map[string]struct {
		trust jwt.Trust
		good  []string
	}{
		"default":     {jwt.Trust{}, []string{"all names", "all names, next"}},
		"no kid":      {jwt.Trust{KeyID: "old"}, []string{"all names", "all names, next", "no kid"}},
		"no iss":      {jwt.Trust{KeyID: "old", SkipIssuer: true}, []string{"all names", "all names, next", "no kid", "no iss", "no kid, no iss"}},
		"no aud":      {jwt.Trust{KeyID: "old", SkipAudience: true}, []string{"all names", "all names, next", "no kid", "no aud"}},
		"none at all": {jwt.Trust{KeyID: "old", SkipIssuer: true, SkipAudience: true}, []string{"all names", "all names, next", "no kid", "no iss", "no aud", "no kid, no iss", "no iss, no aud", "no name"}},
	} {
		for kind, edit := range map[string]func(*jwt.BackendOptions[user]){
			"one issuer": func(*jwt.BackendOptions[user]) {},
			"two issuers": func(o *jwt.BackendOptions[user]) {
				o.Issuers = append(o.Issuers, jwt.Trust{Issuer: "https://other.example", Keys: ring(t, newPair(t, "old", jwt.EdDSA).Key)})
				o.RetrieveUser = func(_ *gin.Context, c jwt.Claims) (user, error) {
					if c.Issuer != issuer {
						return user{}, driver.ErrNoUser
					}
					return ada(), nil
				}
			},
		} {
			trust := test.trust
			trust.Issuer, trust.Keys = issuer, ring(t, old.Key, next.Key)
			b := newBench(t, func(o *jwt.BackendOptions[user]) { o.Issuers = []jwt.Trust{trust}; edit(o) })
			for token, text := range map[string]string{
				"all names": sign(b, old, nil, nil), "all names, next": sign(b, next, nil, nil),
				"no kid": sign(b, old, noKid, nil), "no iss": sign(b, old, nil, noIss), "no aud": sign(b, old, nil, noAud),
				"no kid, no iss": sign(b, old, noKid, noIss), "no iss, no aud": sign(b, old, nil, neither), "no name": sign(b, old, noKid, neither),
				"no kid, next": sign(b, next, noKid, nil), "no iss, next": sign(b, next, nil, noIss), "no aud, next": sign(b, next, nil, noAud), "no name, next": sign(b, next, noKid, neither),
				"another iss": sign(b, old, noKid, object{"iss": "https://evil.example"}), "the other iss": sign(b, old, noKid, object{"iss": "https://other.example"}),
				"iss empty": sign(b, old, noKid, object{"iss": ""}), "iss a list": sign(b, old, noKid, object{"iss": []string{}}),
				"another aud": sign(b, old, noKid, object{"aud": "https://evil.example"}), "aud empty": sign(b, old, noKid, object{"aud": []string{}}), "aud of nothing": sign(b, old, noKid, object{"aud": ""}),
				"kid empty": sign(b, old, object{"kid": ""}, nil), "kid unknown": sign(b, old, object{"kid": "x"}, nil), "kid of the other": sign(b, old, object{"kid": "next"}, nil),
				"alg none": sign(b, old, object{"kid": nil, "alg": "none"}, neither), "alg HS512": sign(b, old, object{"kid": nil, "alg": "HS512"}, neither),
				"no exp": sign(b, old, noKid, object{"exp": nil}), "no sub": sign(b, old, noKid, object{"sub": nil}),
			} {
				want := http.StatusUnauthorized
				for _, good := range test.good {
					if good == token {
						want = http.StatusOK
					}
				}
				if status, body := b.get(t, "Bearer "+text); status != want {
					t.Errorf("%s, %s, %s: %d %s", name, kind, token, status, body)
				}
			}
		}
	}
}

// Without Audiences no token that is for somebody is for this service.
func TestTokensForOthersAreRefusedWithoutAudiences(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(o *jwt.BackendOptions[user]) {
		o.Audiences, o.Issuers[0].KeyID, o.Issuers[0].SkipAudience = nil, "2030-03", true
	})
	for want, aud := range map[int][]any{http.StatusOK: {nil}, http.StatusUnauthorized: {audience, "", []string{}, []string{""}, []string{audience, ""}}} {
		for _, to := range aud {
			if status, _ := b.get(t, "Bearer "+b.token(t, object{"aud": to})); status != want {
				t.Errorf("aud %v: %d", to, status)
			}
		}
	}
}

// RFC 7519, 5.1
func TestTokensWithoutTypeAreAcceptedAsPlainOnesOnly(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string]int{"": 401, "JWT": 200, "application/jwt": 200, "at+jwt": 401, "logout+jwt": 401} {
		b := newBench(t, func(o *jwt.BackendOptions[user]) { o.Type = kind })
		if status, _ := b.get(t, "Bearer "+b.tokenWithHeader(t, object{"typ": nil})); status != want {
			t.Errorf("%q: %d", kind, status)
		}
		if status, _ := b.get(t, "Bearer "+b.tokenWithHeader(t, object{"typ": ""})); status != http.StatusUnauthorized {
			t.Errorf("%q, an empty typ: %d", kind, status)
		}
	}
}

func TestImpossibleTrustIsExplained(t *testing.T) {
	t.Parallel()
	keys := ring(t, newPair(t, "a", jwt.EdDSA).Key)
	for want, issuers := range map[string][]jwt.Trust{
		"set Trust.KeyID":             {{Issuer: "a", Keys: keys, SkipIssuer: true}},
		"SkipIssuer or SkipAudience":  {{Issuer: "a", Keys: keys, SkipAudience: true}},
		"has no key of the id":        {{Issuer: "a", Keys: keys, KeyID: "b"}},
		"two issuers have SkipIssuer": {{Issuer: "a", Keys: keys, KeyID: "a", SkipIssuer: true}, {Issuer: "b", Keys: keys, KeyID: "a", SkipIssuer: true}},
		"set Accept.Audiences":        {{Issuer: "a", Keys: keys, KeyID: "a", SkipAudience: true}, {Issuer: "b", Keys: keys}},
	} {
		a := jwt.Accept{Issuers: issuers, Audiences: []string{"x"}}
		if want == "set Accept.Audiences" {
			a.Audiences = nil
		}
		if _, err := jwt.NewVerifier(a); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
