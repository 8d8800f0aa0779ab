package ginauth_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/account"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/ginauthtest"
	"github.com/ginauth/ginauth/ginauth/internal/built"
	"github.com/ginauth/ginauth/store"
	"github.com/ginauth/ginauth/store/storetest"
)

// lookalikes are ids that people, collations or Unicode forms take for one another.
var lookalikes = []driver.UserID{
	"42", "042", "+42", "42 ", " 42", "42.0", "４２", "ada", "Ada", "ADA", "аda", "ada\u200b", "caf\u00e9", "cafe\u0301", "ß", "ss", "ẞ", "İ", "i\u0307", "a%", "a_",
}

// anyone is a user by its id alone.
func anyone(id driver.UserID) clubber { return clubber{Key: string(id), Mail: "same@example.com"} }

func TestIDsThatLookAlikeAreDifferentUsers(t *testing.T) {
	t.Parallel()
	pool := storetest.NewDB(t)
	cfg := built.Config(ginauth.Options[clubber]{
		FindUser: func(_ context.Context, id driver.UserID) (clubber, error) { return anyone(id), nil },
		Sessions: store.NewExternal(pool, store.WithTimeout(time.Minute)), Logger: quiet, Exclude: []string{"/in/:n"},
	})
	r := gin.New()
	r.Use(ginauth.Session(cfg))
	var entering driver.UserID
	r.POST("/in/:n", func(c *gin.Context) { reply(c, nil, ginauth.SignIn(c, anyone(entering))) })
	r.GET("/user", ginauth.Me(cfg))
	r.GET("/sessions", account.Sessions(cfg))
	r.POST("/revoke-all", account.RevokeAllSessions(cfg))
	clients := make([]*client, len(lookalikes))
	for i, id := range lookalikes {
		entering, clients[i] = id, &client{handler: r}
		wantStatus(t, clients[i].post("/in/x", ""), http.StatusOK)
	}
	for i, c := range clients {
		if n := len(c.devices(t)); n != 1 {
			t.Errorf("%q has %d sessions, want 1", lookalikes[i], n)
		}
	}
	for i, c := range clients {
		wantStatus(t, c.post("/revoke-all", ""), http.StatusNoContent)
		for j, other := range clients {
			want := map[bool]int{true: http.StatusOK, false: http.StatusUnauthorized}[j > i]
			if w := other.get("/user"); w.Code != want {
				t.Errorf("after the end of %q, %q gets %d, want %d", lookalikes[i], lookalikes[j], w.Code, want)
			}
		}
	}
	for _, id := range []driver.UserID{"", " ", "\t\n", "\u00a0", "\u3000", "a\x00b", "\xff", driver.UserID(strings.Repeat("x", 256))} {
		entering = id
		c := &client{handler: r}
		if w := c.post("/in/x", ""); w.Code < http.StatusInternalServerError || c.value != "" {
			t.Errorf("the id %q: %d %s, cookie %q", id, w.Code, w.Body, c.value)
		}
	}
}

// tableApp is an app on a mapped table with Ada in it.
type tableApp struct {
	*gin.Engine
	pool *pgxpool.Pool
	db   *store.Table[user]
	log  *ginauthtest.Log
}

