package ginauth_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/account"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/built"
	"github.com/ginauth/ginauth/store"
	"github.com/ginauth/ginauth/store/storetest"
)

// Two databases look alike to a router that is built: the sessions' one does not know the users.
func TestAUserWhomOnlyTheUsersStoreKnowsIsAFaultAndNoWrongPassword(t *testing.T) { // SEC-190
	t.Parallel()
	const restored = `{"email":"ada@example.com","password":"correct horse battery staple"}`
	for name, try := range map[string]func(*testing.T, *app) int{
		"Login": func(_ *testing.T, a *app) int { return a.send(jsonRequest("/login", adaIn)).Code },
		"SignUp": func(_ *testing.T, a *app) int {
			return a.send(jsonRequest("/signup", grace)).Code
		},
		"SignUpWith": func(_ *testing.T, a *app) int { return a.send(jsonRequest("/signup/with", grace)).Code },
		"RestoreAccount": func(t *testing.T, a *app) int {
			t.Helper()
			u, _, err := a.db.FindCredential(t.Context(), "ada@example.com")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := a.db.ArchiveUser(t.Context(), u.ID, time.Hour); err != nil {
				t.Fatal(err)
			}
			return a.send(jsonRequest("/restore", restored)).Code
		},
		"SignIn": func(_ *testing.T, a *app) int { return a.send(jsonRequest("/enter", "")).Code },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			home := newApp(t)
			home.signUp(t, ada)
			elsewhere := storetest.NewDB(t)
			app := newAppOn(t, home.pool, with(func(cfg *config) {
				cfg.Sessions = store.NewSessions(elsewhere, store.WithTimeout(time.Minute))
				cfg.Exclude = append(cfg.Exclude, "/restore", "/enter", "/signup/with")
			}), routes(func(r *gin.Engine, cfg config) {
				r.POST("/restore", account.RestoreAccount(built.Config(cfg)))
				r.POST("/signup/with", ginauth.SignUpWith(built.Config(cfg), func(context.Context, ginauth.Registration, *user) error { return nil }))
				r.POST("/enter", func(c *gin.Context) {
					u, _, err := home.db.FindCredential(c, "ada@example.com")
					if err == nil {
						err = ginauth.SignIn(c, u)
					}
					if err != nil {
						ginauth.Fail(c, err)
					}
				})
			}))
			if status := try(t, app); status != http.StatusInternalServerError {
				t.Errorf("status %d", status)
			}
			if !strings.Contains(app.log.String(), "Options.Sessions, a *store.Sessions, does not know it") {
				t.Errorf("the log says %s", app.log)
			}
			if n := app.count(t, "SELECT count(*) FROM ginauth.events WHERE kind = $1", string(driver.LoginFailed)); n != 0 {
				t.Errorf("%d events of wrong passwords", n)
			}
		})
	}
}

// Who is disabled or deleted between the proof and the session is told what such users are told.
func TestAUserWhoEndsWhileLoggingInIsNoFault(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]string{
		"disabled":         "UPDATE ginauth.users SET disabled_at = now()",
		"deleted":          "DELETE FROM ginauth.users",
		"another password": "UPDATE ginauth.users SET password_hash = NULL",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := newApp(t)
			app.signUp(t, ada)
			slow := &changing{Users: app.db, Sessions: app.db, change: func() { app.exec(t, end) }}
			late := newAppOn(t, app.pool, with(func(cfg *config) { cfg.Users = slow }))
			w := late.send(jsonRequest("/login", adaIn))
			if w.Code != http.StatusUnauthorized || problemIn(t, w).Code != "invalid_credentials" {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		})
	}
}
