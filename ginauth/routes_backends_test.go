package ginauth_test

import (
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/internal/built"
)

func TestCheckRoutesNamesBackendsThatShadowOthers(t *testing.T) {
	t.Parallel()
	cfg := newApp(t).cfg
	cfg.Exclude = nil
	session := ginauth.SessionAuth(built.Config(cfg))
	of := func(s ginauth.Scheme) ginauth.Backend[user] { return &keys{scheme: s, find: findKey} }
	prefixed := func(name, prefix string) ginauth.Backend[user] {
		return of(ginauth.Scheme{Name: name, Type: "http", HTTP: "Bearer", Prefix: prefix})
	}
	named := func(name, header string) ginauth.Backend[user] {
		return of(ginauth.Scheme{Name: name, Type: "apiKey", In: "header", Parameter: header})
	}
	for name, test := range map[string]struct {
		backends []ginauth.Backend[user]
		want     string
	}{
		"the session alone":               {[]ginauth.Backend[user]{session}, ""},
		"tokens, then sessions":           {[]ginauth.Backend[user]{of(bearer), session}, ""},
		"keys, tokens, then sessions":     {[]ginauth.Backend[user]{prefixed("keys", "app_"), of(bearer), session}, ""},
		"two prefixes":                    {[]ginauth.Backend[user]{prefixed("a", "a_"), prefixed("b", "b_")}, ""},
		"two headers":                     {[]ginauth.Backend[user]{named("a", "X-A"), named("b", "X-B")}, ""},
		"Basic and bearer":                {[]ginauth.Backend[user]{of(ginauth.Scheme{Name: "a", Type: "http", HTTP: "basic"}), of(bearer)}, ""},
		"sessions first":                  {[]ginauth.Backend[user]{session, of(bearer)}, "the backend sessionCookie stands before BearerToken: a browser's old cookie is refused"},
		"tokens before keys":              {[]ginauth.Backend[user]{of(bearer), prefixed("keys", "app_")}, "the backend BearerToken stands before keys and takes all that keys reads"},
		"one header, in whatever writing": {[]ginauth.Backend[user]{named("a", "x-key"), named("b", "X-Key")}, "the backend a stands before b"},
		"a prefix of the other":           {[]ginauth.Backend[user]{prefixed("a", "app_"), prefixed("b", "app_test_")}, "the backend a stands before b"},
		"tokens of OAuth 2": {[]ginauth.Backend[user]{
			of(bearer), of(ginauth.Scheme{Name: "oauth", Type: "oauth2", HTTP: "bearer", TokenURL: "/token"}),
		}, "the backend BearerToken stands before oauth"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := gin.New()
			r.Use(ginauth.Authenticate(built.Config(cfg), test.backends...))
			r.GET("/x", func(*gin.Context) {})
			err := ginauth.CheckRoutes(r)
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n")) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}
