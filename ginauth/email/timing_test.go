package email_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/email"
	"github.com/ginauth/ginauth/ginauth/flow"
)

const (
	pairs = 120 // calls of each side in one measurement
	// farApart is a ratio of medians that nobody needs statistics to see, and 1/farApart the other way round. A
	// noisy machine reaches it, so a measurement is repeated; what is really slower reaches it every time, and on
	// the same side.
	farApart     = 1.5
	measurements = 4
)

// apart says whether two sides differ in time, by each of several measurements, and the ratios of medians.
func apart(measure func() float64) (bool, []float64) {
	var ratios []float64
	for range measurements {
		r := measure()
		ratios = append(ratios, r)
		if r < farApart && r > 1/farApart || r > 1 != (ratios[0] > 1) {
			return false, ratios
		}
	}
	return true, ratios
}

// ratioOf is the ratio of the medians of interleaved calls, of which each has an address of its own.
func ratioOf(call func(address string), known, unknown func() string) float64 {
	var ks, us []time.Duration
	for i := range 2 * pairs {
		side, address := &ks, known
		if i%2 == 1 {
			side, address = &us, unknown
		}
		to := address()
		begun := time.Now()
		call(to)
		*side = append(*side, time.Since(begun))
	}
	slices.Sort(ks)
	slices.Sort(us)
	return float64(ks[pairs/2]) / float64(us[pairs/2])
}

// crowd is many accounts, and a source of their addresses and of others.
func (a *app) crowd(t *testing.T) (known, unknown func() string) {
	t.Helper()
	const size = (measurements + 1) * pairs * 8
	a.exec(t, `INSERT INTO ginauth.users (id, email, email_canonical, name, password_hash, verified_at, created_at, updated_at)
		SELECT gen_random_uuid(), 'known-' || n || '@example.com', 'known-' || n || '@example.com', 'Ada', '$2b$10$`+strings.Repeat("a", 53)+`', now(), now(), now()
		FROM generate_series(1, $1::integer) AS n`, size)
	a.exec(t, `ANALYZE ginauth.users`)
	next := func(name string) func() string {
		n := 0
		return func() string { n++; return fmt.Sprintf("%s-%d@example.com", name, n) }
	}
	return next("known"), next("unknown")
}

// Nobody can tell by the time of an answer whether an address has an account. Each gate is seen to catch
// a twin that does what is often done: look first.
func TestTimingTellsNothing(t *testing.T) { //nolint:paralleltest // it measures; SEC-32
	if testing.Short() {
		t.Skip("measures")
	}
	a := newApp(t)
	known, unknown := a.crowd(t)
	twins := a.twins(t)
	for _, gate := range []struct{ path, twin, body string }{
		{"/forgot", "/forgot", `{"email":"%s"}`},
		{"/resend", "", `{"email":"%s"}`},
		{"/send", "", `{"email":"%s"}`},
		{"/quiet", "/quiet", `{"name":"Ada","email":"%s","password":"` + adaNew + `"}`},
	} {
		ask := func(h http.Handler, path string) func() float64 {
			c := newClient(h)
			call := func(address string) {
				if w := c.post(path, strings.Replace(gate.body, "%s", address, 1)); w.Code != http.StatusAccepted {
					t.Fatalf("POST %s: %d %s", path, w.Code, w.Body)
				}
			}
			return func() float64 { return ratioOf(call, known, unknown) }
		}
		differ, ratios := apart(ask(a, gate.path))
		t.Logf("%s: known to unknown %.3f", gate.path, ratios)
		if differ {
			t.Errorf("%s: known to unknown is %.3f, time after time", gate.path, ratios)
		}
		if gate.twin == "" {
			continue
		}
		caught, ratios := apart(ask(twins, gate.twin))
		t.Logf("twin of %s: known to unknown %.3f", gate.twin, ratios)
		if !caught {
			t.Errorf("the gate does not see the broken twin %s: %.3f", gate.twin, ratios)
		}
	}
}

// twins mounts handlers that give away by their time who has an account.
func (a *app) twins(t *testing.T) http.Handler {
	t.Helper()
	r := gin.New()
	accepted := func(c *gin.Context) { c.Status(http.StatusAccepted) }
	ctx := context.Background()
	r.POST("/forgot", func(c *gin.Context) {
		var form email.Address
		if err := flow.Bind(c, &form); err != nil {
			t.Error(err)
		}
		if u, err := a.db.FindUserByEmail(ctx, form.Email); err == nil {
			_ = a.db.QueueMail(ctx, driver.MailOrder{Kind: driver.MailPassword, UserID: u.ID, Email: u.Email, Canonical: form.Email})
		}
	}, accepted)
	r.POST("/quiet", func(c *gin.Context) {
		var form ginauth.Registration
		if err := flow.Bind(c, &form); err != nil {
			t.Error(err)
		}
		if _, err := a.db.FindUserByEmail(ctx, form.Email); err == nil {
			return // and no hash
		}
		hash, err := a.options.Config.Passwords.Hash(ctx, form.Password)
		if err == nil {
			_, err = a.db.CreateUserAndMail(ctx, driver.NewUser{Name: form.Name, Email: form.Email, Canonical: form.Email, Hash: hash}, nil, "")
		}
		if err != nil {
			t.Error(err)
		}
	}, accepted)
	return r
}
