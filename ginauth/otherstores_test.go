package ginauth_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gin-contrib/sessions"
	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/account"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/built"
)

// SEC-49, SEC-53, SEC-55, SEC-58
func TestEveryStoreSignsUpAndKeepsTypedValues(t *testing.T) {
	t.Parallel()
	everywhere(t, func(s suite) {
		t := s.t
		c := &client{handler: s.app}
		w := c.post("/signup", ada)
		cookies := w.Result().Cookies()
		if w.Code != http.StatusCreated || len(cookies) != 2 || cookies[1].Name != device {
			t.Fatalf("sign-up: %d with %d cookies: %s", w.Code, len(cookies), w.Body)
		}
		k := cookies[0]
		if k.Name != cookie || !k.Secure || !k.HttpOnly || k.SameSite != http.SameSiteLaxMode || k.Path != "/" || k.Domain != "" || k.MaxAge != 0 || !k.Expires.IsZero() {
			t.Errorf("cookie %s", k.Raw)
		}
		if w.Header().Get("Cache-Control") != "no-store" || !slices.Contains(w.Header().Values("Vary"), "Cookie") {
			t.Errorf("headers %v", w.Header())
		}
		c.want(t, http.StatusOK, "signed up")
		c.post("/put?key=color&value=blue", "")
		c.wantValue(t, "color", "blue", "the next request")
		if s.there != nil {
			c.as(s.there).want(t, http.StatusOK, "the other process")
			c.as(s.there).wantValue(t, "color", "blue", "the other process")
		}
		if before := c.value; c.get("/user").Header().Get("Set-Cookie") != "" || c.value != before {
			t.Error("a read sets a cookie")
		}
	})
}

// SEC-24, SEC-62
func TestEveryStoreReplacesTheSessionAtLogin(t *testing.T) {
	t.Parallel()
	everywhere(t, func(s suite) {
		t := s.t
		s.signUp(t, ada)
		c := &client{handler: s.app}
		c.post("/put?key=cart&value=full", "")
		visitor := c.as(s.app)
		if c.post("/login", adaIn); c.value == visitor.value {
			t.Fatal("the cookie is the same after login")
		}
		visitor.want(t, http.StatusUnauthorized, "the visitor's cookie")
		first := c.as(s.app)
		c.wantValue(t, "cart", "", "after login")
		c.post("/login", adaIn)
		first.want(t, http.StatusUnauthorized, "the session before the second login")
		c.want(t, http.StatusOK, "the second login")
	})
}

// SEC-62, SEC-64, SEC-66
func TestEveryStoreRotates(t *testing.T) {
	t.Parallel()
	everywhere(t, func(s suite) {
		t := s.t
		c := s.signUp(t, ada)
		c.post("/put?key=color&value=blue", "")
		old := c.as(s.app)
		if w := c.post("/renew", ""); w.Code != http.StatusOK || c.value == old.value {
			t.Fatalf("renew: %d", w.Code)
		}
		old.want(t, http.StatusUnauthorized, "the old cookie")
		c.want(t, http.StatusOK, "the new cookie")
		c.wantValue(t, "color", "blue", "the new cookie")
		if s.there != nil {
			old.as(s.there).want(t, http.StatusUnauthorized, "the old cookie elsewhere")
			c.as(s.there).want(t, http.StatusOK, "the new cookie elsewhere")
		}
	})
}

// SEC-73
func TestEveryStoreEndsTheSessionAtLogout(t *testing.T) {
	t.Parallel()
	everywhere(t, func(s suite) {
		t := s.t
		c := s.signUp(t, ada)
		copied := c.as(s.app)
		if w := c.post("/logout", ""); w.Code != http.StatusNoContent || c.value != "" {
			t.Fatalf("logout: %d, cookie %q", w.Code, c.value)
		}
		copied.want(t, http.StatusUnauthorized, "a copy of the cookie")
		if s.there != nil {
			copied.as(s.there).want(t, http.StatusUnauthorized, "a copy elsewhere")
		}
		if w := copied.get("/lazy"); w.Body.String() != "anonymous" {
			t.Errorf("a copy on an open route: %s", w.Body)
		}
	})
}

// SEC-67, SEC-68, SEC-69
func TestEveryStoreEndsTheSessionInTime(t *testing.T) {
	t.Parallel()
	everywhere(t, func(s suite) {
		t := s.t
		c := s.signUp(t, ada)
		first := c.as(s.app)
		s.clock.Advance(time.Hour - time.Second)
		c.want(t, http.StatusOK, "before the idle timeout")
		s.clock.Advance(time.Hour - time.Second)
		c.want(t, http.StatusOK, "used meanwhile")
		s.clock.Advance(time.Hour + time.Second)
		c.want(t, http.StatusUnauthorized, "after the idle timeout")
		first.want(t, http.StatusUnauthorized, "after the idle timeout, with the first cookie")
	})
}

