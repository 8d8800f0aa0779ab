package ginauth_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gin-contrib/sessions"
	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/built"
)

// SEC-73, SEC-151
func TestLogoutThatARotationOvertakesStillEndsTheSession(t *testing.T) {
	t.Parallel()
	app := newApp(t, managing)
	c := app.signUp(t, ada)
	overtaken := &client{handler: app, value: c.value}
	c.post("/renew", "")
	if w := overtaken.post("/logout", ""); w.Code != http.StatusNoContent {
		t.Fatalf("logout: %d", w.Code)
	}
	if w := c.get("/user"); w.Code != http.StatusUnauthorized {
		t.Errorf("the renewed session answers %d", w.Code)
	}
}

func TestCurrentUserIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	app := newApp(t, with(func(cfg *config) { cfg.Exclude = append(cfg.Exclude, "/lazy") }), routes(func(r *gin.Engine, _ config) {
		r.GET("/lazy", func(c *gin.Context) {
			var wg sync.WaitGroup
			for range 8 {
				wg.Go(func() {
					if _, err := ginauth.CurrentUser[user](c); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
		})
	}))
	app.signUp(t, ada).get("/lazy")
}

// SEC-147
func TestASaveOutlivesInnerContextsAndTheClient(t *testing.T) {
	t.Parallel()
	hangUp := make(chan context.CancelFunc, 1)
	app := newApp(t, routes(func(r *gin.Engine, _ config) {
		timeout := func(c *gin.Context) {
			ctx, cancel := context.WithTimeout(c.Request.Context(), time.Minute)
			defer cancel()
			c.Request = c.Request.WithContext(ctx)
			c.Next()
		}
		r.POST("/count", timeout, func(c *gin.Context) {
			n, _ := sessionOf(c).Get("tries").(int)
			sessionOf(c).Set("tries", n+1)
			select {
			case cancel := <-hangUp:
				cancel()
			default:
			}
			c.Status(http.StatusNoContent)
		})
	}))
	c := app.signUp(t, ada)
	if w := c.post("/count", ""); w.Code != http.StatusNoContent {
		t.Errorf("with an inner context: %d", w.Code)
	}
	ctx, cancel := context.WithCancel(t.Context())
	hangUp <- cancel
	c.do(jsonRequest("/count", "").WithContext(ctx))
	if n := app.count(t, "SELECT (data->'tries'->>'int')::int FROM ginauth.sessions"); n != 2 {
		t.Errorf("%d tries were counted", n)
	}
}

func TestASessionWithAnotherLookupInsideIsRefused(t *testing.T) {
	t.Parallel()
	app := newApp(t, routes(func(r *gin.Engine, cfg config) {
		strict := cfg
		strict.RetrieveUser = func(*gin.Context, sessions.Session) (user, error) { return user{}, driver.ErrNoUser }
		r.Group("/admin", ginauth.Session(built.Config(strict))).GET("/x", func(c *gin.Context) { c.String(http.StatusOK, "in") })
		r.POST("/login2", ginauth.Logout(built.Config(strict)))
	}))
	c := app.signUp(t, ada)
	for _, w := range []*httptest.ResponseRecorder{c.get("/admin/x"), c.post("/login2", "")} {
		if w.Code != http.StatusInternalServerError || problemIn(t, w).Code != "not_mounted" {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	}
}

func TestUseIsWrittenDownOnceByParallelRequests(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	c := app.signUp(t, ada)
	app.clock.Advance(2 * time.Minute)
	app.exec(t, `CREATE TABLE updates (at timestamptz);
		CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO updates VALUES (now()); RETURN NEW; END $$;
		CREATE TRIGGER note AFTER UPDATE ON ginauth.sessions FOR EACH ROW EXECUTE FUNCTION note()`)
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			if w := (&client{handler: app, value: c.value}).get("/user"); w.Code != http.StatusOK {
				t.Errorf("status %d", w.Code)
			}
		})
	}
	wg.Wait()
	if updates := app.count(t, "SELECT count(*) FROM updates"); updates != 1 {
		t.Errorf("%d updates", updates)
	}
}

func TestSignInAfterTheAnswerBeganIsAnError(t *testing.T) {
	t.Parallel()
	app := newApp(t, routes(func(r *gin.Engine, _ config) {
		r.POST("/late", func(c *gin.Context) {
			c.String(http.StatusOK, "x")
			u, err := ginauth.CurrentUser[user](c)
			if err != nil || ginauth.SignIn(c, u) == nil || ginauth.Renew(c) == nil {
				t.Errorf("too late, but no error: %v", err)
			}
		})
	}))
	c := app.signUp(t, ada)
	c.post("/late", "")
	if w := c.get("/user"); w.Code != http.StatusOK {
		t.Errorf("the session answers %d", w.Code)
	}
}

// SEC-23
func TestFormsCannotCarryJSON(t *testing.T) {
	t.Parallel()
	app := newApp(t, with(func(cfg *config) { cfg.Exclude = append(cfg.Exclude, "/join") }), routes(func(r *gin.Engine, cfg config) {
		r.POST("/join", ginauth.SignUpWith(built.Config(cfg), func(_ context.Context, _ companyForm, _ *user) error { return nil }))
	}))
	w := app.send(formRequest("/join", `email=a@example.com&password=correct+horse+battery+staple&company=x&offices={"city":"a\u0000b"}`))
	if w.Code != http.StatusBadRequest {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestCausesStayOutOfGinsErrors(t *testing.T) {
	t.Parallel()
	seen := ""
	app := newApp(t, before(func(r *gin.Engine) {
		r.Use(func(c *gin.Context) { c.Next(); seen += c.Errors.String() })
	}), routes(func(r *gin.Engine, _ config) {
		r.GET("/fail", func(c *gin.Context) { ginauth.Fail(c, errors.New("a host and a user name")) })
	}))
	app.signUp(t, ada).get("/fail")
	if seen == "" || strings.Contains(seen, "host") {
		t.Errorf("c.Errors says %q", seen)
	}
	if !strings.Contains(app.log.String(), "a host and a user name") {
		t.Error("the cause is not in the log")
	}
}
