package jwt_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/account"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/ginauthtest"
	"github.com/ginauth/ginauth/ginauth/internal/built"
	"github.com/ginauth/ginauth/ginauth/jwt"
	"github.com/ginauth/ginauth/store"
)

const eve = "eve@example.com"

// devices is a site whose users see and end what they are logged in by, in two processes.
type devices struct {
	*site
	process [2]*gin.Engine
}

func newDevices(t *testing.T, edit ...siteOption) *devices {
	t.Helper()
	d := &devices{site: newSite(t, edit...)}
	pool, err := pgxpool.NewWithConfig(t.Context(), d.pool.Config())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	for i, db := range []*store.DB[user]{d.db, store.New[user](pool, store.WithNow(d.clock.Now), store.WithTimeout(time.Minute))} {
		app, options := d.flow.app, d.options
		app.Users, options.Users, app.Exclude = db, db, []string{"/login", "/token", "/refresh"}
		cfg := built.Config(app)
		flow, err := jwt.New(cfg, d.flow.Options)
		if err != nil {
			t.Fatal(err)
		}
		r := gin.New()
		r.Use(ginauth.Authenticate(cfg, jwt.Bearer(cfg, options), ginauth.SessionAuth(cfg)))
		r.POST("/login", ginauth.Login(cfg))
		r.POST("/token", jwt.Token(flow))
		r.POST("/refresh", jwt.Refresh(flow))
		r.GET("/me", ginauth.Require(ginauth.AnyScope()), me)
		r.GET("/sessions", account.Sessions(cfg))
		r.DELETE("/sessions/:id", account.RevokeSession(cfg))
		r.POST("/sessions/revoke-others", account.RevokeOtherSessions(cfg))
		r.POST("/sessions/revoke-all", account.RevokeAllSessions(cfg))
		d.process[i] = r
	}
	return d
}

func (d *devices) signUpEve(t *testing.T) {
	t.Helper()
	hash, err := ginauthtest.CheapHasher(t).Hash(t.Context(), secretOfAda)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.db.CreateUser(t.Context(), driver.NewUser{Name: "Eve", Email: eve, Canonical: eve, Hash: hash}, nil); err != nil {
		t.Fatal(err)
	}
}

// credential puts one into a request.
type credential func(*http.Request)

func bearing(token string) credential {
	return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
}

func (d *devices) ask(process int, method, path string, by credential) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	by(r)
	return send(d.process[process], r)
}

// session logs Ada in by the second process.
func (d *devices) session(t *testing.T) credential {
	t.Helper()
	w := send(d.process[1], jsonRequest("/login", adaIn))
	if w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return func(r *http.Request) { r.AddCookie(w.Result().Cookies()[0]) }
}

// tokens logs in by the second process.
func (d *devices) tokens(t *testing.T, email, agent string) (credential, jwt.Answer) {
	t.Helper()
	r := formRequest("/token", "grant_type=password&username="+email+"&password=correct+horse+battery+staple")
	r.Header.Set("User-Agent", agent)
	a := answerIn(t, send(d.process[1], r))
	return bearing(a.AccessToken), a
}

func (d *devices) list(t *testing.T, by credential) (list []account.LoginRecord) {
	t.Helper()
	decodeBody(t, d.ask(0, http.MethodGet, "/sessions", by), &list)
	return list
}

// current is the id of the login that asks.
func (d *devices) current(t *testing.T, by credential) driver.SessionID {
	t.Helper()
	list := d.list(t, by)
	i := slices.IndexFunc(list, func(d account.LoginRecord) bool { return d.Current })
	if i < 0 {
		t.Fatalf("none of %+v is current", list)
	}
	return list[i].ID
}

