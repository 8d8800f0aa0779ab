package jwt_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/jwt"
)

func TestImpossibleOptionsAreExplained(t *testing.T) {
	t.Parallel()
	keys := ring(t, newPair(t, "a", jwt.EdDSA).Key)
	good := func() jwt.BackendOptions[user] {
		return jwt.BackendOptions[user]{
			Accept: jwt.Accept{Issuers: []jwt.Trust{{Issuer: issuer, Keys: keys}}, Audiences: []string{audience}},
			Users:  directory{}, Stateless: true,
		}
	}
	jwt.Bearer(config(), good())
	for _, test := range []struct {
		edit func(*jwt.BackendOptions[user])
		want string
	}{
		{func(o *jwt.BackendOptions[user]) { o.Issuers = nil }, "set Accept.Issuers"},
		{func(o *jwt.BackendOptions[user]) { o.Issuers = []jwt.Trust{{Keys: keys}} }, "has no name"},
		{func(o *jwt.BackendOptions[user]) { o.Issuers = []jwt.Trust{{Issuer: issuer}} }, "has no keys"},
		{func(o *jwt.BackendOptions[user]) { o.Issuers = []jwt.Trust{{Issuer: issuer, Keys: (*jwt.Ring)(nil)}} }, "has no keys"},
		{func(o *jwt.BackendOptions[user]) { o.Issuers = append(o.Issuers, o.Issuers...) }, "listed twice"},
		{func(o *jwt.BackendOptions[user]) { o.Issuers = append(o.Issuers, jwt.Trust{Issuer: "b", Keys: keys}) }, "set BackendOptions.RetrieveUser"},
		{func(o *jwt.BackendOptions[user]) { o.Audiences = nil }, "set Accept.Audiences"},
		{func(o *jwt.BackendOptions[user]) { o.Audiences = []string{""} }, "set Accept.Audiences"},
		{func(o *jwt.BackendOptions[user]) { o.Leeway = 61 * time.Second }, "at most 1m0s"},
		{func(o *jwt.BackendOptions[user]) { o.RequiredClaims = []string{""} }, "is empty"},
		{func(o *jwt.BackendOptions[user]) { o.Users = nil }, "set BackendOptions.Users"},
		{func(o *jwt.BackendOptions[user]) { o.Stateless = false }, "SessionChecker"},
	} {
		o := good()
		test.edit(&o)
		if got := panicOf(func() { jwt.Bearer(config(), o) }); !strings.HasPrefix(got, "jwt.Bearer: ") || !strings.Contains(got, test.want) {
			t.Errorf("panic %q, want %q", got, test.want)
		}
	}
	if got := panicOf(func() { jwt.Bearer(nil, good()) }); !strings.Contains(got, "check the error of ginauth.New") {
		t.Errorf("panic %q", got)
	}
	if got := panicOf(func() { jwt.OAuth2Password(config(), good(), jwt.PasswordFlow{}) }); !strings.Contains(got, "TokenURL") {
		t.Errorf("panic %q", got)
	}
}

func panicOf(f func()) (text string) {
	defer func() { text = fmt.Sprint(recover()) }()
	f()
	return ""
}

func TestFailuresOfTheUserLookup(t *testing.T) {
	t.Parallel()
	disabled := ada()
	at := time.Now()
	disabled.DisabledAt = &at
	boom := errors.New("boom")
	for _, test := range []struct {
		name string
		user user
		err  error
		want int
	}{
		{"found", ada(), nil, http.StatusOK},
		{"disabled", disabled, nil, http.StatusUnauthorized},
		{"nobody", user{}, nil, http.StatusUnauthorized},
		{"unknown", ada(), fmt.Errorf("x: %w", driver.ErrNoUser), http.StatusUnauthorized},
		{"outage", ada(), fmt.Errorf("x: %w", driver.ErrUnavailable), http.StatusServiceUnavailable},
		{"fault", ada(), boom, http.StatusInternalServerError},
	} {
		b := newBench(t, func(o *jwt.BackendOptions[user]) {
			o.RetrieveUser = func(*gin.Context, jwt.Claims) (user, error) { return test.user, test.err }
		})
		if status, body := b.get(t, "Bearer "+b.token(t, nil)); status != test.want || strings.Contains(body, "boom") {
			t.Errorf("%s: %d %s", test.name, status, body)
		}
	}
}

// SEC-98
func TestRevokedTokenIsRefusedBeforeTheUserIsLookedUp(t *testing.T) {
	t.Parallel()
	var asked []string
	b := newBench(t, func(o *jwt.BackendOptions[user]) {
		o.Revoked = func(_ *gin.Context, c jwt.Claims) (bool, error) {
			asked = append(asked, "revoked "+c.ID)
			switch c.ID {
			case "away":
				return false, driver.ErrUnavailable
			case "both":
				return true, driver.ErrUnavailable
			}
			return c.ID == "revoked", nil
		}
		o.RetrieveUser = func(_ *gin.Context, c jwt.Claims) (user, error) {
			asked = append(asked, "user "+c.ID)
			return ada(), nil
		}
	})
	for id, want := range map[string]int{"revoked": 401, "away": 503, "both": 503, "good": 200} {
		asked = nil
		status, _ := b.get(t, "Bearer "+b.token(t, object{"jti": id}))
		if status != want || asked[0] != "revoked "+id || (len(asked) == 2) != (want == 200) {
			t.Errorf("%s: %d after %v", id, status, asked)
		}
	}
}