// SEC-68
func TestEveryStoreEndsABusySessionInTheEnd(t *testing.T) {
	t.Parallel()
	everywhere(t, func(s suite) {
		t := s.t
		c := s.signUp(t, ada)
		for range 47 {
			s.clock.Advance(30 * time.Minute)
			c.want(t, http.StatusOK, "within the lifetime")
		}
		s.clock.Advance(31 * time.Minute)
		c.want(t, http.StatusUnauthorized, "after the lifetime")
	})
}

// SEC-70
func TestEveryStoreRemembers(t *testing.T) {
	t.Parallel()
	everywhere(t, func(s suite) {
		t := s.t
		s.signUp(t, ada)
		c := &client{handler: s.app}
		w := c.post("/login", strings.Replace(adaIn, "}", `,"remember":true}`, 1))
		if k := w.Result().Cookies(); len(k) != 2 || k[0].MaxAge < int((30*24*time.Hour-time.Minute)/time.Second) {
			t.Errorf("cookies %v", k)
		}
		s.clock.Advance(13 * 24 * time.Hour)
		c.want(t, http.StatusOK, "within two weeks")
		s.clock.Advance(15 * 24 * time.Hour)
		c.want(t, http.StatusUnauthorized, "after two weeks without use")
	})
}

// SEC-52, SEC-57, SEC-63
func TestNoStoreAdoptsACookieOfTheClients(t *testing.T) {
	t.Parallel()
	everywhere(t, func(s suite) {
		t := s.t
		victim := s.signUp(t, ada)
		planted := driver.NewToken().Reveal()
		c := &client{handler: s.app, value: planted}
		c.post("/put?key=a&value=b", "")
		if c.value == planted || c.value == "" {
			t.Error("the client's own cookie was adopted, or none was given")
		}
		tampered := []string{"", "x", victim.value + "A", victim.value[:len(victim.value)-1], victim.value[:20] + "." + victim.value[21:], strings.ToUpper(victim.value), strings.Repeat("A", 5000)}
		for i := 0; i < len(victim.value); i += max(1, len(victim.value)/16) {
			other := byte('A')
			if victim.value[i] == other {
				other = 'B'
			}
			tampered = append(tampered, victim.value[:i]+string(other)+victim.value[i+1:])
		}
		for _, value := range tampered {
			(&client{handler: s.app, value: value}).want(t, http.StatusUnauthorized, "tampered "+value[:min(len(value), 40)])
		}
		r := httptest.NewRequest(http.MethodGet, "/user", nil)
		r.AddCookie(&http.Cookie{Name: cookie, Value: planted})
		if w := victim.do(r); w.Code != http.StatusUnauthorized {
			t.Errorf("two cookies: %d", w.Code)
		}
		victim.want(t, http.StatusOK, "the victim")
	})
}

// SEC-63: an id that the store has forgotten is not used again.
func TestNoStoreReusesAnIDThatHasEnded(t *testing.T) {
	t.Parallel()
	everywhere(t, func(s suite) {
		t := s.t
		c := s.signUp(t, ada)
		planted := c.as(s.app)
		c.post("/logout", "")
		victim := planted.as(s.app)
		victim.post("/put?key=a&value=b", "")
		victim.post("/login", adaIn)
		if victim.value == planted.value {
			t.Error("an ended session's cookie lives on")
		}
		victim.want(t, http.StatusOK, "the victim")
		planted.want(t, http.StatusUnauthorized, "whoever planted the cookie")
	})
}

// SEC-75: with a user and PostgreSQL, on any store; a slow request cannot bring the session back.
func TestNoStoreBringsASessionBackAfterLogout(t *testing.T) {
	t.Parallel()
	for _, k := range keptIn {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			inside, goOn := make(chan struct{}), make(chan struct{})
			s := k.start(t, routes(func(r *gin.Engine, _ config) {
				r.POST("/slow", func(c *gin.Context) {
					sessions.Default(c).Set("seen", "yes")
					inside <- struct{}{}
					<-goOn
					c.Status(http.StatusNoContent)
				})
			}))
			c := s.signUp(t, ada)
			copied, slow := c.as(s.app), c.as(s.app)
			answered := make(chan int)
			go func() { answered <- slow.post("/slow", "").Code }()
			<-inside
			out := c
			if s.there != nil {
				out = c.as(s.there)
			}
			out.post("/logout", "")
			goOn <- struct{}{}
			if code := <-answered; code != http.StatusUnauthorized && k.forgets {
				t.Errorf("the slow request answers %d", code)
			}
			copied.want(t, http.StatusUnauthorized, "a copy of the cookie")
			slow.want(t, http.StatusUnauthorized, "the slow request's cookie")
		})
	}
}

