package jwt_test

import (
	"crypto/ed25519"
	"errors"
	"net/http"
	"strings"
	"testing"

	gojwt "github.com/golang-jwt/jwt/v5"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/jwt"
)

// SEC-102: whatever the header holds, the answer is one of two, and only the one spelling of a
// token is accepted, behind any of the scheme.
func FuzzAuthorization(f *testing.F) {
	b := newBench(f)
	good := b.token(f, nil)
	for _, seed := range []string{"", "Bearer", "Bearer ", "bearer x.y.z", "Basic YQ==", "\x00", " ", "Bearer\t" + good, "Bearer " + good, "BEARER " + good, "bearer " + good, "Bearer  " + good} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		w := b.direct(http.Header{"Authorization": {value}})
		want := http.StatusUnauthorized
		if strings.HasSuffix(value, " "+good) && len(value) < 16<<10 && strings.EqualFold(strings.TrimRight(strings.TrimSuffix(value, good), " "), "Bearer") {
			want = http.StatusOK
		}
		if w.Code != want {
			t.Errorf("%q: %d", value, w.Code)
		}
	})
}

// SEC-92, SEC-97: the header and the claims of a correctly signed token. What is accepted is accepted by
// golang-jwt at its strictest, too.
func FuzzSignedToken(f *testing.F) {
	b := newBench(f)
	private, _ := b.key.material.(ed25519.PrivateKey)
	v, err := jwt.NewVerifier(b.options.Accept)
	if err != nil {
		f.Fatal(err)
	}
	other := gojwt.NewParser(gojwt.WithValidMethods([]string{"EdDSA"}), gojwt.WithStrictDecoding(), gojwt.WithExpirationRequired(),
		gojwt.WithIssuedAt(), gojwt.WithIssuer(issuer), gojwt.WithAudience(audience), gojwt.WithLeeway(30e9), gojwt.WithTimeFunc(b.clock.Now))
	header, claims := marshal(f, b.key.header(nil)), marshal(f, claimsAt(b.clock.Now(), nil))
	f.Add(header, claims)
	f.Add(header, strings.Replace(claims, `"iat"`, `"nbf":1898831167.5,"iat"`, 1))
	f.Add(`{"alg":"EdDSA","kid":"2030-03","typ":"at+jwt","crit":[]}`, claims)
	f.Add(`{"alg":"EdDSA","alg":"none","kid":"2030-03","typ":"at+jwt"}`, claims)
	f.Add(header, claims[:len(claims)-1]+`,"\u0061":"\u0062\"","c\"":{"a":"x"}, "n": 1 , "e":""}`)
	f.Add(header, claims[:len(claims)-1]+`,"scope":"a  b","sid":"x","auth_time":1}`)
	f.Fuzz(func(t *testing.T, header, claims string) {
		token := b.key.forge(t, header, claims)
		read, err := v.Verify(t.Context(), token)
		if err != nil {
			if !errors.Is(err, ginauth.ErrBadCredentials) {
				t.Errorf("%v", err)
			}
			return
		}
		if read.Issuer != issuer || read.Subject == "" || read.ID == "" || read.ExpiresAt.Before(b.clock.Now().Add(-30e9)) {
			t.Errorf("accepted: %+v", read)
		}
		var all map[string]any
		if err := read.Decode(&all); err != nil {
			t.Errorf("decoding: %v", err)
		}
		for name, value := range all {
			if want, _ := value.(string); read.Text(name) != want {
				t.Errorf("%q is %q, and %q", name, read.Text(name), want)
			}
		}
		_, err = other.Parse(token, func(*gojwt.Token) (any, error) { return private.Public(), nil })
		if err != nil {
			t.Errorf("golang-jwt refuses %s . %s: %v", header, claims, err)
		}
	})
}

// SEC-98: any token that is not ours, byte for byte.
func FuzzToken(f *testing.F) {
	b := newBench(f)
	v, err := jwt.NewVerifier(b.options.Accept)
	if err != nil {
		f.Fatal(err)
	}
	good := b.token(f, nil)
	for _, seed := range []string{good, good + "=", good[:50], "..", "a.b.c", strings.Repeat(".", 9000), alteredBits(good), good[:40] + "\n" + good[40:]} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		_, err := v.Verify(t.Context(), token)
		if (err == nil) != (token == good) || err != nil && !errors.Is(err, ginauth.ErrBadCredentials) {
			t.Errorf("%q: %v", token, err)
		}
	})
}

func FuzzParseKey(f *testing.F) {
	f.Add("-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE KEY-----\n")
	f.Add(`-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----`)
	f.Add("-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n")
	f.Fuzz(func(t *testing.T, text string) {
		k, err := jwt.ParseKey("", text)
		if err == nil && (k.ID() == "" || k.Algorithm() == "") {
			t.Error("a key without a name")
		}
	})
}
