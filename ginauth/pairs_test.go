package ginauth_test

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gin-contrib/sessions"
	cookiestore "github.com/gin-contrib/sessions/cookie"
	"github.com/gin-contrib/sessions/memstore"
	"github.com/gin-gonic/gin"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/account"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/ginauthtest"
	"github.com/ginauth/ginauth/ginauth/internal/built"
	"github.com/ginauth/ginauth/ginauth/password"
	"github.com/ginauth/ginauth/store"
	"github.com/ginauth/ginauth/store/storetest"
)

// numbered is an app's own user store, with the integer ids that its users always had.
type numbered struct {
	mu    sync.Mutex
	users []user
	hash  map[driver.UserID]password.Hash
}

func newNumbered() *numbered { return &numbered{hash: map[driver.UserID]password.Hash{}} }

func (n *numbered) FindUser(_ context.Context, id driver.UserID) (user, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, u := range n.users {
		if u.ID == id {
			return u, nil
		}
	}
	return user{}, driver.ErrNoUser
}

func (n *numbered) FindCredential(_ context.Context, identifier string) (user, password.Hash, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, u := range n.users {
		if strings.EqualFold(u.Email, identifier) {
			return u, n.hash[u.ID], nil
		}
	}
	return user{}, password.Hash{}, driver.ErrNoUser
}

func (n *numbered) CreateUser(_ context.Context, nu driver.NewUser, fill func(*user) error) (user, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	u := user{ID: driver.UserID(strconv.Itoa(len(n.users) + 1)), Email: nu.Email, Name: nu.Name}
	if fill != nil {
		if err := fill(&u); err != nil {
			return user{}, err
		}
	}
	n.users = append(n.users, u)
	n.hash[u.ID] = nu.Hash
	return u, nil
}

func (n *numbered) ReplaceHash(_ context.Context, id driver.UserID, _, replacement password.Hash) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.hash[id] = replacement
	return nil
}

// usersKind is one way to have users; users is nil where RetrieveUser alone knows them.
type usersKind struct {
	name      string
	users     func(pool *pgxpool.Pool) driver.Users[user]
	retrieves bool
}

func newStore(pool *pgxpool.Pool) *store.DB[user] {
	return store.New[user](pool, store.WithTimeout(time.Minute))
}

var usersKinds = []usersKind{
	{name: "store.DB", users: func(pool *pgxpool.Pool) driver.Users[user] { return newStore(pool) }},
	{name: "embedded store.DB", users: func(pool *pgxpool.Pool) driver.Users[user] { return &struct{ *store.DB[user] }{newStore(pool)} }},
	{name: "store.DB and RetrieveUser", users: func(pool *pgxpool.Pool) driver.Users[user] { return newStore(pool) }, retrieves: true},
	{name: "own", users: func(*pgxpool.Pool) driver.Users[user] { return newNumbered() }},
	{name: "own and RetrieveUser", users: func(*pgxpool.Pool) driver.Users[user] { return newNumbered() }, retrieves: true},
	{name: "own beside store.Sessions", users: func(pool *pgxpool.Pool) driver.Users[user] {
		return &struct {
			*numbered
			*store.Sessions
		}{newNumbered(), store.NewSessions(pool, store.WithTimeout(time.Minute))}
	}},
	{name: "own before store.DB", users: func(pool *pgxpool.Pool) driver.Users[user] {
		return &struct{ driver.Users[user] }{newStore(pool)}
	}},
	{name: "RetrieveUser", retrieves: true},
}

type sessionsKind struct {
	name     string
	sessions func(pool *pgxpool.Pool) sessions.Store
}

var sessionsKinds = []sessionsKind{
	{"default", func(*pgxpool.Pool) sessions.Store { return nil }},
	{"store.NewSessions", func(pool *pgxpool.Pool) sessions.Store {
		return store.NewSessions(pool, store.WithTimeout(time.Minute))
	}},
	{"store.New", func(pool *pgxpool.Pool) sessions.Store { return newStore(pool) }},
	{"memstore", func(*pgxpool.Pool) sessions.Store { return memstore.NewStore(signingKey) }},
	{"cookie", func(*pgxpool.Pool) sessions.Store { return cookiestore.NewStore(signingKey, encryptionKey) }},
}

// pair is an app with one handler at /it, and a user who is logged in twice.
type pair struct {
	*gin.Engine
	cfg      config
	pool     *pgxpool.Pool
	db       *store.DB[user] // of the pool
	ada      user
	c, other *client
}

