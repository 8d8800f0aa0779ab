package ginauth_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/account"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/built"
	"github.com/ginauth/ginauth/ginauth/password"
	"github.com/ginauth/ginauth/store"
)

// dawdling takes three milliseconds longer where there is an account, and more on a slow machine.
type dawdling struct{ *store.DB[user] }

func (d dawdling) CountAndFindCredential(ctx context.Context, a driver.Attempt, identifier string) (driver.Verdict, user, password.Hash, error) {
	began := time.Now()
	v, u, hash, err := d.DB.CountAndFindCredential(ctx, a, identifier)
	if err == nil {
		time.Sleep(max(3*time.Millisecond, 3*time.Since(began)))
	}
	return v, u, hash, err
}

// With hashes that cost next to nothing, what else differs shows.
func TestFailedLoginsTakeAsLongForEverybody(t *testing.T) { //nolint:paralleltest // it measures; SEC-32
	if testing.Short() {
		t.Skip("measures")
	}
	const pairs, crowd = 60, 60 * 4
	restore := routes(func(r *gin.Engine, cfg config) { r.POST("/restore", account.RestoreAccount(built.Config(cfg))) })
	open := with(func(cfg *config) { cfg.Exclude = append(cfg.Exclude, "/restore") })
	app := newApp(t, open, restore)
	twin := newAppOn(t, app.pool, with(func(cfg *config) { cfg.Users = &dawdling{app.db} }))
	hash, err := app.cfg.Passwords.Hash(t.Context(), "correct horse battery staple")
	if err != nil {
		t.Fatal(err)
	}
	app.exec(t, `INSERT INTO ginauth.users (id, email, email_canonical, password_hash, disabled_at, delete_after, password_pending)
		SELECT gen_random_uuid(), address, address, CASE WHEN kind <> 'nopass' THEN $1::text END,
			CASE WHEN kind IN ('disabled', 'archived') THEN now() END, CASE WHEN kind = 'archived' THEN now() + interval '1 year' END, kind = 'pending'
		FROM generate_series(1, $2::integer) AS n, unnest(ARRAY['known', 'nopass', 'disabled', 'archived', 'pending', 'slow']) AS kind,
			LATERAL (SELECT kind || n || '@example.com' AS address) AS named`, hash.Reveal(), crowd)
	app.exec(t, `ANALYZE ginauth.users`)
	gate := func(to http.Handler, path, kind string) (bool, []float64) {
		used := 0
		try := func(kind string) func() {
			return func() {
				used++
				body := credentials(fmt.Sprintf("%s%d@example.com", kind, used/2+1), wrong)
				if w := send(to, elsewhere(jsonRequest(path, body))); w.Code != http.StatusUnauthorized {
					t.Errorf("%s, %s: %d %s", path, kind, w.Code, w.Body)
				}
			}
		}
		return leans(func() float64 {
			difference, median := paired(pairs, try(kind), try("nobody-"+kind))
			return float64(difference) / float64(median)
		})
	}
	for _, c := range []struct{ path, kind string }{
		{"/login", "known"}, {"/login", "nopass"}, {"/login", "disabled"}, {"/login", "pending"}, {"/restore", "archived"}, {"/restore", "known"},
	} {
		differ, shares := gate(app, c.path, c.kind)
		t.Logf("%s, %s: %.3f", c.path, c.kind, shares)
		if differ {
			t.Errorf("%s, %s: the median of the differences is %.3f of what one takes, time after time", c.path, c.kind, shares)
		}
	}
	caught, shares := gate(twin, "/login", "slow")
	t.Logf("the twin: %.3f", shares)
	if !caught {
		t.Errorf("the gate does not see the twin: %.3f", shares)
	}
}
