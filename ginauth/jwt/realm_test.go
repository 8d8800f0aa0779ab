package jwt_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/jwt"
)

// byHost calls the tenant of a.example.com "a".
func byHost(c *gin.Context) (string, error) {
	realm, _, _ := strings.Cut(c.Request.Host, ".")
	return realm, nil
}

// in sends a request to the host of a realm.
func (s *site) in(realm string, r *http.Request) *httptest.ResponseRecorder {
	r.Host = realm + ".example.com"
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func withToken(token string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/in/a", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	return r
}

func TestTokensAreValidInTheirRealmAlone(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*jwt.BackendOptions[user]){
		"asking for the login": func(*jwt.BackendOptions[user]) {},
		"stateless":            func(o *jwt.BackendOptions[user]) { o.Stateless = true },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, func(s *site) {
				s.flow.app.Realm = byHost
				change(&s.options)
				app := ginauth.Options[user]{Users: s.db, Realm: byHost}
				s.GET("/in/a", authenticate(app, jwt.Bearer(config(), s.options)), ginauth.Require(ginauth.AnyScope()), me)
			})
			hash, err := s.flow.app.Passwords.Hash(t.Context(), secretOfAda)
			if err != nil {
				t.Fatal(err)
			}
			for _, realm := range []string{"a", "b"} {
				n := driver.NewUser{Name: "Ada of " + realm, Email: "ada@example.com", Canonical: "ada@example.com", Hash: hash}
				if _, err := s.db.CreateUser(driver.WithRealm(t.Context(), realm), n, nil); err != nil {
					t.Fatal(err)
				}
			}
			w := s.in("a", jsonRequest("/login", `{"email":"ada@example.com","password":"`+secretOfAda+`"}`))
			var got jwt.Answer
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != http.StatusOK {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
			if w := s.in("a", withToken(got.AccessToken)); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "Ada of a") {
				t.Errorf("the token in its realm: %d %s", w.Code, w.Body)
			}
			if w := s.in("b", withToken(got.AccessToken)); w.Code != http.StatusUnauthorized {
				t.Errorf("the token in another realm: %d %s", w.Code, w.Body)
			}
			refresh := func(realm string) *httptest.ResponseRecorder {
				return s.in(realm, formRequest("/token", "grant_type=refresh_token&refresh_token="+got.RefreshToken))
			}
			if w := refresh("b"); w.Code != http.StatusBadRequest && w.Code != http.StatusUnauthorized {
				t.Errorf("the refresh token in another realm: %d %s", w.Code, w.Body)
			}
			if w := s.in("b", formRequest("/revoke", "token="+got.RefreshToken)); w.Code != http.StatusOK {
				t.Errorf("revoking in another realm: %d %s", w.Code, w.Body)
			}
			w = refresh("a")
			if w.Code != http.StatusOK {
				t.Fatalf("the refresh token in its realm, after a try to end it in another: %d %s", w.Code, w.Body)
			}
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
				t.Fatal(err)
			}
			if w := refresh("a"); w.Code != http.StatusOK {
				t.Errorf("its successor: %d %s", w.Code, w.Body)
			}
		})
	}
}

func TestTokensOfIssuersWithoutRealms(t *testing.T) {
	t.Parallel()
	for _, everywhere := range []bool{false, true} {
		b := newBench(t, func(o *jwt.BackendOptions[user]) { o.Issuers[0].AnyRealm = everywhere })
		v, err := jwt.NewVerifier(b.options.Accept)
		if err != nil {
			t.Fatal(err)
		}
		token, _, err := jwt.NewIssuer(jwt.IssuerOptions{Keys: b.ring, Issuer: issuer, Audiences: []string{audience}, Now: b.clock.Now}).
			Issue(t.Context(), ada().Account(), jwt.Grant{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := v.Verify(t.Context(), token); err != nil {
			t.Errorf("in no realm: %v", err)
		}
		if _, err := v.Verify(driver.WithRealm(t.Context(), "a"), token); (err == nil) != everywhere {
			t.Errorf("AnyRealm %t, in a realm: %v", everywhere, err)
		}
		_, _, err = jwt.NewIssuer(jwt.IssuerOptions{Keys: b.ring, Issuer: issuer, Audiences: []string{audience}, Now: b.clock.Now}).
			Issue(t.Context(), ada().Account(), jwt.Grant{Extra: map[string]any{"realm": "a"}})
		if err == nil {
			t.Error("an extra claim chooses the realm")
		}
	}
}
