package ginauth_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bradfitz/gomemcache/memcache"
	"github.com/gin-contrib/sessions"
	cookiestore "github.com/gin-contrib/sessions/cookie"
	"github.com/gin-contrib/sessions/filesystem"
	"github.com/gin-contrib/sessions/memcached"
	"github.com/gin-contrib/sessions/memstore"
	"github.com/gin-contrib/sessions/redis"
	"github.com/gin-gonic/gin"
	redigo "github.com/gomodule/redigo/redis"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/store"
)

var (
	signingKey    = []byte("0123456789abcdef0123456789abcdef")
	encryptionKey = []byte("fedcba9876543210fedcba9876543210")
)

// kept is one way to keep sessions, and what it promises: the table of docs/sessions.md.
type kept struct {
	name string
	// open returns two stores over the same sessions, as two processes have them; the second is
	// nil where no other process can see them.
	open func(t *testing.T) (here, there sessions.Store)
	// forgets: what is ended is gone, without PostgreSQL's help.
	forgets bool
	// merges: parallel requests keep each other's values.
	merges bool
	// lists: the sessions of a user can be listed and counted.
	lists bool
}

var keptIn = []kept{
	{name: "postgresql", forgets: true, merges: true, lists: true, open: func(*testing.T) (here, there sessions.Store) { return nil, nil }},
	{name: "cookie signed", open: func(*testing.T) (here, there sessions.Store) {
		return cookiestore.NewStore(signingKey), cookiestore.NewStore(signingKey)
	}},
	{name: "cookie encrypted", open: func(*testing.T) (here, there sessions.Store) {
		return cookiestore.NewStore(signingKey, encryptionKey), cookiestore.NewStore(signingKey, encryptionKey)
	}},
	{name: "memstore", forgets: true, merges: true, open: func(*testing.T) (here, there sessions.Store) {
		return memstore.NewStore(signingKey), nil
	}},
	{name: "filesystem", forgets: true, merges: true, open: func(t *testing.T) (here, there sessions.Store) {
		t.Helper()
		dir := t.TempDir()
		return filesystem.NewStore(dir, signingKey), filesystem.NewStore(dir, signingKey)
	}},
	{name: "redis", forgets: true, merges: true, open: func(t *testing.T) (here, there sessions.Store) {
		t.Helper()
		s := shared(t, sharedRedis)
		return openRedis(t, s, t.Name(), time.Minute), openRedis(t, s, t.Name(), time.Minute)
	}},
	{name: "memcached", forgets: true, merges: true, open: func(t *testing.T) (here, there sessions.Store) {
		t.Helper()
		s := shared(t, sharedMemcached)
		return openMemcached(s, t.Name(), time.Minute), openMemcached(s, t.Name(), time.Minute)
	}},
}

func openRedis(t *testing.T, s *server, prefix string, patience time.Duration) sessions.Store {
	t.Helper()
	pool := &redigo.Pool{MaxIdle: 4, DialContext: func(ctx context.Context) (redigo.Conn, error) {
		return redigo.DialContext(ctx, "unix", s.socket, redigo.DialReadTimeout(patience), redigo.DialWriteTimeout(patience))
	}}
	t.Cleanup(func() { _ = pool.Close() })
	opened, err := redis.NewStoreWithPool(pool, signingKey)
	if err != nil {
		t.Fatal(err)
	}
	if err := redis.SetKeyPrefix(opened, prefix); err != nil {
		t.Fatal(err)
	}
	return opened
}

// openMemcached hashes the prefix: a key has at most 250 bytes and no blanks.
func openMemcached(s *server, prefix string, patience time.Duration) sessions.Store {
	c := memcache.New(s.socket)
	c.Timeout, c.MaxIdleConns = patience, 32
	return memcached.NewStore(c, fmt.Sprintf("%x", sha256.Sum256([]byte(prefix)))[:16], signingKey)
}

// suite is an app whose sessions are kept somewhere, and the same app in another process.
type suite struct {
	t *testing.T
	kept
	*app
	there *app // nil where nobody else can see the sessions
}

var keeping = routes(func(r *gin.Engine, _ config) {
	r.POST("/renew", func(c *gin.Context) {
		if err := ginauth.Renew(c); err != nil {
			ginauth.Fail(c, err)
		}
	})
	r.POST("/put", func(c *gin.Context) {
		sessions.Default(c).Set(c.Query("key"), c.Query("value"))
		c.Status(http.StatusNoContent)
	})
	r.POST("/big", func(c *gin.Context) {
		sessions.Default(c).Set("big", strings.Repeat("x", 64<<10))
		c.Status(http.StatusNoContent)
	})
	r.GET("/value", func(c *gin.Context) {
		value, _ := sessions.Default(c).Get(c.Query("key")).(string)
		c.String(http.StatusOK, "%s", value)
	})
	r.GET("/lazy", func(c *gin.Context) {
		u, err := ginauth.CurrentUser[user](c)
		switch {
		case err == nil:
			c.String(http.StatusOK, "%s", u.Email)
		case ginauth.ErrUnauthenticated == err: //nolint:errorlint // a Problem is returned bare
			c.String(http.StatusOK, "anonymous")
		default:
			ginauth.Fail(c, err)
		}
	})
})

var keepingOpen = with(func(cfg *config) {
	cfg.Exclude = append(cfg.Exclude, "/put", "/value", "/lazy", "/big")
	cfg.TouchEvery = time.Second
})

func (k kept) start(t *testing.T, options ...appOption) suite {
	t.Helper()
	here, there := k.open(t)
	in := func(s sessions.Store) []appOption {
		return slices.Concat([]appOption{keepingOpen, keeping, with(func(cfg *config) { cfg.Sessions = s })}, options)
	}
	s := suite{t: t, kept: k, app: newApp(t, in(here)...)}
	if there != nil || k.lists {
		s.there = newAppOn(t, s.pool, in(there)...)
		s.there.db = store.New[user](s.pool, store.WithNow(s.clock.Now), store.WithTimeout(time.Minute))
	}
	return s
}

// everywhere runs a flow over every kind of store.
func everywhere(t *testing.T, flow func(suite), options ...appOption) {
	t.Helper()
	for _, k := range keptIn {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			flow(k.start(t, options...))
		})
	}
}

// as is a client of this process or the other that has the same cookie.
func (c *client) as(a *app) *client { return &client{handler: a, value: c.value} }

func (c *client) want(t *testing.T, status int, what string) {
	t.Helper()
	if w := c.get("/user"); w.Code != status {
		t.Errorf("%s: GET /user answers %d, want %d: %s", what, w.Code, status, w.Body)
	}
}

func (c *client) wantValue(t *testing.T, key, want, what string) {
	t.Helper()
	if w := c.get("/value?key=" + key); w.Body.String() != want {
		t.Errorf("%s: %s is %q, want %q", what, key, w.Body, want)
	}
}
