package ginauthtest_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/apikey"
	"github.com/ginauth/ginauth/ginauth/ginauthtest"
	"github.com/ginauth/ginauth/ginauth/jwt"
)

var ring = sync.OnceValue(func() *jwt.Ring {
	signing, err := jwt.Generate("1", jwt.EdDSA)
	if err != nil {
		panic(err)
	}
	r, err := jwt.NewRing(signing)
	if err != nil {
		panic(err)
	}
	return r
})

func issuer(k ginauthtest.Kit[User]) *jwt.Issuer {
	return jwt.NewIssuer(jwt.IssuerOptions{Keys: ring(), Issuer: "https://example.com", Audiences: []string{"shop"}, Now: k.Clock.Now})
}

func bearer(k ginauthtest.Kit[User]) ginauth.Backend[User] {
	return jwt.Bearer(k.Config, jwt.BackendOptions[User]{Accept: jwt.Accept{
		Issuers: []jwt.Trust{{Issuer: "https://example.com", Keys: ring()}}, Audiences: []string{"shop"}, Now: k.Clock.Now,
	}})
}

// api is an app for scripts: it takes sessions, keys and tokens.
func api(k ginauthtest.Kit[User]) *gin.Engine {
	keys := k.Keys(apikey.Options[User]{Prefix: "shop_"})
	k.Tokens(jwt.Options[User]{Issuer: issuer(k), Scopes: []string{"posts:read"}, Claims: func(_ *gin.Context, u User) (any, error) {
		return gin.H{"name": u.Name}, nil
	}})
	tokens := bearer(k)
	r := gin.New()
	r.Use(ginauth.Authenticate(k.Config, apikey.Backend(keys), tokens, ginauth.SessionAuth(k.Config)))
	r.GET("/user", ginauth.Require(ginauth.AnyScope()), ginauth.Me(k.Config))
	r.GET("/claims", ginauth.Require(ginauth.AnyScope()), func(c *gin.Context) {
		auth, _ := ginauth.CurrentAuth(c)
		claims, _ := auth.Credential.(jwt.Claims)
		c.String(http.StatusOK, "%s %v %t", claims.Text("name"), claims.Scopes, claims.Session != "")
	})
	r.GET("/posts", ginauth.Require(ginauth.Scope("posts:read")), func(c *gin.Context) { c.Status(http.StatusOK) })
	r.POST("/posts", ginauth.Require(ginauth.Scope("posts:write"), ginauth.Fresh(10*time.Minute)), func(c *gin.Context) { c.Status(http.StatusCreated) })
	return r
}

func TestKeysAndTokensAreReal(t *testing.T) {
	t.Parallel()
	for name, options := range stores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := ginauthtest.New(t, api, options...)
			ada := app.As(User{Name: "Ada"})
			key := app.AsKey(ada.User, ginauthtest.Scopes("posts:read"))
			var me User
			if key.GET("/user").Status(200).JSON(&me); me.ID != ada.User.ID {
				t.Errorf("the key is of %+v", me)
			}
			key.GET("/posts").Status(200)
			key.POST("/posts", gin.H{}).Status(403)
			app.AsKey(User{}).GET("/posts").Status(403)
			app.AsKey(User{}).GET("/user").Status(200)

			token := app.AsToken(ada.User)
			if got := token.GET("/claims").Status(200).Body; got != "Ada [posts:read] true" {
				t.Errorf("the token says %s", got)
			}
			token.GET("/posts").Status(200)
			token.POST("/posts", gin.H{}).Problem("insufficient_scope")
			writer := app.AsToken(ada.User, ginauthtest.Scopes("posts:write"))
			writer.POST("/posts", gin.H{}).Problem("reauthentication_required")
			app.AsToken(User{}, ginauthtest.Scopes("posts:write"), ginauthtest.Fresh()).POST("/posts", gin.H{}).Status(201)
			if got := app.AsToken(ada.User, ginauthtest.Fresh()).GET("/claims").Status(200).Body; got != "Ada [posts:read] true" {
				t.Errorf("the fresh token says %s", got)
			}
			app.Clock.Advance(time.Hour)
			token.GET("/user").Status(401)
			app.Clock.Advance(400 * 24 * time.Hour)
			key.GET("/user").Status(401)
		})
	}
}

func TestCredentialsSayWhatIsWrong(t *testing.T) {
	t.Parallel()
	for want, test := range map[string]func(app *ginauthtest.App[User]){
		"no keys of Kit.Keys":     func(app *ginauthtest.App[User]) { app.AsKey(User{}) },
		"no tokens of Kit.Tokens": func(app *ginauthtest.App[User]) { app.AsToken(User{}) },
		"user has no such user":   func(app *ginauthtest.App[User]) { app.AsKey(User{ID: "4711"}) },
	} {
		got := complaintsOf(t, func(tb *recorder) { test(ginauthtest.New(tb, shop, ginauthtest.InMemory())) })
		if want == "user has no such user" {
			want = "making a credential: "
		}
		if !strings.Contains(got, want) {
			t.Errorf("the complaint is %q, want %q in it", got, want)
		}
	}
	for want, build := range map[string]func(k ginauthtest.Kit[User]){
		"apikey.New: ": func(k ginauthtest.Kit[User]) { k.Keys(apikey.Options[User]{Prefix: "x"}) },
		"jwt.New: ":    func(k ginauthtest.Kit[User]) { k.Tokens(jwt.Options[User]{}) },
	} {
		got := complaintsOf(t, func(tb *recorder) {
			ginauthtest.New(tb, func(k ginauthtest.Kit[User]) *gin.Engine {
				build(k)
				return gin.New()
			}, ginauthtest.InMemory())
		})
		if !strings.Contains(got, want) {
			t.Errorf("the complaint is %q, want %q in it", got, want)
		}
	}
}

func TestTokensOfAnAppWithoutSessions(t *testing.T) {
	t.Parallel()
	build := func(k ginauthtest.Kit[User]) *gin.Engine {
		k.Options.NoSessions = true
		k.Config = k.New(k.Options)
		keys := k.Keys(apikey.Options[User]{})
		k.Tokens(jwt.Options[User]{Issuer: issuer(k)})
		r := gin.New()
		r.Use(ginauth.Authenticate(k.Config, apikey.Backend(keys), bearer(k)))
		r.GET("/user", ginauth.Require(ginauth.AnyScope()), ginauth.Me(k.Config))
		return r
	}
	app := ginauthtest.New(t, build, ginauthtest.InMemory())
	app.AsToken(User{}).GET("/user").Status(200)
	app.AsKey(User{}).GET("/user").Status(200)
	app.Anonymous().GET("/user").Status(401)
	got := complaintsOf(t, func(tb *recorder) {
		app := ginauthtest.New(tb, build, ginauthtest.InMemory())
		app.Session(app.Anonymous()).Get("x")
	})
	if got != "ginauthtest: the app has NoSessions" {
		t.Errorf("the complaint is %q", got)
	}
}
