package ginauth_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gin-contrib/sessions"
	cookiestore "github.com/gin-contrib/sessions/cookie"
	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/built"
	"github.com/ginauth/ginauth/store"
)

// newUnusedDB is a store that no test statement reaches.
func newUnusedDB() *store.DB[user] { return store.New[user](noConn{}) }

type noConn struct{ store.Conn }

// SECURITY.md section 3: a changed default must be a decision.
func TestZeroConfigIsTheSafeOne(t *testing.T) {
	t.Parallel()
	cfg := config{Users: newUnusedDB()}
	if _, err := ginauth.New(cfg); err != nil {
		t.Fatal(err)
	}
	d := built.Config(cfg).Options()
	if d.IdleTimeout != time.Hour || d.Lifetime != 24*time.Hour || d.TouchEvery != time.Minute {
		t.Errorf("idle %s, lifetime %s, touch %s", d.IdleTimeout, d.Lifetime, d.TouchEvery)
	}
	if d.Cookie != (ginauth.Cookie{Name: "session", SameSite: http.SameSiteLaxMode}) {
		t.Errorf("cookie %+v", d.Cookie)
	}
	if d.Passwords == nil || d.Logger == nil || d.View == nil || len(d.Exclude)+len(d.TrustedOrigins)+len(d.TrustedProxies) != 0 {
		t.Errorf("config %+v", d)
	}
	if d.Unverified != ginauth.UnverifiedAllowed || d.UnverifiedMay != nil {
		t.Errorf("unverified users: %d, %q", d.Unverified, d.UnverifiedMay)
	}
	if short := built.Config(config{Users: newUnusedDB(), IdleTimeout: 30 * time.Second}).Options(); short.TouchEvery != 500*time.Millisecond {
		t.Errorf("touch %s for an idle timeout of 30 s", short.TouchEvery)
	}
}

func TestUnsafeConfigsFailWhenTheRouterIsBuilt(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*config){
		"set Users":    func(cfg *config) { cfg.Users = nil },
		"set Sessions": func(cfg *config) { cfg.Users, cfg.RetrieveUser = nil, retrieveNobody },
		"RotationGrace needs a store": func(cfg *config) {
			cfg.Sessions, cfg.RotationGrace = cookiestore.NewStore([]byte("secret")), time.Second
		},
		"MaxSessions needs a store":            func(cfg *config) { cfg.Sessions, cfg.MaxSessions = cookiestore.NewStore([]byte("secret")), 1 },
		"must not be negative":                 func(cfg *config) { cfg.IdleTimeout = -1 },
		"is longer than Lifetime":              func(cfg *config) { cfg.IdleTimeout = 48 * time.Hour },
		"must be shorter than IdleTimeout":     func(cfg *config) { cfg.TouchEvery = time.Hour },
		"must be a path on this site":          func(cfg *config) { cfg.Pages.Login = "https://evil.example/login" },
		"leave the prefix off":                 func(cfg *config) { cfg.Cookie.Name = "__Host-session" },
		"name them in TrustedOrigins":          func(cfg *config) { cfg.Cookie.SameSite = http.SameSiteNoneMode },
		"the Exclude rule \"/*any\"":           func(cfg *config) { cfg.Exclude = []string{"/*any"} },
		"must start with https://":             func(cfg *config) { cfg.TrustedOrigins = []string{"http://app.example"} },
		"must be a network such as 10.0.0.0/8": func(cfg *config) { cfg.TrustedProxies = []string{"10.0.0.1"} },
		"give a pointer to it":                 func(cfg *config) { cfg.Users = valueUsers{cfg.Users, map[string]int{}} },
		"MinLength":                            func(cfg *config) { cfg.Policy.MinLength = 4 },
	} {
		cfg := config{Users: newUnusedDB()}
		change(&cfg)
		if _, err := ginauth.New(cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("New: %v; want %q", err, want)
		}
	}
}

// valueUsers cannot be compared, so that nobody could tell whether two Configs have the same users.
type valueUsers struct {
	driver.Users[user]

	seen map[string]int
}

func TestHandlersThatNeedAccountsSayso(t *testing.T) {
	t.Parallel()
	defer func() {
		if text, _ := recover().(string); !strings.Contains(text, "ginauth.Login: Options.Users is not set") {
			t.Errorf("Login panicked with %q", text)
		}
	}()
	ginauth.Login(built.Config(config{RetrieveUser: retrieveNobody, Sessions: store.NewSessions(noConn{})}))
}

func TestConstructorsRefuseANilConfig(t *testing.T) {
	t.Parallel()
	defer func() {
		if text, _ := recover().(string); !strings.Contains(text, "ginauth.Session: the Config is nil or empty") {
			t.Errorf("Session panicked with %q", text)
		}
	}()
	ginauth.Session[user](nil)
}

func retrieveNobody(*gin.Context, sessions.Session) (user, error) { return user{}, driver.ErrNoUser }
