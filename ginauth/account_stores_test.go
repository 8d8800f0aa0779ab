package ginauth_test

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gin-contrib/sessions"
	"github.com/gin-contrib/sessions/memstore"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/account"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/built"
	"github.com/ginauth/ginauth/store"
	"github.com/ginauth/ginauth/store/storetest"
)

// apart are sessions that the users' store knows nothing of, as in a database of their own.
type apart struct {
	sessions.Store
	driver.Sessions

	manager *store.Sessions
	down    atomic.Bool
	revoked []string
}

func (a *apart) UserSessions(ctx context.Context, id driver.UserID) ([]driver.Session, error) {
	return a.manager.UserSessions(ctx, id)
}

func (a *apart) RevokeSession(ctx context.Context, id driver.UserID, s driver.SessionID) error {
	return a.manager.RevokeSession(ctx, id, s)
}

func (a *apart) RevokeAllSessions(ctx context.Context) error { return a.manager.RevokeAllSessions(ctx) }

func (a *apart) RevokeUserSessions(ctx context.Context, id driver.UserID, except driver.SessionID) error {
	if a.down.Load() {
		return driver.ErrUnavailable
	}
	a.revoked = append(a.revoked, string(except))
	return a.manager.RevokeUserSessions(ctx, id, except)
}

// blind changes passwords without a look at sessions.
type blind struct {
	*store.DB[user]
	change func(ctx context.Context, change driver.PasswordChange) error
}

func (b *blind) SetPassword(ctx context.Context, change driver.PasswordChange) (driver.PasswordChanged, error) {
	return driver.PasswordChanged{}, b.change(ctx, change)
}

func appWithSessionsApart(t *testing.T) (*app, *apart) {
	t.Helper()
	pool := storetest.NewDB(t)
	kept := store.NewSessions(pool, store.WithTimeout(time.Minute))
	keeper := &apart{Store: kept, Sessions: kept, manager: kept}
	users := &blind{DB: store.New[user](pool, store.WithTimeout(time.Minute))}
	users.change = func(ctx context.Context, change driver.PasswordChange) error {
		_, err := pool.Exec(ctx, "UPDATE ginauth.users SET password_hash = $2 WHERE id = $1 AND password_hash = $3", string(change.UserID), change.New.Reveal(), change.Old.Reveal())
		return err
	}
	return newAppOn(t, pool, accounts, with(func(cfg *config) { cfg.Users, cfg.Sessions = users, keeper })), keeper
}

