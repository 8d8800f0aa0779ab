package ginauthtest_test

import (
	"maps"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gin-contrib/sessions"
	"github.com/gin-contrib/sessions/cookie"
	"github.com/gin-contrib/sessions/filesystem"
	"github.com/gin-contrib/sessions/memstore"
	"github.com/gin-contrib/sessions/redis"
	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/ginauthtest"
)

// basket is an app with something in the session.
func basket(store sessions.Store) func(ginauthtest.Kit[User]) *gin.Engine {
	return func(k ginauthtest.Kit[User]) *gin.Engine {
		o := k.Options
		o.Sessions = store
		r := gin.New()
		r.Use(ginauth.Session(k.New(o)))
		r.GET("/user", ginauth.With(func(c *gin.Context, u User) { c.String(http.StatusOK, u.Email) }))
		r.GET("/cart", func(c *gin.Context) { c.JSON(http.StatusOK, sessions.Default(c).Get("cart")) })
		r.POST("/cart", func(c *gin.Context) { sessions.Default(c).Set("cart", c.Query("set")) })
		return r
	}
}

func TestSessionValuesOnEveryStore(t *testing.T) {
	t.Parallel()
	key := make([]byte, 64)
	for name, open := range map[string]func(*testing.T) sessions.Store{
		"the users' own": func(*testing.T) sessions.Store { return nil },
		"cookie":         func(*testing.T) sessions.Store { return cookie.NewStore(key, make([]byte, 32)) },
		"memory":         func(*testing.T) sessions.Store { return memstore.NewStore(key) },
		"filesystem":     func(t *testing.T) sessions.Store { t.Helper(); return filesystem.NewStore(t.TempDir(), key) },
		"redis":          startRedis,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := ginauthtest.New(t, basket(open(t)), ginauthtest.InMemory())
			ada := app.As(User{Email: "ada@example.com"}, ginauthtest.Value("cart", "apples"), ginauthtest.Value("page", 7))
			if got := ada.GET("/user").Status(200).Body; got != "ada@example.com" {
				t.Errorf("logged in as %s", got)
			}
			if got := ada.GET("/cart").Status(200).Body; got != `"apples"` {
				t.Errorf("the handler finds %s", got)
			}
			ada.POST("/cart?set=pears", nil).Status(200)
			session := app.Session(ada)
			if got := session.Get("cart"); got != "pears" {
				t.Errorf("the test finds %v", got)
			}
			session.Set("cart", "plums")
			session.Delete("page")
			if got := ada.GET("/cart").Status(200).Body; got != `"plums"` {
				t.Errorf("then the handler finds %s", got)
			}
			if got := session.Values(); !maps.Equal(got, map[any]any{"cart": "plums"}) {
				t.Errorf("the values are %v", got)
			}
			eve := app.Anonymous()
			if got := app.Session(eve).Get("cart"); got != nil || len(app.Session(eve).Values()) > 0 || eve.Cookie(app.SessionCookie()) != "" {
				t.Errorf("a client without a session has %v", got)
			}
			app.Session(eve).Set("cart", "figs")
			if got := app.Session(eve).Get("cart"); got != "figs" {
				t.Errorf("a session without a user has %v", got)
			}
			eve.GET("/user").Status(401)
		})
	}
}

// startRedis starts a server that ends with the test.
func startRedis(t *testing.T) sessions.Store {
	t.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("redis-server is not installed")
	}
	socket := filepath.Join(t.TempDir(), "s")
	server := exec.CommandContext(t.Context(), program, "--port", "0", "--unixsocket", socket, "--save", "", "--dir", filepath.Dir(socket))
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	})
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		conn, err := net.Dial("unix", socket)
		if err == nil {
			_ = conn.Close()
			break
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
	store, err := redis.NewStore(4, "unix", socket, "", "", make([]byte, 64))
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func TestSessionSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]func(app *ginauthtest.App[User]){
		"a value that cannot be stored": func(app *ginauthtest.App[User]) { app.Session(app.As(User{})).Set("f", func() {}) },
		"a value of As":                 func(app *ginauthtest.App[User]) { app.As(User{}, ginauthtest.Value("f", func() {})) },
	} {
		got := complaintsOf(t, func(tb *recorder) { test(ginauthtest.New(tb, shop, ginauthtest.InMemory())) })
		if !strings.Contains(got, "func()") {
			t.Errorf("%s: the complaint is %q", name, got)
		}
	}
}
