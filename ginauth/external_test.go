package ginauth_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/crypto/bcrypt"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/account"
	"github.com/ginauth/ginauth/ginauth/apikey"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/flow"
	"github.com/ginauth/ginauth/ginauth/ginauthtest"
	"github.com/ginauth/ginauth/ginauth/internal/built"
	"github.com/ginauth/ginauth/ginauth/jwt"
	"github.com/ginauth/ginauth/ginauth/password"
	"github.com/ginauth/ginauth/store"
	"github.com/ginauth/ginauth/store/storetest"
)

// clubber is a user of a table that the app had before.
type clubber struct {
	Key, Mail string
}

func (m clubber) Account() driver.Account {
	return driver.Account{ID: driver.UserID(m.Key), Identifier: m.Mail}
}

// club is the app, with its own table of users, whose keys are of any type.
type club struct {
	*gin.Engine
	pool  *pgxpool.Pool
	db    *store.External
	clock *ginauthtest.Clock
	cfg   *ginauth.Config[clubber]
}

// FindUser reads the app's table.
func (m *club) FindUser(ctx context.Context, id driver.UserID) (u clubber, err error) {
	err = m.pool.QueryRow(ctx, `SELECT member_id::text, mail FROM members WHERE member_id::text = $1`, string(id)).Scan(&u.Key, &u.Mail)
	if errors.Is(err, pgx.ErrNoRows) {
		return u, driver.ErrNoUser
	}
	return u, err
}

// FindCredential reads the app's hashes.
func (m *club) FindCredential(ctx context.Context, identifier string) (u clubber, hash password.Hash, err error) {
	var text string
	err = m.pool.QueryRow(ctx, `SELECT member_id::text, mail, pw FROM members WHERE mail = $1`, identifier).Scan(&u.Key, &u.Mail, &text)
	if errors.Is(err, pgx.ErrNoRows) {
		return u, hash, driver.ErrNoUser
	}
	if err == nil {
		hash, err = password.ParseHash(text)
	}
	return u, hash, err
}

// CreateUser makes a row of the app's.
func (m *club) CreateUser(ctx context.Context, n driver.NewUser, _ func(*clubber) error) (u clubber, err error) {
	err = m.pool.QueryRow(ctx, `INSERT INTO members (mail, pw) VALUES ($1, $2) RETURNING member_id::text, mail`, n.Canonical, n.Hash.Reveal()).Scan(&u.Key, &u.Mail)
	return u, err
}

// ReplaceHash writes a stronger hash.
func (m *club) ReplaceHash(ctx context.Context, id driver.UserID, old, replacement password.Hash) error {
	_, err := m.pool.Exec(ctx, `UPDATE members SET pw = $3 WHERE member_id::text = $1 AND pw = $2`, string(id), old.Reveal(), replacement.Reveal())
	return err
}

// keysOfMembers are types of primary keys that apps have, and the default that makes one.
var keysOfMembers = map[string]string{
	"bigint": `bigint GENERATED ALWAYS AS IDENTITY`, "uuid": `uuid DEFAULT gen_random_uuid()`, "text": `text DEFAULT repeat('k', 223) || md5(random()::text)`,
}

// newMembers is an app on a table with a primary key of the type. Configure changes what New gets.
func newMembers(t *testing.T, key string, configure func(*club, *ginauth.Options[clubber])) *club {
	t.Helper()
	m := &club{Engine: gin.New(), pool: storetest.NewDB(t), clock: ginauthtest.NewClock(time.Now())}
	if _, err := m.pool.Exec(t.Context(), fmt.Sprintf(`CREATE TABLE members (member_id %s PRIMARY KEY, mail text NOT NULL UNIQUE, pw text NOT NULL)`, keysOfMembers[key])); err != nil {
		t.Fatal(err)
	}
	for _, mail := range []string{"ada@example.com", "grace@example.com"} {
		hash, err := bcrypt.GenerateFromPassword([]byte("correct horse battery staple"), bcrypt.MinCost)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.pool.Exec(t.Context(), `INSERT INTO members (mail, pw) VALUES ($1, $2)`, mail, string(hash)); err != nil {
			t.Fatal(err)
		}
	}
	m.db = store.NewExternal(m.pool, store.WithNow(m.clock.Now), store.WithTimeout(time.Minute))
	o := ginauth.Options[clubber]{Sessions: m.db, Passwords: ginauthtest.CheapHasher(t), Limits: generous, Logger: quiet, MaxSessions: 3, Exclude: []string{"POST /login", "POST /token"}}
	configure(m, &o)
	m.cfg = built.Config(o)
	m.mount(t, m.cfg)
	return m
}