// Sessions of a store apart end before the password changes, and once more after it, for logins meanwhile.
func TestAChangedPasswordEndsSessionsOfAStoreApart(t *testing.T) { // SEC-64, SEC-77
	t.Parallel()
	app, keeper := appWithSessionsApart(t)
	c := app.signUp(t, ada)
	other, old := &client{handler: app}, &client{handler: app, value: c.value}
	other.post("/login", adaIn)
	if w := c.post("/password/change", toNew); w.Code != http.StatusNoContent || c.value == old.value {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	c.want(t, http.StatusOK, "this session")
	old.want(t, http.StatusUnauthorized, "its old token")
	other.want(t, http.StatusUnauthorized, "the other session")
	if len(keeper.revoked) != 2 || keeper.revoked[0] == "" {
		t.Errorf("revoked %v", keeper.revoked)
	}
}

func TestAStoreApartThatIsAwayLeavesThePasswordAlone(t *testing.T) { // SEC-154
	t.Parallel()
	app, keeper := appWithSessionsApart(t)
	c := app.signUp(t, ada)
	keeper.down.Store(true)
	if w := c.post("/password/change", toNew); w.Code != http.StatusServiceUnavailable {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	keeper.down.Store(false)
	c.want(t, http.StatusOK, "the session")
	if w := (&client{handler: app}).post("/login", adaIn); w.Code != http.StatusOK {
		t.Errorf("the old password: %d", w.Code)
	}
}

// A store of sessions over the same tables is kept in step by the users' own statement.
func TestAChangedPasswordWithSessionsOnTheSamePool(t *testing.T) { // SEC-77
	t.Parallel()
	pool := storetest.NewDB(t)
	app := newAppOn(t, pool, accounts, with(func(cfg *config) { cfg.Sessions = store.NewSessions(pool, store.WithTimeout(time.Minute)) }))
	c := app.signUp(t, ada)
	other, old := &client{handler: app}, &client{handler: app, value: c.value}
	other.post("/login", adaIn)
	if w := c.post("/password/change", toNew); w.Code != http.StatusNoContent {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	c.want(t, http.StatusOK, "this session")
	old.want(t, http.StatusUnauthorized, "its old token")
	other.want(t, http.StatusUnauthorized, "the other session")
}

// Sessions that nothing could end are refused at start-up.
func TestChangePasswordWantsSessionsThatCanEnd(t *testing.T) { // SEC-77
	t.Parallel()
	plain := struct{ driver.Users[user] }{newApp(t).db}
	defer func() {
		if got, _ := recover().(string); !strings.Contains(got, "could not end sessions") {
			t.Errorf("it says %q", got)
		}
	}()
	account.ChangePassword(built.Config(config{Users: plain, Sessions: memstore.NewStore(signingKey)}))
}

// Of many who restore one account at once, one does.
func TestAnAccountIsRestoredOnce(t *testing.T) { // SEC-105
	t.Parallel()
	const callers, rounds = 16, 20
	app := newApp(t, accounts, restorable, unlimited)
	other := app.other(t, accounts, restorable, unlimited)
	c := app.signUp(t, ada)
	for round := range rounds {
		if w := c.post("/user/archive", ""); w.Code != http.StatusOK {
			t.Fatalf("round %d: %d %s", round, w.Code, w.Body)
		}
		clients := make([]*client, callers)
		var done atomic.Int64
		atOnce(callers, func(i int) {
			clients[i] = &client{handler: []http.Handler{app, other}[i%2]}
			switch w := clients[i].post("/user/restore", adaIn); w.Code {
			case http.StatusOK:
				done.Add(1)
				c.value = clients[i].value
			case http.StatusUnauthorized:
			default:
				t.Errorf("%d %s", w.Code, w.Body)
			}
		})
		if done.Load() != 1 {
			t.Fatalf("round %d: restored %d times", round, done.Load())
		}
	}
}

// A canary password and every token go through all of it, good and bad.
func TestAccountSecretsReachNeitherLogsNorAnswers(t *testing.T) { // SEC-160, SEC-164
	t.Parallel()
	const first, second, wrong = "canary in a deep coal mine", "canary in a golden cage!!", "canary that was mistyped"
	app := newApp(t, accounts, restorable, unlimited)
	c := app.signUp(t, strings.ReplaceAll(ada, adasOld, first))
	secrets := append(spellings(t, c.value), first, second, wrong)
	change := func(current, next string) string {
		return `{"current_password":"` + current + `","new_password":"` + next + `"}`
	}
	var out strings.Builder
	for _, send := range []func() *httptest.ResponseRecorder{
		func() *httptest.ResponseRecorder { return c.post("/password/change", change(wrong, second)) },
		func() *httptest.ResponseRecorder { return c.post("/password/change", change(first, first[:14])) },
		func() *httptest.ResponseRecorder { return c.post("/password/change", change(first, second)+"x") },
		func() *httptest.ResponseRecorder {
			return c.post("/password/change", `{"current_password":["`+first+`"]}`)
		},
		func() *httptest.ResponseRecorder { return c.post("/password", `{"new_password":"`+second+`"}`) },
		func() *httptest.ResponseRecorder { return c.post("/password/change", change(first, second)) },
		func() *httptest.ResponseRecorder { return c.get("/user/export") },
		func() *httptest.ResponseRecorder { return c.patchUser(`{"name":"Ada","password":"` + second + `"}`) },
		func() *httptest.ResponseRecorder { return c.post("/user/archive", "") },
		func() *httptest.ResponseRecorder {
			return c.post("/user/restore", strings.Replace(adaIn, adasOld, wrong, 1))
		},
		func() *httptest.ResponseRecorder {
			return c.post("/user/restore", strings.Replace(adaIn, adasOld, second, 1))
		},
		func() *httptest.ResponseRecorder { return c.delete("/user") },
	} {
		w := send()
		out.WriteString(w.Body.String())
		secrets = append(secrets, spellings(t, c.value)...)
	}
	out.WriteString(app.log.String())
	for _, secret := range append(secrets, first[:14], url.QueryEscape(first), base64.StdEncoding.EncodeToString([]byte(second)), "argon2id") {
		if secret != "" && strings.Contains(out.String(), secret) {
			t.Errorf("%q came out", secret)
		}
	}
	if len(app.log.Events("user_deleted")) != 1 {
		t.Errorf("the flow did not run to its end: %s", app.log)
	}
}

// A browser's forms are sent on.
func TestAccountFormsSendBrowsersOn(t *testing.T) {
	t.Parallel()
	app := newApp(t, accounts, restorable, with(func(cfg *config) {
		cfg.Pages = ginauth.Pages{Login: "/login", AfterLogin: "/profile", AfterLogout: "/"}
	}))
	c := app.signUp(t, ada)
	for _, step := range []struct{ path, body, to string }{
		{"/password/change", url.Values{"current_password": {adasOld}, "new_password": {adasNew}}.Encode(), "/profile"},
		{"/user/archive", "", "/"},
		{"/user/restore", url.Values{"email": {"ada@example.com"}, "password": {adasNew}}.Encode(), "/profile"},
	} {
		w := c.do(formRequest(step.path, step.body))
		if w.Code != http.StatusSeeOther || w.Header().Get("Location") != step.to {
			t.Errorf("%s: %d to %q: %s", step.path, w.Code, w.Header().Get("Location"), w.Body)
		}
	}
}
