package jwt_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/jwt"
	"github.com/ginauth/ginauth/store"
)

// A service without a database: users come from the claims, and a token is good until it expires.
func ExampleBearer() {
	key, _ := jwt.Generate("2026-01", jwt.EdDSA)
	keys, err := jwt.NewRing(key)
	if err != nil {
		panic(err)
	}
	tokens := jwt.NewIssuer(jwt.IssuerOptions{Keys: keys, Issuer: "https://api.example.com", Audiences: []string{"https://api.example.com"}})
	cfg, err := ginauth.New(ginauth.Options[store.User]{NoSessions: true})
	if err != nil {
		panic(err)
	}
	backend := jwt.Bearer(cfg, jwt.BackendOptions[store.User]{
		Accept: jwt.Accept{
			Issuers:   []jwt.Trust{{Issuer: "https://api.example.com", Keys: keys}},
			Audiences: []string{"https://api.example.com"},
		},
		Stateless: true,
		RetrieveUser: func(_ *gin.Context, c jwt.Claims) (store.User, error) {
			return store.User{ID: driver.UserID(c.Subject)}, nil
		},
	})

	token, _, err := tokens.Issue(context.Background(), ginauth.Account{ID: "42"}, jwt.Grant{Scopes: []string{"read"}})
	if err != nil {
		panic(err)
	}
	c, _ := gin.CreateTestContext(httptest.NewRecorder())
	c.Request = httptest.NewRequest(http.MethodGet, "/", nil)
	c.Request.Header.Set("Authorization", "Bearer "+token)
	p, err := backend.Authenticate(c)
	fmt.Println(p.User.ID, p.Scopes, err)
	// Output: 42 [read] <nil>
}

func ExampleRing() {
	january, _ := jwt.Generate("2026-01", jwt.EdDSA)
	february, _ := jwt.Generate("2026-02", jwt.EdDSA)
	keys, _ := jwt.NewRing(january)
	fmt.Println(keys.Add(february))      // on every server; wait until others have seen it
	fmt.Println(keys.Promote("2026-02")) // on every server; wait for the lifetime of a token
	fmt.Println(keys.Retire("2026-01"))
	// Output:
	// <nil>
	// <nil>
	// <nil>
}

func ExampleNewKey() {
	_, err := jwt.NewKey("2026-01", []byte("too short"))
	fmt.Println(err)
	// Output: the secret has 9 bytes: HS256 needs at least 32 random ones, such as those of openssl rand 32
}

func ExampleClaims_Decode() {
	key, _ := jwt.Generate("2026-01", jwt.ES256)
	keys, _ := jwt.NewRing(key)
	tokens := jwt.NewIssuer(jwt.IssuerOptions{Keys: keys, Issuer: "https://api.example.com", Audiences: []string{"https://api.example.com"}})
	type extra struct {
		Plan string `json:"plan"`
	}
	token, _, _ := tokens.Issue(context.Background(), ginauth.Account{ID: "42"}, jwt.Grant{Extra: extra{"pro"}})

	verifier, _ := jwt.NewVerifier(jwt.Accept{
		Issuers:   []jwt.Trust{{Issuer: "https://api.example.com", Keys: keys}},
		Audiences: []string{"https://api.example.com"},
	})
	claims, _ := verifier.Verify(context.Background(), token)
	var own extra
	fmt.Println(claims.Decode(&own), claims.Subject, own.Plan)
	// Output: <nil> 42 pro
}