// mount has every feature that belongs to a user.
func (m *club) mount(t *testing.T, cfg *ginauth.Config[clubber]) {
	t.Helper()
	keys, err := apikey.New(cfg, apikey.Options[clubber]{Prefix: "test_", Scopes: []string{"x"}})
	if err != nil {
		t.Fatal(err)
	}
	_, private, _ := ed25519.GenerateKey(rand.Reader)
	signing, _ := jwt.NewKey("one", private)
	ring, err := jwt.NewRing(signing)
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := jwt.New(cfg, jwt.Options[clubber]{Issuer: jwt.NewIssuer(jwt.IssuerOptions{Keys: ring, Issuer: "https://example.com", Audiences: []string{"tests"}})})
	if err != nil {
		t.Fatal(err)
	}
	accept := jwt.BackendOptions[clubber]{Accept: jwt.Accept{Issuers: []jwt.Trust{{Issuer: "https://example.com", Keys: ring}}, Audiences: []string{"tests"}}}
	m.Use(ginauth.Authenticate(cfg, apikey.Backend(keys), jwt.Bearer(cfg, accept), ginauth.SessionAuth(cfg)))
	m.POST("/token", func(c *gin.Context) {
		u, err := m.FindUser(c, driver.UserID(c.Query("id")))
		var answer jwt.Answer
		if err == nil {
			answer, err = jwt.SignIn(c, tokens, jwt.InBody, u)
		}
		reply(c, answer, err)
	})
	m.POST("/refresh", jwt.Refresh(tokens))
	m.POST("/logout", ginauth.Logout(cfg))
	m.GET("/user", ginauth.Me(cfg))
	m.GET("/scoped", ginauth.Require(ginauth.Scope("x")), ginauth.Me(cfg))
	m.GET("/fresh", ginauth.Require(ginauth.Fresh(10*time.Minute)), ginauth.Me(cfg))
	m.POST("/confirm", func(c *gin.Context) { reply(c, nil, flow.Confirm(c, driver.ByHardwareKey)) })
	m.GET("/sessions", account.Sessions(cfg))
	m.DELETE("/sessions/:id", account.RevokeSession(cfg))
	m.POST("/sessions/revoke-others", account.RevokeOtherSessions(cfg))
	m.POST("/sessions/revoke-all", account.RevokeAllSessions(cfg))
	m.GET("/events", account.Events(cfg))
	m.GET("/export", account.ExportAccount(cfg))
	m.POST("/keys", apikey.Create(keys))
	m.GET("/keys", apikey.List(keys))
}

func reply(c *gin.Context, answer any, err error) {
	if err != nil {
		ginauth.Fail(c, err)
		return
	}
	flow.Reply(c, http.StatusOK, answer)
}

func (m *club) login(t *testing.T, mail string) *client {
	t.Helper()
	c := &client{handler: m}
	if w := c.post("/login", `{"email":"`+mail+`","password":"correct horse battery staple"}`); w.Code != http.StatusOK || c.value == "" {
		t.Fatalf("%s is not logged in: %d %s", mail, w.Code, w.Body)
	}
	return c
}

func (m *club) id(t *testing.T, mail string) (id string) {
	t.Helper()
	if err := m.pool.QueryRow(t.Context(), `SELECT member_id::text FROM members WHERE mail = $1`, mail).Scan(&id); err != nil {
		t.Fatal(err)
	}
	return id
}

// ways are how an app tells of its users.
var ways = map[string]func(*club, *ginauth.Options[clubber]){
	"FindUser":  func(m *club, o *ginauth.Options[clubber]) { o.FindUser = m.FindUser },
	"own Users": func(m *club, o *ginauth.Options[clubber]) { o.Users = m },
}

