package ginauth_test

import (
	"net/http"
	"testing"

	"github.com/gin-contrib/sessions"
	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/built"
)

// retriever returns a RetrieveUser; those of two calls are not the same function.
func retriever(calls *int) func(*gin.Context, sessions.Session) (user, error) {
	return func(_ *gin.Context, s sessions.Session) (u user, err error) {
		*calls++
		id, _ := s.Get("user").(string)
		if id == "" {
			return u, driver.ErrNoUser
		}
		u.Email = id
		u.ID = "01a22e24-f21a-7cdc-aabb-7c0e5c8e604c"
		return u, nil
	}
}

// A second Session on a group works with RetrieveUser, which is asked once.
func TestASecondSessionWorksWithRetrieveUser(t *testing.T) {
	t.Parallel()
	calls := 0
	app := newApp(t, with(func(cfg *config) {
		cfg.RetrieveUser = retriever(&calls)
		cfg.Exclude = []string{"/enter", "/shop/*any"}
	}), routes(func(r *gin.Engine, cfg config) {
		r.POST("/enter", func(c *gin.Context) {
			s := sessions.Default(c)
			s.Set("user", "ada@example.com")
			if err := s.Save(); err != nil {
				ginauth.Fail(c, err)
			}
		})
		inner, other := cfg, cfg
		inner.Exclude = []string{"/shop/list"}
		other.RetrieveUser = retriever(&calls)
		shop := r.Group("/shop", ginauth.Session(built.Config(inner)))
		shop.GET("/list", func(c *gin.Context) { c.String(http.StatusOK, "list") })
		shop.GET("/basket", ginauth.Me(built.Config(cfg)))
		r.Group("/shop/mixed", ginauth.Session(built.Config(other))).GET("", ginauth.Me(built.Config(cfg)))
	}))
	c, nobody := &client{handler: app}, &client{handler: app}
	if w := c.post("/enter", ""); w.Code != http.StatusOK {
		t.Fatalf("entering: %d %s", w.Code, w.Body)
	}
	calls = 0
	for _, test := range []struct {
		c      *client
		path   string
		status int
	}{{nobody, "/shop/list", 200}, {nobody, "/shop/basket", 401}, {c, "/shop/basket", 200}, {c, "/shop/mixed", 500}} {
		if w := test.c.get(test.path); w.Code != test.status {
			t.Errorf("%s: %d %s", test.path, w.Code, w.Body)
		}
	}
	if calls != 1 {
		t.Errorf("RetrieveUser was called %d times", calls)
	}
}