// SEC-73, SEC-76, SEC-77
func TestEveryStoreObeysTheUsersTable(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*testing.T, suite, driver.UserID){
		"disabled": func(t *testing.T, s suite, id driver.UserID) {
			t.Helper()
			s.exec(t, "UPDATE ginauth.users SET disabled_at = now() WHERE id = $1", string(id))
		},
		"deleted": func(t *testing.T, s suite, id driver.UserID) {
			t.Helper()
			s.exec(t, "DELETE FROM ginauth.users WHERE id = $1", string(id))
		},
		"password changed": func(t *testing.T, s suite, id driver.UserID) {
			t.Helper()
			s.exec(t, "UPDATE ginauth.users SET password_hash = '$x', session_epoch = session_epoch + 1 WHERE id = $1", string(id))
		},
		"logged out everywhere": func(t *testing.T, s suite, id driver.UserID) {
			t.Helper()
			if err := s.db.RevokeUserSessions(t.Context(), id, ""); err != nil {
				t.Fatal(err)
			}
		},
		"all logged out": func(t *testing.T, s suite, _ driver.UserID) {
			t.Helper()
			if err := s.db.RevokeAllSessions(t.Context()); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			everywhere(t, func(s suite) {
				t := s.t
				c := s.signUp(t, ada)
				c.want(t, http.StatusOK, "before")
				var id string
				if err := s.pool.QueryRow(t.Context(), "SELECT id::text FROM ginauth.users").Scan(&id); err != nil {
					t.Fatal(err)
				}
				end(t, s, driver.UserID(id))
				c.as(s.app).want(t, http.StatusUnauthorized, "after")
				if w := c.as(s.app).get("/lazy"); w.Body.String() != "anonymous" {
					t.Errorf("an open route: %s", w.Body)
				}
			})
		})
	}
}

// SEC-66, SEC-151: within one process. The cookie store cannot: the last answer wins.
func TestParallelWritersKeepEachOthersValues(t *testing.T) {
	t.Parallel()
	const writers, rounds = 16, 10
	everywhere(t, func(s suite) {
		t := s.t
		c := s.signUp(t, ada)
		for round := range rounds {
			var wg sync.WaitGroup
			answers := make([]*client, writers)
			for i := range writers {
				answers[i] = c.as(s.app)
				wg.Go(func() {
					if w := answers[i].post(fmt.Sprintf("/put?key=k%d&value=v%d", i, round), ""); w.Code != http.StatusNoContent {
						t.Errorf("writer %d: %d %s", i, w.Code, w.Body)
					}
				})
			}
			wg.Wait()
			c = answers[0] // a browser has the cookie of one of them
			kept := 0
			for i := range writers {
				if w := c.get(fmt.Sprintf("/value?key=k%d", i)); w.Body.String() == fmt.Sprintf("v%d", round) {
					kept++
				}
			}
			if (kept == writers) != s.merges {
				t.Fatalf("round %d: %d of %d values are there", round, kept, writers)
			}
		}
	})
}

// SEC-73
func TestLogoutEverywhereWorksWhereverTheSessionsAre(t *testing.T) {
	t.Parallel()
	everywhere(t, func(s suite) {
		t := s.t
		here := s.signUp(t, ada)
		there := &client{handler: s.app}
		there.post("/login", adaIn)
		copied := here.as(s.app)
		if w := here.post("/sessions/revoke-all", ""); w.Code != http.StatusNoContent {
			t.Fatalf("revoke-all: %d %s", w.Code, w.Body)
		}
		for name, c := range map[string]*client{"the one that asked": copied, "the other": there} {
			c.want(t, http.StatusUnauthorized, name)
		}
		there.post("/login", adaIn)
		there.want(t, http.StatusOK, "a login after it")
	}, routes(func(r *gin.Engine, cfg config) {
		r.POST("/sessions/revoke-all", account.RevokeAllSessions(built.Config(cfg)))
	}))
}

// SEC-59
func TestNoStoreTakesMoreThanItCanKeep(t *testing.T) {
	t.Parallel()
	everywhere(t, func(s suite) {
		t := s.t
		if s.name == "memstore" {
			t.Skip("memstore has no limit but the process's memory")
		}
		c := s.signUp(t, ada)
		c.post("/put?key=color&value=blue", "")
		if w := c.post("/big", ""); w.Code != http.StatusRequestEntityTooLarge || problemIn(t, w).Code != "session_too_large" {
			t.Errorf("64 KiB: %d %s", w.Code, w.Body)
		}
		c.wantValue(t, "color", "blue", "after a value that was too large")
	})
}

// SEC-80 where the store can count; elsewhere the constructors say so.
func TestStoresThatCannotListSaySo(t *testing.T) {
	t.Parallel()
	everywhere(t, func(s suite) {
		t := s.t
		panicked := func(build func()) (text string) {
			defer func() { text, _ = recover().(string) }()
			build()
			return ""
		}
		for name, build := range map[string]func(){
			"Sessions":            func() { account.Sessions(built.Config(s.cfg)) },
			"RevokeOtherSessions": func() { account.RevokeOtherSessions(built.Config(s.cfg)) },
		} {
			if text := panicked(build); (text == "") != s.lists || !s.lists && !strings.Contains(text, "driver.Logins") {
				t.Errorf("%s: %q", name, text)
			}
		}
		for want, change := range map[string]func(*config){
			"MaxSessions":   func(cfg *config) { cfg.MaxSessions = 3 },
			"RotationGrace": func(cfg *config) { cfg.RotationGrace = time.Second },
		} {
			cfg := s.cfg
			change(&cfg)
			if _, err := ginauth.New(cfg); (err == nil) != s.lists || err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v", want, err)
			}
		}
	})
}
