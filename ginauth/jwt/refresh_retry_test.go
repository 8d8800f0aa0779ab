package jwt_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store"
)

// shaky is a store whose search for users fails while it is told to.
type shaky struct {
	*store.DB[user]
	fails *atomic.Bool
}

func (s shaky) FindUser(ctx context.Context, id driver.UserID) (user, error) {
	if s.fails.Load() {
		return user{}, fmt.Errorf("finding a user: %w", driver.ErrUnavailable)
	}
	return s.DB.FindUser(ctx, id)
}

// SEC-100: a refresh that fails is no use of its token, whenever the client tries again.
func TestRefreshThatFailsLeavesItsTokenGood(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		scope  string
		claims func() (any, error)
		shaken bool
		status int
	}{
		"a scope that was not granted":     {scope: "admin", status: http.StatusBadRequest},
		"one of two was not granted":       {scope: "read admin", status: http.StatusBadRequest},
		"an outage while looking for user": {shaken: true, status: http.StatusServiceUnavailable},
		"claims that fail":                 {claims: func() (any, error) { return nil, errors.New("boom") }, status: http.StatusInternalServerError},
		"claims during an outage":          {claims: func() (any, error) { return nil, driver.ErrUnavailable }, status: http.StatusServiceUnavailable},
		"claims that panic":                {claims: func() (any, error) { panic("boom") }, status: http.StatusInternalServerError},
		"claims that fit no token":         {claims: func() (any, error) { return object{"x": strings.Repeat("x", 9000)}, nil }, status: http.StatusInternalServerError},
		"claims of the issuer's own":       {claims: func() (any, error) { return object{"sub": "root"}, nil }, status: http.StatusInternalServerError},
	} {
		for _, path := range []string{"/refresh", "/token"} {
			for _, grace := range []time.Duration{0, -1} {
				t.Run(fmt.Sprint(name, path, grace), func(t *testing.T) {
					t.Parallel()
					var failing atomic.Bool
					s := newSite(t, func(s *site) {
						s.flow.app.Users = shaky{s.db, &failing}
						s.flow.Scopes, s.flow.RefreshGrace = []string{"read", "write"}, grace
						s.flow.Claims = func(*gin.Context, user) (any, error) {
							if failing.Load() && test.claims != nil {
								return test.claims()
							}
							return nil, nil
						}
						if !test.shaken {
							s.flow.app.Users = s.db
						}
					})
					token := s.logIn(t).RefreshToken
					failing.Store(true)
					for range 2 {
						w := s.form(path, "grant_type", "refresh_token", "refresh_token", token, "scope", test.scope)
						if w.Code != test.status {
							t.Fatalf("%d %s", w.Code, w.Body)
						}
						s.clock.Advance(time.Hour)
					}
					failing.Store(false)
					next := answerIn(t, s.form(path, "grant_type", "refresh_token", "refresh_token", token))
					if s.me(next.AccessToken) != http.StatusOK || next.RefreshToken == token || next.Scope != "read write" {
						t.Errorf("%+v", next)
					}
					answerIn(t, s.refresh(next.RefreshToken))
					if n := s.count(t, `SELECT count(*) FROM ginauth.events WHERE kind = 'authn_token_reuse'`); n != 0 {
						t.Errorf("%d thefts are recorded", n)
					}
				})
			}
		}
	}
}

// The check before must not become a way around the search for thieves.
func TestReuseIsFoundWhateverElseIsWrong(t *testing.T) {
	t.Parallel()
	for _, scope := range []string{"", "admin"} {
		s := newSite(t, func(s *site) { s.flow.Scopes, s.flow.RefreshGrace = []string{"read"}, -1 })
		token := s.logIn(t).RefreshToken
		next := answerIn(t, s.refresh(token))
		if w := s.form("/refresh", "refresh_token", token, "scope", scope); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "invalid_grant") {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		if w := s.refresh(next.RefreshToken); w.Code != http.StatusBadRequest {
			t.Errorf("the thief's token: %d", w.Code)
		}
		if n := s.count(t, `SELECT count(*) FROM ginauth.events WHERE kind = 'authn_token_reuse'`); n != 1 {
			t.Errorf("%d thefts are recorded", n)
		}
	}
}

// A login that fails because of the app's claims leaves no login behind.
func TestLoginWhoseClaimsFailBeginsNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(s *site) {
		s.flow.Claims = func(*gin.Context, user) (any, error) { return nil, driver.ErrUnavailable }
	})
	if w := s.send(jsonRequest("/login", adaIn)); w.Code != http.StatusServiceUnavailable {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if n := s.count(t, `SELECT count(*) FROM ginauth.refresh_tokens`); n != 0 {
		t.Errorf("%d logins are left", n)
	}
}

func (s *site) count(tb testing.TB, sql string) (n int) {
	tb.Helper()
	if err := s.pool.QueryRow(context.Background(), sql).Scan(&n); err != nil {
		tb.Fatal(err)
	}
	return n
}