func TestRequiredClaimsAreAskedFor(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(o *jwt.BackendOptions[user]) { o.RequiredClaims = []string{"tenant"} })
	for _, test := range []struct {
		edit object
		want int
	}{
		{nil, http.StatusUnauthorized},
		{object{"Tenant": "a"}, http.StatusUnauthorized},
		{object{"tenant": "a"}, http.StatusOK},
		{object{"tenant": "a", "jti": nil}, http.StatusOK}, // the list replaces the default
	} {
		if status, _ := b.get(t, "Bearer "+b.token(t, test.edit)); status != test.want {
			t.Errorf("%v: %d", test.edit, status)
		}
	}
}

func TestTokensWithoutTheTimeOfIssueAreAcceptedWhereTheAppSaysSo(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		required []string
		want     int
	}{
		"default":       {nil, http.StatusUnauthorized},
		"none":          {[]string{}, http.StatusOK},
		"another claim": {[]string{"sub"}, http.StatusOK},
		"iat":           {[]string{"iat"}, http.StatusUnauthorized},
	} {
		for mode, stateless := range map[string]bool{"stateless": true, "checked": false} {
			b := newBench(t, func(o *jwt.BackendOptions[user]) {
				o.RequiredClaims, o.Stateless = test.required, stateless
				o.Users = checked{directory{adaID: ada()}}
			})
			without := object{"iat": nil, "jti": nil, "sid": "s1"}
			if status, body := b.get(t, "Bearer "+b.token(t, without)); status != test.want {
				t.Errorf("%s, %s: %d %s", name, mode, status, body)
			}
			without["iat"] = b.clock.Now().Add(time.Hour).Unix() // what is there must be true
			if status, _ := b.get(t, "Bearer "+b.token(t, without)); status != http.StatusUnauthorized {
				t.Errorf("%s, %s: issued in an hour: %d", name, mode, status)
			}
		}
	}
}

// checked is a directory in which every session lives.
type checked struct{ directory }

func (c checked) FindTokenUser(ctx context.Context, id driver.UserID, _ driver.SessionID) (user, error) {
	return c.FindUser(ctx, id)
}

// SEC-96
func TestKeysCountForTheirOwnIssuerOnly(t *testing.T) {
	t.Parallel()
	other := newPair(t, "theirs", jwt.ES256)
	const partner = "https://partner.example.org"
	b := newBench(t, func(o *jwt.BackendOptions[user]) {
		o.Issuers = append(o.Issuers, jwt.Trust{Issuer: partner, Keys: ring(t, other.Key)})
		o.RetrieveUser = func(_ *gin.Context, c jwt.Claims) (user, error) {
			return user{ID: driver.UserID(c.Issuer + " " + c.Subject)}, nil
		}
	})
	for _, test := range []struct {
		key  pair
		says string
		want int
	}{
		{b.key, issuer, http.StatusOK},
		{other, partner, http.StatusOK},
		{b.key, partner, http.StatusUnauthorized},
		{other, issuer, http.StatusUnauthorized},
		{other, "https://nobody.example.org", http.StatusUnauthorized},
	} {
		token := test.key.forge(t, marshal(t, test.key.header(nil)), marshal(t, claimsAt(b.clock.Now(), object{"iss": test.says})))
		status, body := b.get(t, "Bearer "+token)
		if status != test.want || status == http.StatusOK && !strings.Contains(body, test.says+" "+adaID) {
			t.Errorf("%s signs for %s: %d %s", test.key.ID(), test.says, status, body)
		}
	}
}

// away is a source of keys that cannot be asked.
type away struct{}

func (away) FindKey(context.Context, string) (jwt.Key, error) {
	return jwt.Key{}, driver.ErrUnavailable
}

// SEC-154
func TestUnreachableKeysAreAnOutage(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(o *jwt.BackendOptions[user]) { o.Issuers[0].Keys = away{} })
	if status, _ := b.get(t, "Bearer "+b.token(t, nil)); status != http.StatusServiceUnavailable {
		t.Errorf("status %d", status)
	}
}

func TestPrincipalTellsWhatTheTokenSays(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	backend := jwt.Bearer(config(), b.options)
	for _, test := range []struct {
		edit   object
		scopes []string
	}{
		{nil, nil},
		{object{"scope": ""}, []string{}},
		{object{"scope": "read write"}, []string{"read", "write"}},
		{object{"scp": "read write"}, []string{"read", "write"}}, // as other issuers write it
		{object{"scp": []string{"read", "write"}}, []string{"read", "write"}},
		{object{"scp": []string{}}, []string{}},
		{object{"scp": ""}, []string{}},
		{object{"scope": "read", "scp": []string{"write"}}, []string{"read"}},
		{object{"scope": "", "scp": "write"}, []string{}},
	} {
		c := contextWith("Bearer " + b.token(t, test.edit))
		p, err := backend.Authenticate(c)
		if err != nil {
			t.Fatal(err)
		}
		claims, ok := p.Credential.(jwt.Claims)
		if !ok || claims.Subject != adaID || (p.Scopes == nil) != (test.scopes == nil) || strings.Join(p.Scopes, "|") != strings.Join(test.scopes, "|") || !p.AuthenticatedAt.IsZero() {
			t.Errorf("%+v", p)
		}
	}
	if s := backend.Scheme(); s.Type != "http" || s.HTTP != "bearer" || s.BearerFormat != "JWT" || s.Name != "BearerToken" {
		t.Errorf("%+v", s)
	}
	oauth := jwt.OAuth2Password(config(), b.options, jwt.PasswordFlow{TokenURL: "/token", RefreshURL: "/refresh", Scopes: map[string]string{"read": "Read."}})
	if s := oauth.Scheme(); s.Type != "oauth2" || s.TokenURL != "/token" || s.RefreshURL != "/refresh" || s.Scopes["read"] == "" {
		t.Errorf("%+v", s)
	}
}