func newTableApp(t *testing.T, key string) *tableApp {
	t.Helper()
	a := &tableApp{Engine: gin.New(), pool: storetest.NewDB(t), log: &ginauthtest.Log{}}
	execute(t, a.pool, fmt.Sprintf(`CREATE TABLE members (member_id %s PRIMARY KEY, mail text NOT NULL UNIQUE, pw text, full_name text)`, keysOfMembers[key]))
	var err error
	a.db, err = store.NewTable[user](t.Context(), a.pool, "members", store.Columns{ID: "member_id", Email: "mail", PasswordHash: "pw", Name: "full_name"}, store.WithTimeout(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	cfg := built.Config(ginauth.Options[user]{
		Users: a.db, Passwords: ginauthtest.CheapHasher(t), Limits: ginauth.Limits{InsecureUnlimited: true}, Logger: a.log.Logger(), Exclude: []string{"/open"},
	})
	a.Use(ginauth.Session(cfg))
	a.POST("/signup", ginauth.SignUp(cfg))
	a.POST("/login", ginauth.Login(cfg))
	a.GET("/user", ginauth.Me(cfg))
	a.GET("/sessions", account.Sessions(cfg))
	a.GET("/open", func(c *gin.Context) {
		_, err := ginauth.CurrentUser[user](c)
		switch {
		case errors.Is(err, ginauth.ErrUnauthenticated):
			c.String(http.StatusOK, "nobody")
		case err != nil:
			ginauth.Fail(c, err)
		default:
			c.String(http.StatusOK, "somebody")
		}
	})
	return a
}

func (a *tableApp) signUp(t *testing.T) *client {
	t.Helper()
	c := &client{handler: a}
	wantStatus(t, c.post("/signup", ada), http.StatusCreated)
	return c
}

// A change of the app's table is a fault of the server, and never an answer about the user.
func TestAMappedTableThatChangesWhileRunningFailsClosed(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]struct {
		do, undo string
		logged   string
		onlyAt   string // the request that fails; empty: each
	}{
		"address renamed":  {`ALTER TABLE members RENAME COLUMN mail TO address`, `ALTER TABLE members RENAME COLUMN address TO mail`, "mail", ""},
		"key renamed":      {`ALTER TABLE members RENAME COLUMN member_id TO id`, `ALTER TABLE members RENAME COLUMN id TO member_id`, "member_id", ""},
		"name renamed":     {`ALTER TABLE members RENAME COLUMN full_name TO name`, `ALTER TABLE members RENAME COLUMN name TO full_name`, "full_name", ""},
		"password renamed": {`ALTER TABLE members RENAME COLUMN pw TO hash`, `ALTER TABLE members RENAME COLUMN hash TO pw`, "pw", "/login"},
		"table renamed":    {`ALTER TABLE members RENAME TO people`, `ALTER TABLE people RENAME TO members`, "members", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newTableApp(t, "bigint")
			c := a.signUp(t)
			for range 3 { // statements are prepared by then
				c.want(t, http.StatusOK, "before")
			}
			execute(t, a.pool, change.do)
			for path, send := range map[string]func() int{
				"/user":  func() int { return c.get("/user").Code },
				"/open":  func() int { return c.get("/open").Code },
				"/login": func() int { return (&client{handler: a}).post("/login", adaIn).Code },
			} {
				status := send()
				if fails := status == http.StatusInternalServerError || status == http.StatusServiceUnavailable; !fails && (change.onlyAt == "" || change.onlyAt == path) {
					t.Errorf("%s answers %d", path, status)
				}
			}
			if log := a.log.String(); !strings.Contains(log, change.logged) || !strings.Contains(log, "does not exist") {
				t.Errorf("the log does not say what is wrong: %s", log)
			}
			execute(t, a.pool, change.undo)
			c.want(t, http.StatusOK, "after the column is back")
		})
	}
}

func TestAShadowRowWithoutItsUserIsNobody(t *testing.T) {
	t.Parallel()
	for key := range keysOfMembers {
		t.Run(key, func(t *testing.T) {
			t.Parallel()
			a := newTableApp(t, key)
			c := a.signUp(t)
			other := &client{handler: a, value: c.value}
			var shadow string
			if err := a.pool.QueryRow(t.Context(), `DELETE FROM members RETURNING (SELECT id::text FROM ginauth.users)`).Scan(&shadow); err != nil {
				t.Fatal(err)
			}
			if w := other.get("/open"); w.Body.String() != "nobody" {
				t.Errorf("an open route: %d %s", w.Code, w.Body)
			}
			for _, path := range []string{"/user", "/sessions"} {
				wantStatus(t, (&client{handler: a, value: c.value}).get(path), http.StatusUnauthorized)
			}
			wantStatus(t, (&client{handler: a}).post("/login", adaIn), http.StatusUnauthorized)
			for _, id := range []driver.UserID{driver.UserID(shadow), "", "0", "042"} {
				if u, err := a.db.FindUser(t.Context(), id); !errors.Is(err, driver.ErrNoUser) {
					t.Errorf("the user %q: %+v, %v", id, u, err)
				}
			}
			if _, err := store.New[user](a.pool).FindUser(t.Context(), driver.UserID(shadow)); !errors.Is(err, driver.ErrNoUser) {
				t.Errorf("the shadow row is a user of ours: %v", err)
			}
			a.signUp(t).want(t, http.StatusOK, "who signs up with the address again")
			wantStatus(t, c.get("/user"), http.StatusUnauthorized)
		})
	}
}

// A table without a name would answer 200 to a change of the name, and keep nothing.
func TestATableWithoutNamesRefusesUpdateProfile(t *testing.T) {
	t.Parallel()
	type plan struct{ Plan string }
	pool := storetest.NewDB(t)
	execute(t, pool, `CREATE TABLE members (member_id bigserial PRIMARY KEY, mail text UNIQUE, pw text)`)
	db, err := store.NewTable[user](t.Context(), pool, "members", store.Columns{ID: "member_id", Email: "mail", PasswordHash: "pw"})
	if err != nil {
		t.Fatal(err)
	}
	cfg := built.Config(ginauth.Options[user]{Users: db, Passwords: ginauthtest.CheapHasher(t), Logger: quiet})
	account.UpdateProfileWith(cfg, nothingMore[plan, user])
	for name, build := range map[string]func(){
		"UpdateProfile":     func() { account.UpdateProfile(cfg) },
		"UpdateProfileWith": func() { account.UpdateProfileWith(cfg, nothingMore[struct{ account.Profile }, user]) },
	} {
		func() {
			defer func() {
				if text, _ := recover().(string); !strings.HasPrefix(text, "account."+name+": the users' table has no column for the name: set Columns.Name") {
					t.Errorf("%s says %q", name, text)
				}
			}()
			build()
		}()
	}
}