const itsPath = "/it/:id"

// newPair returns why the router was not built, or "".
func newPair(t *testing.T, pool *pgxpool.Pool, uk usersKind, sk sessionsKind, build func(*ginauth.Config[user]) gin.HandlerFunc) (p *pair, refused string) {
	t.Helper()
	defer func() {
		if text, ok := recover().(string); ok {
			p, refused = nil, text
		}
	}()
	p = &pair{Engine: gin.New(), pool: pool, db: newStore(pool)}
	all := map[string]user{}
	p.cfg = config{
		Exclude: []string{"/enter", itsPath}, Sessions: sk.sessions(pool), Passwords: ginauthtest.CheapHasher(t), Logger: quiet,
		Limits: ginauth.Limits{InsecureUnlimited: true}, Pages: ginauth.Pages{},
	}
	if uk.users != nil {
		p.cfg.Users = uk.users(pool)
	}
	if uk.retrieves {
		p.cfg.RetrieveUser = func(_ *gin.Context, s sessions.Session) (user, error) {
			id, _ := s.Get("id").(string)
			u, ok := all[id]
			if !ok {
				return user{}, driver.ErrNoUser
			}
			return u, nil
		}
	}
	p.Use(ginauth.Session(built.Config(p.cfg)))
	p.Any(itsPath, build(built.Config(p.cfg)))
	p.POST("/enter", func(c *gin.Context) {
		sessions.Default(c).Set("id", string(p.ada.ID))
		if err := ginauth.SignIn(c, p.ada); err != nil {
			ginauth.Fail(c, err)
		}
	})
	p.GET("/user", ginauth.Me(built.Config(p.cfg)))
	p.GET("/session", func(c *gin.Context) { c.String(http.StatusOK, "%s", sessions.Default(c).ID()) })
	p.GET("/fresh", ginauth.Require(ginauth.Fresh(time.Hour)), func(c *gin.Context) { c.Status(http.StatusNoContent) })
	p.GET("/devices", func(c *gin.Context) {
		devices, err := account.ListLogins(c)
		if err != nil {
			ginauth.Fail(c, err)
			return
		}
		c.JSON(http.StatusOK, devices)
	})
	p.ada = p.account(t, true)
	all[string(p.ada.ID)] = p.ada
	return p, ""
}

