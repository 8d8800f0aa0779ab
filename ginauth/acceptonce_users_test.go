package ginauth_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gin-contrib/sessions"
	cookiestore "github.com/gin-contrib/sessions/cookie"
	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/account"
	"github.com/ginauth/ginauth/ginauth/bridge"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/built"
	"github.com/ginauth/ginauth/store"
	"github.com/ginauth/ginauth/store/storetest"
)

// The users of package store have their own epoch, see TestOldSessionsEndWithLogoutAndEverywhere.
func TestOldSessionsOfOurUsersEndWithTheirPassword(t *testing.T) {
	t.Parallel()
	old := cookiestore.NewStore(signingKey)
	ids := map[int]driver.UserID{}
	a := newApp(t, with(func(cfg *config) {
		cfg.AcceptOnce = &bridge.Bridge{Until: time.Now().Add(time.Hour), Cookie: oldName, Store: old, Session: func(values map[any]any) bridge.Login {
			id, _ := values["user_id"].(int)
			return bridge.Login{User: ids[id]}
		}}
	}), routes(func(r *gin.Engine, cfg config) { r.POST("/password", account.ChangePassword(built.Config(cfg))) }))
	grace := a.signUp(t, grace)
	var id string
	if err := a.pool.QueryRow(t.Context(), `SELECT id::text FROM ginauth.users`).Scan(&id); err != nil {
		t.Fatal(err)
	}
	ids[2] = driver.UserID(id)
	visit := func(value string) int {
		r := httptest.NewRequest(http.MethodGet, "/user", nil)
		r.AddCookie(&http.Cookie{Name: oldName, Value: value})
		return a.send(r).Code
	}
	if code := visit(oldCookieOf(t, "before")); code != 200 {
		t.Errorf("before the change: %d", code)
	}
	w := grace.post("/password", `{"current_password":"nanoseconds are short wires","new_password":"compilers translate languages"}`)
	if w.Code != 204 && w.Code != 200 {
		t.Fatalf("the change: %d %s", w.Code, w.Body)
	}
	if code := visit(oldCookieOf(t, "a thief's")); code != 401 {
		t.Errorf("after the change: %d", code)
	}
}

// Two processes share one database, and 16 requests with one old cookie come to either at one moment.
func TestOldSessionsOfTwoProcesses(t *testing.T) {
	t.Parallel()
	pool, old := storetest.NewDB(t), cookiestore.NewStore(signingKey)
	onPool := func(_ *testing.T, now func() time.Time) sessions.Store {
		return store.NewExternal(pool, store.WithNow(now), store.WithTimeout(time.Minute))
	}
	one, two := newMoved(t, onPool, old, nil), newMoved(t, onPool, old, nil)
	two.clock.Advance(one.clock.Now().Sub(two.clock.Now()))
	before := one.oldCookie(t, 2)
	var all sync.WaitGroup
	begun := make(chan string, 16)
	for i := range 16 {
		all.Go(func() {
			w, set := []*moved{one, two}[i%2].visit("GET", "/user", before)
			one.wants(t, "one of them", 200, "2 a book", w)
			if set[cookie] != "" {
				begun <- set[cookie]
			}
		})
	}
	all.Wait()
	if len(begun) != 1 {
		t.Fatalf("%d sessions began", len(begun))
	}
	session := <-begun
	for _, m := range []*moved{one, two} {
		w, _ := m.visit("GET", "/user", newCookie(session))
		m.wants(t, "the session", 200, "2 a book", w)
	}
}