// mountLogin uses ginauth's login where it can find a password, and otherwise one of the app's.
func (m *club) mountLogin(way string) {
	if way == "own Users" {
		m.POST("/login", ginauth.Login(m.cfg))
		return
	}
	m.POST("/login", func(c *gin.Context) {
		var form ginauth.Credentials
		err := flow.Bind(c, &form)
		var u clubber
		var hash password.Hash
		if err == nil {
			u, hash, err = m.FindCredential(c, form.Email)
		}
		if err == nil {
			err = flow.VerifyPasswordHash(c, m.cfg, u, hash, form.Password)
		}
		if err == nil {
			err = ginauth.SignIn(c, u)
		}
		reply(c, u, err)
	})
}

func everyMember(t *testing.T, test func(t *testing.T, m *club)) {
	t.Helper()
	for way, configure := range ways {
		for key := range keysOfMembers {
			t.Run(way+"/"+key, func(t *testing.T) {
				t.Parallel()
				m := newMembers(t, key, configure)
				m.mountLogin(way)
				test(t, m)
			})
		}
	}
}

func wantStatus(t *testing.T, w *httptest.ResponseRecorder, status int) {
	t.Helper()
	if w.Code != status {
		t.Errorf("%d %s, want %d", w.Code, w.Body, status)
	}
}

func TestUsersElsewhereManageTheirSessions(t *testing.T) {
	t.Parallel()
	everyMember(t, func(t *testing.T, m *club) {
		t.Helper()
		first, second, grace := m.login(t, "ada@example.com"), m.login(t, "ada@example.com"), m.login(t, "grace@example.com")
		devices := first.devices(t)
		if len(devices) != 2 {
			t.Fatalf("%d devices, want 2", len(devices))
		}
		for _, d := range devices {
			wantStatus(t, grace.delete("/sessions/"+string(d.ID)), http.StatusNotFound)
			if !d.Current {
				wantStatus(t, first.delete("/sessions/"+string(d.ID)), http.StatusNoContent)
			}
		}
		wantStatus(t, second.get("/user"), http.StatusUnauthorized)
		wantStatus(t, first.get("/user"), http.StatusOK)

		second = m.login(t, "ada@example.com")
		wantStatus(t, first.post("/sessions/revoke-others", ""), http.StatusNoContent)
		wantStatus(t, second.get("/user"), http.StatusUnauthorized)
		for range 3 { // MaxSessions is 3
			m.clock.Advance(time.Second)
			m.login(t, "ada@example.com")
		}
		wantStatus(t, first.get("/user"), http.StatusUnauthorized)

		last := m.login(t, "ada@example.com")
		wantStatus(t, last.post("/sessions/revoke-all", ""), http.StatusNoContent)
		wantStatus(t, last.get("/user"), http.StatusUnauthorized)
		wantStatus(t, grace.get("/user"), http.StatusOK)
	})
}

func TestUsersElsewhereBecomeFreshAndSeeWhatHappened(t *testing.T) {
	t.Parallel()
	everyMember(t, func(t *testing.T, m *club) {
		t.Helper()
		ada := m.login(t, "ada@example.com")
		m.clock.Advance(11 * time.Minute)
		wantStatus(t, ada.get("/fresh"), http.StatusForbidden)
		wantStatus(t, ada.post("/confirm", ""), http.StatusOK)
		wantStatus(t, ada.get("/fresh"), http.StatusOK)

		var page account.ActivityPage
		if err := json.Unmarshal(ada.get("/events").Body.Bytes(), &page); err != nil || len(page.Events) == 0 {
			t.Errorf("events %+v, %v", page, err)
		}
		w := ada.get("/export")
		wantStatus(t, w, http.StatusOK)
		if id := m.id(t, "ada@example.com"); !strings.Contains(w.Body.String(), id) || !strings.Contains(w.Body.String(), `"sessions"`) {
			t.Errorf("the export is %s", w.Body)
		}
	})
}

