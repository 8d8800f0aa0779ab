package jwt_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	gojwt "github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"github.com/ginauth/ginauth/ginauth/jwt"
)

func (b *bench) issuer() *jwt.Issuer {
	return jwt.NewIssuer(jwt.IssuerOptions{Keys: b.ring, Issuer: issuer, Audiences: []string{audience}, Now: b.clock.Now})
}

func TestIssuedTokenIsAccepted(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	token, claims, err := b.issuer().Issue(t.Context(), ada().Account(), jwt.Grant{
		Session: "s1", Scopes: []string{"read", "write"}, AuthenticatedAt: b.clock.Now(), Extra: struct {
			Plan string `json:"plan"`
			Big  int64  `json:"big"`
		}{"pro", 1<<62 + 1},
	})
	if err != nil {
		t.Fatal(err)
	}
	if status, body := b.get(t, "Bearer "+token); status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	v, err := jwt.NewVerifier(b.options.Accept)
	if err != nil {
		t.Fatal(err)
	}
	read, err := v.Verify(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(claims, read, cmp.AllowUnexported(jwt.Claims{})); diff != "" {
		t.Error(diff)
	}
	var own struct {
		Plan string
		Big  int64
	}
	if err := read.Decode(&own); err != nil || own.Plan != "pro" || own.Big != 1<<62+1 {
		t.Errorf("%+v, %v", own, err)
	}
	now := b.clock.Now()
	if read.Session != "s1" || len(read.ID) < 26 || !read.IssuedAt.Equal(now) || !read.ExpiresAt.Equal(now.Add(10*time.Minute)) || !read.AuthenticatedAt.Equal(now) {
		t.Errorf("%+v", read)
	}
}

// What others read with golang-jwt must be the same.
func TestIssuedTokenIsReadByGolangJWT(t *testing.T) {
	t.Parallel()
	for _, algorithm := range everyAlgorithm {
		p := newPair(t, "a", algorithm)
		tokens := jwt.NewIssuer(jwt.IssuerOptions{Keys: ring(t, p.Key), Issuer: issuer, Audiences: []string{audience, "b"}})
		token, _, err := tokens.Issue(t.Context(), ada().Account(), jwt.Grant{})
		if err != nil {
			t.Fatal(err)
		}
		var claims gojwt.RegisteredClaims
		parsed, err := gojwt.ParseWithClaims(token, &claims, func(*gojwt.Token) (any, error) {
			if secret, ok := p.material.([]byte); ok {
				return secret, nil
			}
			return publicOf(t, p), nil
		}, gojwt.WithValidMethods([]string{string(algorithm)}), gojwt.WithStrictDecoding(), gojwt.WithAudience(audience), gojwt.WithIssuer(issuer))
		if err != nil || claims.Subject != adaID || parsed.Header["typ"] != "at+jwt" || parsed.Header["kid"] != "a" {
			t.Errorf("%s: %v, %+v", algorithm, err, claims)
		}
	}
}

func TestTokensHaveIDsOfTheirOwn(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	seen := map[string]bool{}
	for range 100 {
		_, claims, err := b.issuer().Issue(t.Context(), ada().Account(), jwt.Grant{})
		if err != nil || seen[claims.ID] {
			t.Fatalf("%q, %v", claims.ID, err)
		}
		seen[claims.ID] = true
	}
	if _, claims, err := b.issuer().Issue(t.Context(), ada().Account(), jwt.Grant{ID: "mine", Lifetime: time.Hour, Audiences: []string{"x", "y"}}); err != nil ||
		claims.ID != "mine" || claims.ExpiresAt.Sub(claims.IssuedAt) != time.Hour || len(claims.Audience) != 2 {
		t.Errorf("%+v, %v", claims, err)
	}
}

// SEC-95
func TestTokenIsGoodFromItsTimeOn(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	later := b.clock.Now().Add(5*time.Minute + 300*time.Millisecond)
	token, claims, err := b.issuer().Issue(t.Context(), ada().Account(), jwt.Grant{NotBefore: later})
	if err != nil || !claims.NotBefore.Equal(later.Truncate(time.Second)) {
		t.Fatalf("%v, %v", claims.NotBefore, err)
	}
	for _, step := range []struct {
		after time.Duration
		want  int
	}{{0, 401}, {4*time.Minute + 29*time.Second, 401}, {time.Second, 200}, {5 * time.Minute, 200}, {time.Minute, 401}} {
		b.clock.Advance(step.after)
		if status, _ := b.get(t, "Bearer "+token); status != step.want {
			t.Errorf("%s: %d", b.clock.Now(), status)
		}
	}
	always := jwt.NewIssuer(jwt.IssuerOptions{Keys: b.ring, Issuer: issuer, Audiences: []string{audience}, Now: b.clock.Now, NotBefore: true})
	token, claims, err = always.Issue(t.Context(), ada().Account(), jwt.Grant{})
	if status, _ := b.get(t, "Bearer "+token); err != nil || status != http.StatusOK || !claims.NotBefore.Equal(claims.IssuedAt) || claims.NotBefore.IsZero() {
		t.Errorf("%d, %+v, %v", status, claims, err)
	}
	if _, claims, err = b.issuer().Issue(t.Context(), ada().Account(), jwt.Grant{}); err != nil || claims.Text("nbf") != "" || !claims.NotBefore.IsZero() {
		t.Errorf("%+v, %v", claims, err)
	}
}

func TestImpossibleGrantsAreRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	disabled := ada()
	at := b.clock.Now()
	disabled.DisabledAt = &at
	for name, test := range map[string]struct {
		user  user
		grant jwt.Grant
	}{
		"nobody":              {user{}, jwt.Grant{}},
		"disabled":            {disabled, jwt.Grant{}},
		"too long":            {ada(), jwt.Grant{Lifetime: 25 * time.Hour}},
		"too short":           {ada(), jwt.Grant{Lifetime: time.Millisecond}},
		"a scope of two":      {ada(), jwt.Grant{Scopes: []string{"read write"}}},
		"an empty scope":      {ada(), jwt.Grant{Scopes: []string{""}}},
		"good after its end":  {ada(), jwt.Grant{NotBefore: b.clock.Now().Add(10 * time.Minute)}},
		"good in a day":       {ada(), jwt.Grant{NotBefore: b.clock.Now().Add(24 * time.Hour)}},
		"before all times":    {ada(), jwt.Grant{NotBefore: time.Unix(0, 0)}},
		"extra nbf":           {ada(), jwt.Grant{Extra: object{"nbf": 1}}},
		"extra sub":           {ada(), jwt.Grant{Extra: object{"sub": "root"}}},
		"extra EXP":           {ada(), jwt.Grant{Extra: object{"EXP": 1}}},
		"extra a list":        {ada(), jwt.Grant{Extra: []int{1}}},
		"extra a function":    {ada(), jwt.Grant{Extra: func() {}}},
		"extra of some bytes": {ada(), jwt.Grant{Extra: object{"x": strings.Repeat("x", 8192)}}},
	} {
		if _, _, err := b.issuer().Issue(t.Context(), test.user.Account(), test.grant); !errors.Is(err, jwt.ErrGrant) {
			t.Errorf("%s: %v", name, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := b.issuer().Issue(ctx, ada().Account(), jwt.Grant{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestImpossibleIssuersAreExplained(t *testing.T) {
	t.Parallel()
	keys := ring(t, newPair(t, "a", jwt.EdDSA).Key)
	good := jwt.IssuerOptions{Keys: keys, Issuer: issuer, Audiences: []string{audience}}
	for want, edit := range map[string]func(*jwt.IssuerOptions){
		"IssuerOptions.Keys":      func(o *jwt.IssuerOptions) { o.Keys = nil },
		"IssuerOptions.Issuer":    func(o *jwt.IssuerOptions) { o.Issuer = "" },
		"IssuerOptions.Audiences": func(o *jwt.IssuerOptions) { o.Audiences = nil },
		"IssuerOptions.Lifetime":  func(o *jwt.IssuerOptions) { o.Lifetime = 48 * time.Hour },
	} {
		o := good
		edit(&o)
		if got := panicOf(func() { jwt.NewIssuer(o) }); !strings.HasPrefix(got, "jwt.NewIssuer: ") || !strings.Contains(got, want) {
			t.Errorf("panic %q, want %q", got, want)
		}
	}
}