// A backend comes first where it finds credentials, and the session of before is kept for later.
func TestOldSessionsBesideABackend(t *testing.T) {
	t.Parallel()
	old := cookiestore.NewStore(signingKey)
	m := newMoved(t, externals["memory"], old, nil)
	find := func(_ context.Context, id driver.UserID) (clubber, error) { return clubber{Key: string(id)}, nil }
	cfg := built.Config(ginauth.Options[clubber]{
		Sessions: externals["memory"](t, m.clock.Now), FindUser: find, AcceptOnce: bridged(old), Logger: quiet,
	})
	m.Engine = gin.New()
	m.Use(ginauth.Authenticate(cfg, headerKey{}, ginauth.SessionAuth(cfg)))
	m.GET("/user", ginauth.With(func(c *gin.Context, u clubber) { c.String(http.StatusOK, u.Key) }))
	if err := ginauth.CheckRoutes(m.Engine); err != nil {
		t.Error(err)
	}
	before := m.oldCookie(t, 1)
	r := httptest.NewRequest(http.MethodGet, "/user", nil)
	r.AddCookie(before)
	r.Header.Set("X-Key", "2")
	w, set := m.visitBy(r)
	m.wants(t, "with a key", 200, "2", w)
	if len(set) > 0 {
		t.Errorf("it sets %q", set)
	}
	w, set = m.visit("GET", "/user", before)
	m.wants(t, "without", 200, "1", w)
	if set[cookie] == "" {
		t.Errorf("it sets %q", set)
	}
}

// headerKey is a backend whose key is the user's id.
type headerKey struct{}

func (headerKey) Authenticate(c *gin.Context) (p ginauth.Principal[clubber], err error) {
	if p.User.Key = c.GetHeader("X-Key"); p.User.Key == "" {
		err = ginauth.ErrNoCredentials
	}
	return p, err
}

func (headerKey) Scheme() ginauth.Scheme {
	return ginauth.Scheme{Name: "Key", Type: "apiKey", In: "header", Parameter: "X-Key", SentOnPurpose: true}
}

// Users who are rows of the app's own table are exchanged like others.
func TestOldSessionsOfAMappedTable(t *testing.T) {
	t.Parallel()
	pool := storetest.NewDB(t)
	for _, sql := range []string{
		`CREATE TABLE members (id bigserial PRIMARY KEY, mail text NOT NULL UNIQUE, pw text)`,
		`INSERT INTO members (mail) SELECT 'user' || n || '@example.com' FROM generate_series(1, 2) AS n`,
	} {
		if _, err := pool.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	members, err := store.NewTable[user](t.Context(), pool, "public.members", store.Columns{ID: "id", Email: "mail", PasswordHash: "pw"})
	if err != nil {
		t.Fatal(err)
	}
	old := cookiestore.NewStore(signingKey)
	cfg := built.Config(config{Users: members, AcceptOnce: bridged(old), Logger: quiet})
	r := gin.New()
	r.Use(ginauth.Session(cfg))
	r.GET("/user", ginauth.Me(cfg))
	visit := func(cart string) *httptest.ResponseRecorder {
		q := httptest.NewRequest(http.MethodGet, "/user", nil)
		q.AddCookie(&http.Cookie{Name: oldName, Value: oldCookieOf(t, cart)})
		return send(r, q)
	}
	if w := visit("one"); w.Code != 200 || !strings.Contains(w.Body.String(), "user2@example.com") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if err := members.RevokeUserSessions(t.Context(), "2", ""); err != nil {
		t.Fatal(err)
	}
	if w := visit("another"); w.Code != 401 {
		t.Errorf("after all sessions were ended: %d %s", w.Code, w.Body)
	}
}

// RetrieveUser finds the user by the values that were carried over, in the request of the exchange, too.
func TestOldSessionsWithRetrieveUser(t *testing.T) {
	t.Parallel()
	m := newMoved(t, externals["memory"], cookiestore.NewStore(signingKey), func(o *ginauth.Options[clubber]) {
		o.RetrieveUser = func(_ *gin.Context, s sessions.Session) (clubber, error) {
			return clubber{Key: "1", Mail: s.Get("cart").(string)}, nil //nolint:errcheck // the test carries it over
		}
	})
	mails := make(chan string, 2)
	m.GET("/mail", ginauth.With(func(_ *gin.Context, u clubber) { mails <- u.Mail }))
	_, set := m.visit("GET", "/mail", m.oldCookie(t, 1))
	m.visit("GET", "/mail", newCookie(set[cookie]))
	if len(mails) != 2 || <-mails != "a book" || <-mails != "a book" {
		t.Errorf("%d users were retrieved\n%s", len(mails), m.log)
	}
}