// account makes a new account of Ada's, unless the users are nobody's but RetrieveUser's.
func (p *pair) account(t *testing.T, withPassword bool) user {
	t.Helper()
	if p.cfg.Users == nil {
		return user{ID: "17", Email: "ada@example.com", Name: "Ada Lovelace"}
	}
	n := driver.NewUser{Name: "Ada Lovelace", Email: "ada@example.com", Canonical: "ada@example.com"}
	if withPassword {
		hash, err := p.cfg.Passwords.Hash(t.Context(), "correct horse battery staple")
		if err != nil {
			t.Fatal(err)
		}
		n.Hash = hash
	}
	u, err := p.cfg.Users.CreateUser(t.Context(), n, nil)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// enter logs both clients in, and sees that everything about a session is true.
func (p *pair) enter(t *testing.T) {
	t.Helper()
	p.c, p.other = &client{handler: p}, &client{handler: p}
	for _, c := range []*client{p.c, p.other} {
		if w := c.post("/enter", ""); w.Code != http.StatusOK {
			t.Errorf("enter: %d %s", w.Code, w.Body)
		}
		c.want(t, http.StatusOK, "after SignIn")
		if w := c.get("/fresh"); w.Code != http.StatusNoContent {
			t.Errorf("Fresh right after SignIn: %d %s", w.Code, w.Body)
		}
	}
	switch w := p.c.get("/devices"); w.Code {
	case http.StatusInternalServerError: // said to be impossible
	case http.StatusOK:
		var devices []account.LoginRecord
		if err := json.Unmarshal(w.Body.Bytes(), &devices); err != nil || len(devices) < 2 {
			t.Errorf("two sessions, and ListLogins returns %s", w.Body)
		}
	default:
		t.Errorf("ListLogins: %d %s", w.Code, w.Body)
	}
}

func (p *pair) it(t *testing.T, c *client, status int, id, body string) string {
	t.Helper()
	w := c.post("/it/"+id, body)
	if w.Code != status {
		t.Errorf("POST: %d %s, want %d", w.Code, w.Body, status)
	}
	return w.Body.String()
}

// works does with each handler what it is for.
var works = map[string]struct {
	build func(*ginauth.Config[user]) gin.HandlerFunc
	do    func(*testing.T, *pair)
}{
	"Authenticate": {build: anything, do: letsPass},
	"Session":      {build: anything, do: letsPass},
	"Login": {build: ginauth.Login[user], do: func(t *testing.T, p *pair) {
		t.Helper()
		p.it(t, &client{handler: p}, http.StatusOK, "x", adaIn)
	}},
	"SignUp": {build: ginauth.SignUp[user], do: signsUp},
	"SignUpWith": {build: func(cfg *ginauth.Config[user]) gin.HandlerFunc {
		return ginauth.SignUpWith(cfg, func(context.Context, ginauth.Registration, *user) error { return nil })
	}, do: signsUp},
	"Logout": {build: ginauth.Logout[user], do: func(t *testing.T, p *pair) {
		t.Helper()
		p.it(t, p.c, http.StatusNoContent, "x", "")
		p.c.want(t, http.StatusUnauthorized, "after logout")
		p.other.want(t, http.StatusOK, "the other session")
	}},
	"Me": {build: ginauth.Me[user], do: func(t *testing.T, p *pair) {
		t.Helper()
		if w := p.c.get("/it/x"); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"ada@example.com"`) {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	}},
	"Sessions": {build: account.Sessions[user], do: func(t *testing.T, p *pair) {
		t.Helper()
		var devices []account.LoginRecord
		w := p.c.get("/it/x")
		if err := json.Unmarshal(w.Body.Bytes(), &devices); err != nil || len(devices) != 2 || devices[0].Current == devices[1].Current {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	}},
	"RevokeSession": {build: account.RevokeSession[user], do: func(t *testing.T, p *pair) {
		t.Helper()
		p.it(t, p.c, http.StatusNoContent, p.other.get("/session").Body.String(), "")
		p.wantAlive(t, true, false)
	}},
	"RevokeOtherSessions": {build: account.RevokeOtherSessions[user], do: func(t *testing.T, p *pair) {
		t.Helper()
		p.it(t, p.c, http.StatusNoContent, "x", "")
		p.wantAlive(t, true, false)
	}},
	"RevokeAllSessions": {build: account.RevokeAllSessions[user], do: func(t *testing.T, p *pair) {
		t.Helper()
		p.it(t, p.c, http.StatusNoContent, "x", "")
		p.wantAlive(t, false, false)
	}},
	"Reauthenticate": {build: account.Reauthenticate[user], do: func(t *testing.T, p *pair) {
		t.Helper()
		p.it(t, p.c, http.StatusNoContent, "x", `{"password":"correct horse battery staple"}`)
		p.wantAlive(t, true, true)
	}},
	"ChangePassword": {build: account.ChangePassword[user], do: func(t *testing.T, p *pair) {
		t.Helper()
		p.it(t, p.c, http.StatusNoContent, "x", toNew)
		p.wantAlive(t, true, false)
	}},
	"SetPassword": {build: account.SetPassword[user], do: func(t *testing.T, p *pair) {
		t.Helper()
		execute(t, p.pool, "UPDATE ginauth.users SET password_hash = NULL")
		p.it(t, p.c, http.StatusNoContent, "x", `{"new_password":"an entirely new passphrase"}`)
		p.wantAlive(t, true, false)
	}},
	"UpdateProfile": {build: account.UpdateProfile[user], do: renames},
	"UpdateProfileWith": {build: func(cfg *ginauth.Config[user]) gin.HandlerFunc {
		return account.UpdateProfileWith(cfg, func(context.Context, account.Profile, *user) error { return nil })
	}, do: renames},
	"ExportAccount": {build: account.ExportAccount[user], do: func(t *testing.T, p *pair) {
		t.Helper()
		if w := p.c.get("/it/x"); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"ada@example.com"`) {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	}},
	"DeleteAccount":      {build: account.DeleteAccount[user], do: leaves},
	"DeleteAccountAfter": {build: func(cfg *ginauth.Config[user]) gin.HandlerFunc { return account.DeleteAccountAfter(cfg, time.Hour) }, do: leaves},
	"RestoreAccount": {build: account.RestoreAccount[user], do: func(t *testing.T, p *pair) {
		t.Helper()
		if _, err := p.db.ArchiveUser(t.Context(), p.ada.ID, time.Hour); err != nil {
			t.Fatal(err)
		}
		p.it(t, &client{handler: p}, http.StatusOK, "x", adaIn)
	}},
	"Events": {build: account.Events[user], do: func(t *testing.T, p *pair) {
		t.Helper()
		if w := p.c.get("/it/x"); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"authn_login_success"`) {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	}},
}

func anything(*ginauth.Config[user]) gin.HandlerFunc {
	return func(c *gin.Context) { c.Status(http.StatusNoContent) }
}

func signsUp(t *testing.T, p *pair) {
	t.Helper()
	p.it(t, &client{handler: p}, http.StatusCreated, "x", grace)
}

func renames(t *testing.T, p *pair) {
	t.Helper()
	if body := p.it(t, p.c, http.StatusOK, "x", `{"name":"Augusta"}`); !strings.Contains(body, `"Augusta"`) {
		t.Error(body)
	}
}

func leaves(t *testing.T, p *pair) {
	t.Helper()
	if w := p.c.post("/it/x", `{"password":"correct horse battery staple"}`); w.Code >= 300 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	p.wantAlive(t, false, false)
}

func (p *pair) wantAlive(t *testing.T, this, other bool) {
	t.Helper()
	status := map[bool]int{true: http.StatusOK, false: http.StatusUnauthorized}
	p.c.want(t, status[this], "the session that asked")
	p.other.want(t, status[other], "the other session")
}

// Every handler with every kind of users and sessions works, or the router is not built and the text says why.
func TestWhatCannotWorkIsRefusedWhenTheRouterIsBuilt(t *testing.T) { // SEC-190
	t.Parallel()
	names := slices.Sorted(maps.Keys(works))
	for _, name := range names {
		if _, ok := works[name]; !ok {
			t.Errorf("%s has no row: say what it does in works", name)
		}
	}
	for _, uk := range usersKinds {
		for _, sk := range sessionsKinds {
			t.Run(uk.name+" with "+sk.name, func(t *testing.T) {
				t.Parallel()
				pool := storetest.NewDB(t)
				for _, name := range names {
					t.Run(name, func(t *testing.T) {
						row := works[name]
						execute(t, pool, "DELETE FROM ginauth.users")
						p, refused := newPair(t, pool, uk, sk, row.build)
						if want := refusal(uk, sk, name); want != "" || refused != "" {
							if want == "" || !strings.Contains(refused, want) || !strings.HasPrefix(refused, "ginauth.") && !strings.HasPrefix(refused, "account.") {
								t.Errorf("refused with %q, want %q", refused, want)
							}
							return
						}
						p.enter(t)
						row.do(t, p)
					})
				}
			})
		}
	}
}

// refusal is what has to be in the text that refuses a combination; empty: it works.
func refusal(uk usersKind, sk sessionsKind, handler string) string {
	own, beside := strings.HasPrefix(uk.name, "own"), strings.Contains(uk.name, "beside")
	elsewhere := sk.name == "memstore" || sk.name == "cookie"
	is := func(names ...string) bool { return slices.Contains(names, handler) }
	open := is("Session", "Authenticate", "Logout", "Me")
	ending := is("Sessions", "RevokeSession", "RevokeOtherSessions", "RevokeAllSessions")
	switch {
	case sk.name == "default" && (uk.users == nil || own && !beside):
		return "set Sessions"
	case beside || own && !elsewhere:
		return "Users and Sessions do not fit"
	case uk.users == nil && ending:
		return "only RetrieveUser knows whose a session is"
	case uk.users == nil && is("Events"):
		return "needs Options.Users to be a driver.EventLog"
	case uk.users == nil && !open:
		return "Options.Users is not set"
	case elsewhere && ending && (own || handler != "RevokeAllSessions"):
		return "is not a driver.Logins"
	case !own || open || is("Login", "SignUp", "SignUpWith", "Reauthenticate"):
		return ""
	case is("ChangePassword", "SetPassword"):
		return "could not end sessions"
	}
	return "needs Options.Users to be a"
}

// execute runs a statement on a pool.
func execute(t *testing.T, pool *pgxpool.Pool, sql string) {
	t.Helper()
	if _, err := pool.Exec(context.Background(), sql); err != nil {
		t.Fatal(err)
	}
}

func letsPass(t *testing.T, p *pair) {
	t.Helper()
	p.it(t, p.c, http.StatusNoContent, "x", "")
}