func TestUsersElsewhereHaveKeysAndTokens(t *testing.T) {
	t.Parallel()
	everyMember(t, func(t *testing.T, m *club) {
		t.Helper()
		ada, id := m.login(t, "ada@example.com"), m.id(t, "ada@example.com")
		var created struct{ Key string }
		w := ada.post("/keys", `{"name":"mine","scopes":["x"]}`)
		if err := json.Unmarshal(w.Body.Bytes(), &created); err != nil || created.Key == "" {
			t.Fatalf("%s, %v", w.Body, err)
		}
		var tokens jwt.Answer
		answer := sendAs(m, http.MethodPost, "/token?id="+id, "", "")
		if err := json.Unmarshal(answer.Body.Bytes(), &tokens); err != nil || tokens.RefreshToken == "" {
			t.Fatalf("%s, %v", answer.Body, err)
		}
		by := func(path, credential string) int { return sendAs(m, http.MethodGet, path, credential, "").Code }
		if got := [...]int{by("/scoped", created.Key), by("/user", tokens.AccessToken)}; got != [...]int{200, 200} {
			t.Errorf("key and token: %v", got)
		}
		refreshed := sendAs(m, http.MethodPost, "/refresh", "", "refresh_token="+tokens.RefreshToken)
		wantStatus(t, refreshed, http.StatusOK)

		// Their own store says who is gone.
		if _, err := m.pool.Exec(t.Context(), `DELETE FROM members WHERE mail = 'ada@example.com'`); err != nil {
			t.Fatal(err)
		}
		if got := [...]int{by("/scoped", created.Key), by("/user", tokens.AccessToken), ada.get("/user").Code}; got != [...]int{401, 401, 401} {
			t.Errorf("key, token and session of a user who is gone: %v", got)
		}
	})
}

func TestUsersElsewhereAreShutOutAndForgotten(t *testing.T) {
	t.Parallel()
	everyMember(t, func(t *testing.T, m *club) {
		t.Helper()
		ada, id := m.login(t, "ada@example.com"), driver.UserID(m.id(t, "ada@example.com"))
		in := `{"email":"ada@example.com","password":"correct horse battery staple"}`
		if err := m.db.DisableUser(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		wantStatus(t, ada.get("/user"), http.StatusUnauthorized)
		wantStatus(t, (&client{handler: m}).post("/login", in), http.StatusUnauthorized)
		if err := m.db.EnableUser(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		ada = m.login(t, "ada@example.com")
		if err := m.db.ForgetUser(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		wantStatus(t, ada.get("/user"), http.StatusUnauthorized)
		m.clock.Advance(3 * time.Minute) // after logins that ran at the same time
		if devices := m.login(t, "ada@example.com").devices(t); len(devices) != 1 {
			t.Errorf("a user who was forgotten has %d devices", len(devices))
		}
	})
}

// A lookup that is lax with types must not make one user another.
func TestAFindUserThatReturnsAnotherIsAFault(t *testing.T) {
	t.Parallel()
	m := newMembers(t, "bigint", func(m *club, o *ginauth.Options[clubber]) {
		o.FindUser = func(ctx context.Context, id driver.UserID) (clubber, error) {
			u, err := m.FindUser(ctx, id)
			u.Key = "0" + u.Key
			return u, err
		}
	})
	m.mountLogin("FindUser")
	wantStatus(t, m.login(t, "ada@example.com").get("/user"), http.StatusInternalServerError)
}

func TestUsersElsewhereNeedAStoreThatTakesThem(t *testing.T) {
	t.Parallel()
	pool := storetest.NewDB(t)
	find := func(context.Context, driver.UserID) (clubber, error) { return clubber{}, driver.ErrNoUser }
	for want, o := range map[string]ginauth.Options[clubber]{
		"store.NewExternal(pool), which takes any user": {FindUser: find, Sessions: store.NewSessions(pool)},
		"leave one of them out":                         {FindUser: find, Users: &club{}, Sessions: store.NewExternal(pool)},
		"set Sessions":                                  {FindUser: find},
	} {
		if _, err := ginauth.New(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	own := ginauth.Options[user]{Users: store.New[user](pool), Sessions: store.NewExternal(pool)}
	if _, err := ginauth.New(own); err == nil || !strings.Contains(err.Error(), "leave Options.Sessions out") {
		t.Error(err)
	}
}

// sendAs sends a request with a bearer token, and a form where there is one.
func sendAs(h http.Handler, method, path, bearer, form string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(form))
	if form != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}