// wantAlive asks both processes whether a login and its refresh token are good.
func (d *devices) wantAlive(t *testing.T, what string, want bool, by credential) {
	t.Helper()
	for i := range d.process {
		if w := d.ask(i, http.MethodGet, "/me", by); (w.Code == http.StatusOK) != want || !want && w.Code != http.StatusUnauthorized {
			t.Errorf("%s: process %d answers %d", what, i, w.Code)
		}
	}
}

func (d *devices) wantRefreshed(t *testing.T, what string, want int, a jwt.Answer) {
	t.Helper()
	if w := send(d.process[1], formRequest("/refresh", "refresh_token="+a.RefreshToken)); w.Code != want {
		t.Errorf("%s: refreshing is answered %d", what, w.Code)
	}
}

// SEC-73, SEC-79
func TestLoginsByTokensAreDevicesBesideSessions(t *testing.T) {
	t.Parallel()
	d := newDevices(t)
	d.signUpEve(t)
	_, _ = d.tokens(t, eve, "curl/8")
	session := d.session(t)
	d.clock.Advance(time.Minute)
	token, _ := d.tokens(t, "ada@example.com", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
	type device struct {
		Kind, Name string
		Current    bool
	}
	for _, test := range []struct {
		name string
		by   credential
		want []device
	}{
		{"the token", token, []device{{"token", "Firefox on Linux", true}, {"session", "Unknown device", false}}},
		{"the session", session, []device{{"token", "Firefox on Linux", false}, {"session", "Unknown device", true}}},
	} {
		var got []device
		for _, d := range d.list(t, test.by) {
			got = append(got, device{d.Kind, d.Name, d.Current})
			if d.ID == "" || d.IP != "192.0.2.1" || d.CreatedAt.IsZero() || !d.ExpiresAt.After(d.LastSeenAt) {
				t.Errorf("%+v", d)
			}
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s sees: %s", test.name, diff)
		}
	}
}

// SEC-73, SEC-79
func TestLoginByTokensIsEndedByItsUserOnly(t *testing.T) {
	t.Parallel()
	d := newDevices(t)
	d.signUpEve(t)
	token, answer := d.tokens(t, "ada@example.com", "")
	session := d.session(t)
	eves, _ := d.tokens(t, eve, "")
	id := string(d.current(t, token))
	for _, path := range []string{id, "nonsense", "00000000-0000-4000-8000-000000000000", string(d.current(t, session))} {
		if w := d.ask(0, http.MethodDelete, "/sessions/"+path, eves); w.Code != http.StatusNotFound {
			t.Errorf("Eve ends %s: %d %s", path, w.Code, w.Body)
		}
	}
	d.wantAlive(t, "after Eve", true, token)
	if w := d.ask(0, http.MethodDelete, "/sessions/"+id, session); w.Code != http.StatusNoContent {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	d.wantAlive(t, "the token", false, token)
	d.wantRefreshed(t, "the token", http.StatusBadRequest, answer)
	d.wantAlive(t, "the session", true, session)
	if w := d.ask(0, http.MethodDelete, "/sessions/"+id, session); w.Code != http.StatusNotFound {
		t.Errorf("again: %d", w.Code)
	}
	other, _ := d.tokens(t, "ada@example.com", "")
	if w := d.ask(0, http.MethodDelete, "/sessions/"+string(d.current(t, other)), other); w.Code != http.StatusNoContent {
		t.Errorf("itself: %d", w.Code)
	}
	d.wantAlive(t, "itself", false, other)
	d.wantAlive(t, "Eve", true, eves)
}

// SEC-73, SEC-77, SEC-99
func TestOtherAndAllLoginsByTokensAreEnded(t *testing.T) {
	t.Parallel()
	d := newDevices(t)
	d.signUpEve(t)
	eves, _ := d.tokens(t, eve, "")
	session := d.session(t)
	kept, answer := d.tokens(t, "ada@example.com", "")
	lost, gone := d.tokens(t, "ada@example.com", "")
	for range 2 {
		if w := d.ask(0, http.MethodPost, "/sessions/revoke-others", kept); w.Code != http.StatusNoContent {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		d.wantAlive(t, "the one that asks", true, kept)
		d.wantAlive(t, "another", false, lost)
		d.wantAlive(t, "the session", false, session)
	}
	d.wantRefreshed(t, "another", http.StatusBadRequest, gone)
	d.wantRefreshed(t, "the one that asks", http.StatusOK, answer)
	session = d.session(t)
	if w := d.ask(0, http.MethodPost, "/sessions/revoke-others", session); w.Code != http.StatusNoContent {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	d.wantAlive(t, "the session that asks", true, session)
	d.wantAlive(t, "a token", false, kept)
	last, _ := d.tokens(t, "ada@example.com", "")
	if w := d.ask(0, http.MethodPost, "/sessions/revoke-all", last); w.Code != http.StatusNoContent {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	d.wantAlive(t, "the token that asks", false, last)
	d.wantAlive(t, "the session", false, session)
	d.wantAlive(t, "Eve", true, eves)
	next, _ := d.tokens(t, "ada@example.com", "")
	d.wantAlive(t, "a login afterwards", true, next)
}

// An API that takes tokens alone has devices as well.
func TestDevicesOfAnAPIWithoutSessions(t *testing.T) {
	t.Parallel()
	d := newDevices(t)
	app := d.flow.app
	app.NoSessions = true
	cfg := built.Config(app)
	r := gin.New()
	r.Use(ginauth.Authenticate(cfg, jwt.Bearer(cfg, d.options)))
	r.GET("/sessions", account.Sessions(cfg))
	r.DELETE("/sessions/:id", account.RevokeSession(cfg))
	d.process[0] = r
	token, _ := d.tokens(t, "ada@example.com", "")
	list := d.list(t, token)
	if len(list) != 1 || list[0].Kind != "token" || !list[0].Current {
		t.Fatalf("%+v", list)
	}
	w := d.ask(0, http.MethodDelete, "/sessions/"+string(list[0].ID), token)
	if w.Code != http.StatusNoContent || w.Header().Get("Set-Cookie") != "" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	if w := d.ask(0, http.MethodGet, "/sessions", token); w.Code != http.StatusUnauthorized {
		t.Errorf("afterwards: %d", w.Code)
	}
}

// SEC-154
func TestDevicesAreNoEmptyListInAnOutage(t *testing.T) {
	t.Parallel()
	d := newDevices(t, stateless, claimsOnly)
	token, _ := d.tokens(t, "ada@example.com", "")
	d.exec(t, `ALTER TABLE ginauth.refresh_tokens RENAME TO away`)
	for _, test := range [][2]string{{http.MethodGet, "/sessions"}, {http.MethodDelete, "/sessions/00000000-0000-4000-8000-000000000000"}} {
		if w := d.ask(0, test[0], test[1], token); w.Code < http.StatusInternalServerError {
			t.Errorf("%s: %d %s", test[0], w.Code, w.Body)
		}
	}
}

func TestLoginsByTokensAreMeasuredOnce(t *testing.T) {
	t.Parallel()
	samples := &ginauthtest.Samples{}
	s := newSite(t, func(s *site) { s.flow.app.Observer = samples })
	want := func(outcome driver.Outcome) {
		t.Helper()
		var got []driver.Sample
		for _, sample := range samples.Take() {
			if sample.Metric == driver.SignIns {
				got = append(got, sample)
			}
		}
		if len(got) != 1 || got[0] != (driver.Sample{Metric: driver.SignIns, Value: 1, Kind: string(driver.ByPassword), Outcome: outcome}) {
			t.Errorf("%+v, want one %s", got, outcome)
		}
	}
	s.send(jsonRequest("/login", adaIn))
	want(driver.Success)
	s.send(jsonRequest("/login", strings.Replace(adaIn, "correct", "wrong", 1)))
	want(driver.Failure)
}
