package ginauth_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/jackc/pgx/v5"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/built"
	"github.com/ginauth/ginauth/store"
	"github.com/ginauth/ginauth/store/storetest"
)

// A bug in the app's own function is a 500: no session comes of it, nothing is half-done, and no connection is lost.
func TestPanicsOfTheAppsFunctionsIssueNoSession(t *testing.T) { // SEC-164
	t.Parallel()
	boom := false
	explode := func() {
		if boom {
			panic("a bug of the app's")
		}
	}
	for name, option := range map[string]store.Option{
		"fill":        nil,
		"AfterCreate": store.AfterCreate(func(context.Context, pgx.Tx, user) error { explode(); return nil }),
		"OnEvent":     store.OnEvent(func(context.Context, pgx.Tx, driver.Event) error { explode(); return nil }),
		"AfterEvent":  store.AfterEvent(func(context.Context, driver.Event) { explode() }),
	} {
		pool := storetest.NewDB(t)
		options := []store.Option{store.WithTimeout(time.Minute)}
		if option != nil {
			options = append(options, option)
		}
		app := newAppOn(t, pool, with(func(cfg *config) { cfg.Users = store.New[user](pool, options...) }),
			with(func(cfg *config) { cfg.Exclude = append(cfg.Exclude, "/join") }),
			routes(func(r *gin.Engine, cfg config) {
				r.POST("/join", ginauth.SignUpWith(built.Config(cfg), func(context.Context, ginauth.Registration, *user) error {
					if option == nil {
						explode()
					}
					return nil
				}))
			}))
		boom = false
		app.signUp(t, grace)
		boom = true
		for path, body := range map[string]string{"/join": ada, "/login": `{"email":"grace@example.com","password":"nanoseconds are short wires"}`} {
			if path == "/login" && (option == nil || name == "AfterCreate") {
				continue // they have no part in it
			}
			sessions := app.count(t, `SELECT count(*) FROM ginauth.sessions`)
			w := app.send(jsonRequest(path, body))
			if w.Code != http.StatusInternalServerError || w.Header().Get("Set-Cookie") != "" {
				t.Errorf("%s, %s: %d %v", name, path, w.Code, w.Header())
			}
			if n := app.count(t, `SELECT count(*) FROM ginauth.sessions`); n != sessions && name != "AfterEvent" { // which comes too late
				t.Errorf("%s, %s: %d sessions more", name, path, n-sessions)
			}
		}
		if users := app.count(t, `SELECT count(*) FROM ginauth.users`); users != 1 && name != "AfterEvent" {
			t.Errorf("%s: %d users", name, users)
		}
		if held := pool.Stat().AcquiredConns(); held != 0 {
			t.Errorf("%s: %d connections are held", name, held)
		}
		boom = false
		if w := app.send(jsonRequest("/login", `{"email":"grace@example.com","password":"nanoseconds are short wires"}`)); w.Code != http.StatusOK {
			t.Errorf("%s, afterwards: %d %s", name, w.Code, w.Body)
		}
	}
}
