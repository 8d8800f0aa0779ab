package ginauth_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/built"
)

// Below Session, a middleware replaces the request's context by one of its own. A store would then look for the namesake
// without a tenant, and log them in at the tenant's host.
func TestARequestThatLosesItsRealmIsRefused(t *testing.T) {
	t.Parallel()
	dropsContext := func(c *gin.Context) { c.Request = c.Request.WithContext(context.Background()) }
	a := newApp(t, with(func(cfg *config) {
		cfg.Realm = func(c *gin.Context) (string, error) {
			if c.Request.Host == "nobody.example.com" {
				return "", nil
			}
			return byHost(c)
		}
		cfg.Exclude = append(cfg.Exclude, "/lost/login")
	}), routes(func(r *gin.Engine, o config) {
		cfg := built.Config(o)
		lost := r.Group("/lost", dropsContext)
		lost.POST("/login", ginauth.Login(cfg))
		lost.GET("/user", ginauth.Me(cfg))
		lost.GET("/nested", ginauth.Session(cfg), func(c *gin.Context) { c.String(http.StatusOK, driver.Realm(c.Request.Context())) })
	}))
	if w := a.at("nobody", "POST", "/signup", ada, ""); w.Code != http.StatusCreated {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	w := a.at("a", "POST", "/signup", `{"email":"grace@example.com","password":"correct horse battery staple","name":"G"}`, "")
	if w.Code != http.StatusCreated {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	value := ""
	for _, k := range w.Result().Cookies() {
		if k.Name == cookie {
			value = k.Value
		}
	}
	for _, try := range []struct{ method, path, body, cookie string }{
		{"POST", "/lost/login", adaIn, ""}, {"GET", "/lost/user", "", value}, {"GET", "/lost/nested", "", value},
	} {
		w := a.at("a", try.method, try.path, try.body, try.cookie)
		if p := problemIn(t, w); w.Code != http.StatusInternalServerError || p.Code != "not_mounted" {
			t.Errorf("%s %s: %d %s", try.method, try.path, w.Code, w.Body)
		}
	}
	if w := a.at("nobody", "POST", "/lost/login", adaIn, ""); w.Code != http.StatusOK {
		t.Errorf("without a realm there is none to lose: %d %s", w.Code, w.Body)
	}
}
