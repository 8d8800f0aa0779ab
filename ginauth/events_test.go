package ginauth_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/gin-contrib/sessions/memstore"
	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/account"
	"github.com/ginauth/ginauth/ginauth/apikey"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/email"
	"github.com/ginauth/ginauth/ginauth/internal/built"
	"github.com/ginauth/ginauth/ginauth/jwt"
	"github.com/ginauth/ginauth/store"
)

var identified = before(func(r *gin.Engine) {
	r.Use(func(c *gin.Context) { c.Header("X-Request-Id", "req-1") })
})

var listing = routes(func(r *gin.Engine, cfg config) { r.GET("/events", account.Events(built.Config(cfg))) })

// nowhere takes mails that no test reads.
var nowhere = email.SenderFunc(func(context.Context, email.Message) error { return nil })

// active is an app with everything that changes an account.
var active = routes(func(r *gin.Engine, cfg config) {
	keys := keysOf(cfg)
	r.POST("/api-keys", apikey.Create(keys))
	r.DELETE("/api-keys/:id", apikey.Revoke(keys))
	mails := built.Mails(cfg, email.Options[user]{
		BaseURL: "https://app.example.com", From: "Example <hello@app.example.com>", Sender: nowhere,
		Pages: email.Pages{Verify: "/verify", Reset: "/reset", Login: "/magic", Change: "/confirm", Undo: "/undo"},
	})
	r.POST("/verify", email.VerifyEmail(mails))
	r.POST("/reset", email.ResetPassword(mails))
	r.POST("/magic", email.MagicLink(mails))
	r.POST("/confirm", email.ConfirmEmailChange(mails))
	r.POST("/undo", email.UndoEmailChange(mails))
	key, _ := jwt.Generate("k", jwt.EdDSA)
	ring, _ := jwt.NewRing(key)
	flow := built.Tokens(cfg, jwt.Options[user]{Issuer: jwt.NewIssuer(jwt.IssuerOptions{Keys: ring, Issuer: "https://app.example.com", Audiences: []string{"https://app.example.com"}})})
	r.POST("/token/login", jwt.Login(flow, jwt.InBody))
	r.POST("/refresh", jwt.Refresh(flow))
	r.POST("/revoke", jwt.Revoke(flow))
	r.POST("/disable/:id", func(c *gin.Context) { // by an admin
		db := cfg.Users.(interface { //nolint:errcheck,forcetypeassert // store.DB is one
			DisableUser(ctx, driver.UserID) error
		})
		if err := db.DisableUser(ginauth.AuditContext(c), driver.UserID(c.Param("id"))); err != nil {
			ginauth.Fail(c, err)
		}
	})
})

var withLinks = with(func(cfg *config) {
	cfg.RotationGrace = time.Second
	cfg.Exclude = append(cfg.Exclude, "/verify", "/reset", "/magic", "/confirm", "/undo", "/token/login", "/refresh", "/revoke")
})

// link is the body of a request with a link that is good for k.
func (a *app) link(t *testing.T, k driver.MailKind, id, address, rest string) string {
	t.Helper()
	token := driver.NewToken()
	digest := token.Digest()
	a.exec(t, `INSERT INTO ginauth.email_tokens (digest, kind, user_id, mail_id, email, email_canonical, created_at, expires_at)
		VALUES ($1, $2, $3, gen_random_uuid(), $4, $4, $5, $6)`, digest[:], string(k), id, address, a.clock.Now(), a.clock.Now().Add(time.Hour))
	return fmt.Sprintf(`{"token":%q%s}`, token.Reveal(), rest)
}

// happened are the events after one, as text: kind, outcome, whose, by whom, operation, and whether the
// circumstances are those of the tests' client.
func (a *app) happened(t *testing.T, after int64, id string) (list []string, last int64) {
	t.Helper()
	rows, err := a.pool.Query(t.Context(), `SELECT id, concat_ws(' ', kind, outcome,
			CASE WHEN user_id::text = $2 THEN 'hers' WHEN user_id IS NULL THEN 'nobody''s' ELSE 'another''s' END,
			CASE WHEN actor_id::text = $2 THEN 'by her' WHEN actor_id IS NULL THEN 'by nobody' ELSE 'by another' END, operation,
			CASE WHEN host(ip) = '192.0.2.1' AND user_agent = 'test/1' AND request_id = 'req-1' AND at = $3 THEN '' ELSE concat('BUT ', host(ip), user_agent, request_id, at) END)
		FROM ginauth.events WHERE id > $1 ORDER BY id`, after, id, a.clock.Now().Truncate(time.Microsecond))
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var line string
		if err := rows.Scan(&last, &line); err != nil {
			t.Fatal(err)
		}
		list = append(list, strings.TrimSpace(line))
	}
	if rows.Err() != nil {
		t.Fatal(rows.Err())
	}
	return list, max(last, after)
}

func (c *client) send(method, path, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	if strings.HasPrefix(body, "grant_type=") {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.Header.Set("User-Agent", "test/1")
	return c.do(r)
}

// SEC-161: what the checklist asks for, where it changes an account, through the router.
func TestWhatUsersDoIsWrittenDown(t *testing.T) {
	t.Parallel()
	app := newApp(t, identified, accounts, restorable, managing, active, withLinks)
	c, id, last := &client{handler: app}, "", int64(0)
	var refresh, before string
	const newPassword = `"correct horse battery stapler"`
	renewed := strings.ReplaceAll(adaIn, `"correct horse battery staple"`, newPassword)
	for _, step := range []struct {
		name, method, path string
		body               func() string
		status             int
		want               []string
	}{
		{"sign-up", "POST", "/signup", func() string { return ada }, 201, []string{"user_created success hers by her signUp", "authn_login_success success hers by her signUp"}},
		{"wrong password", "POST", "/login", func() string { return credentials("ada@example.com", wrong) }, 401, []string{"authn_login_fail failure hers by nobody login"}},
		{"unknown address", "POST", "/login", func() string { return credentials("nobody@example.com", wrong) }, 401, []string{"authn_login_fail failure nobody's by nobody login"}},
		{"logout", "POST", "/logout", nil, 204, []string{"authn_logout success hers by her logout"}},
		{"login", "POST", "/login", func() string { return adaIn }, 200, []string{"authn_login_success success hers by her login"}},
		{"wrong proof", "POST", "/reauthenticate", func() string { return `{"password":"` + wrong + `"}` }, 401, []string{"authn_login_fail failure hers by her reauthenticate"}},
		{"proof", "POST", "/reauthenticate", func() string { before = c.value; return adaIn }, 204, []string{"authn_login_success success hers by her reauthenticate"}},
		{"profile", "PATCH", "/user", func() string { return `{"name":"Countess"}` }, 200, []string{"user_updated success hers by her updateProfile"}},
		{"password", "POST", "/password/change", func() string {
			return `{"current_password":"correct horse battery staple","new_password":` + newPassword + `}`
		}, 204, []string{"authn_password_change success hers by her changePassword"}},
		{"others", "POST", "/sessions/revoke-others", nil, 204, []string{"session_revoked success hers by her revokeOtherSessions"}},
		{"key", "POST", "/api-keys", func() string { return `{"name":"nightly"}` }, 201, []string{"authn_token_created success hers by her createAPIKey"}},
		{"verify", "POST", "/verify", func() string { return app.link(t, driver.MailVerify, id, "ada@example.com", "") }, 204, []string{"user_verified success hers by her verifyEmail"}},
		{"magic link", "POST", "/magic", func() string { return app.link(t, driver.MailLogin, id, "ada@example.com", "") }, 200, []string{"authn_link_success success hers by her magicLink", "authn_login_success success hers by her magicLink"}},
		{"new address", "POST", "/confirm", func() string { return app.link(t, driver.MailChange, id, "a@example.com", "") }, 204, []string{"user_email_changed success hers by her confirmEmailChange"}},
		{"undo", "POST", "/undo", func() string { return app.link(t, driver.MailUndo, id, "ada@example.com", "") }, 204, []string{"user_email_change_undone success hers by her undoEmailChange"}},
		{"reset", "POST", "/reset", func() string {
			return app.link(t, driver.MailReset, id, "ada@example.com", `,"password":`+newPassword)
		}, 204, []string{"authn_password_reset success hers by her resetPassword"}},
		{"tokens", "POST", "/token/login", func() string { return renewed }, 200, []string{"authn_login_success success hers by her tokenLogin"}},
		{"wrong tokens", "POST", "/token/login", func() string { return adaIn }, 401, []string{"authn_login_fail failure hers by nobody tokenLogin"}},
		{"refreshed", "POST", "/refresh", func() string { return "grant_type=refresh_token&refresh_token=" + refresh }, 200, nil},
		{"reused", "POST", "/refresh", func() string {
			app.clock.Advance(time.Hour)
			return "grant_type=refresh_token&refresh_token=" + refresh
		}, 400, []string{"authn_token_reuse failure hers by nobody tokenRefresh"}},
		{"login again", "POST", "/login", func() string { return renewed }, 200, []string{"authn_login_success success hers by her login"}},
		{"all", "POST", "/sessions/revoke-all", nil, 204, []string{"session_revoked success hers by her revokeAllSessions"}},
		{"login after all", "POST", "/login", func() string { return renewed }, 200, []string{"authn_login_success success hers by her login"}},
		{"archive", "POST", "/user/archive", nil, 200, []string{"user_archived success hers by her deleteAccountAfter"}},
		{"restore", "POST", "/user/restore", func() string { return renewed }, 200, []string{"user_restored success hers by her restoreAccount", "authn_login_success success hers by her restoreAccount"}},
		{"disabled by an admin", "POST", "/disable/00000000-0000-4000-8000-000000000001", func() string {
			app.exec(t, `INSERT INTO ginauth.users (id, email, email_canonical) VALUES ('00000000-0000-4000-8000-000000000001', 'x@example.com', 'x@example.com')`)
			return ""
		}, 200, []string{"user_disabled success another's by her POST /disable/:id"}},
		{"delete", "DELETE", "/user", nil, 204, []string{"user_deleted success hers by her deleteAccount"}},
	} {
		var body string
		if step.body != nil {
			body = step.body()
		}
		w := c.send(step.method, step.path, body)
		if w.Code != step.status {
			t.Fatalf("%s: %d %s", step.name, w.Code, w.Body)
		}
		if id == "" {
			id = idOf(t, c)
		}
		var answer struct {
			RefreshToken string `json:"refresh_token"`
		}
		if step.name == "tokens" && json.Unmarshal(w.Body.Bytes(), &answer) == nil {
			refresh = answer.RefreshToken
		}
		var got []string
		got, last = app.happened(t, last, id)
		if diff := cmp.Diff(step.want, got); diff != "" {
			t.Errorf("%s: %s", step.name, diff)
		}
	}
	if before == "" || app.count(t, `SELECT count(*) FROM ginauth.events WHERE kind LIKE 'authn_login_success' AND session !~ '^([0-9a-f]{8}|[0-9a-f-]{36})$'`) != 0 {
		t.Error("a login has no name of its session")
	}
}

// An old cookie that comes back ends its session, and that is written down.
func TestAReusedCookieIsWrittenDown(t *testing.T) { // SEC-82, SEC-161
	t.Parallel()
	app := newApp(t, identified, managing, withLinks)
	c := app.signUp(t, ada)
	id, old := idOf(t, c), c.as(app)
	c.post("/renew", "")
	app.clock.Advance(time.Minute)
	_, last := app.happened(t, 0, id)
	if w := old.send(http.MethodGet, "/user", ""); w.Code != http.StatusUnauthorized {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	got, _ := app.happened(t, last, id)
	for i := range got {
		got[i], _, _ = strings.Cut(got[i], " BUT ")
	}
	if diff := cmp.Diff([]string{"authn_token_reuse failure hers by nobody me"}, got); diff != "" {
		t.Error(diff)
	}
}

// Nothing that anybody typed, and no secret, is in the table. An account and none leave the same.
func TestEventsHoldNothingThatWasTyped(t *testing.T) { // SEC-19, SEC-160, SEC-165
	t.Parallel()
	app := newApp(t, managing)
	c := app.signUp(t, ada)
	secrets := spellings(t, c.value)
	for _, who := range []string{"ada@example.com", "typed-a-password-here@example.com", "no address"} {
		if w := c.post("/login", credentials(who, "canary in a coal mine")); w.Code != http.StatusUnauthorized {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	}
	c.post("/reauthenticate", adaIn)
	secrets = append(append(secrets, spellings(t, c.value)...), "typed-a-password-here", "canary", "no address", "ada@", "horse", "argon2")
	var all string
	if err := app.pool.QueryRow(t.Context(), `SELECT string_agg(e::text, E'\n') FROM ginauth.events AS e`).Scan(&all); err != nil {
		t.Fatal(err)
	}
	for _, secret := range secrets {
		if strings.Contains(strings.ToLower(all), strings.ToLower(secret)) {
			t.Errorf("%q is in the events", secret)
		}
	}
	if n := app.count(t, `SELECT count(*) FROM ginauth.events WHERE kind = 'authn_login_fail' AND length(detail->>'identifier') = 16`); n != 3 {
		t.Errorf("%d failed logins", n)
	}
}

// A login that must wait costs the database a look and nothing more.
func TestARefusedLoginWritesNoEvent(t *testing.T) {
	t.Parallel()
	app := newApp(t, with(limited))
	app.lock(t, "ada@example.com")
	before := app.count(t, `SELECT count(*) FROM ginauth.events`)
	app.lock(t, "ada@example.com")
	if n := app.count(t, `SELECT count(*) FROM ginauth.events`) - before; n != 0 {
		t.Errorf("%d events", n)
	}
}

// Failed logins are in log mode: the answer is the same, and the log says what is missing. Changes are not.
func TestAFailedLoginIsRefusedWithoutItsEvent(t *testing.T) { // SEC-163
	t.Parallel()
	app := newApp(t, accounts)
	c := app.signUp(t, ada)
	app.exec(t, `ALTER TABLE ginauth.events ADD CONSTRAINT full_check CHECK (FALSE) NOT VALID`)
	if w := c.post("/login", credentials("ada@example.com", wrong)); problemIn(t, w).Code != "invalid_credentials" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if !strings.Contains(app.log.String(), "a security event was not stored") || len(app.log.Events("authn_login_fail")) != 2 {
		t.Errorf("the log says %s", app.log)
	}
	rows := func() int { return app.count(t, `SELECT count(*) FROM ginauth.sessions`) }
	before := rows()
	if w := c.post("/login", adaIn); w.Code != http.StatusInternalServerError || rows() != before {
		t.Errorf("a login without its event: %d %s", w.Code, w.Body)
	}
	if w := c.post("/logout", ""); w.Code != http.StatusInternalServerError || rows() != before {
		t.Errorf("a logout without its event: %d %s", w.Code, w.Body)
	}
}

// Who guesses and hangs up is written down all the same.
func TestHangingUpHidesNoFailedLogin(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	app.signUp(t, ada)
	r := jsonRequest("/login", credentials("ada@example.com", wrong))
	gone, hangUp := context.WithCancel(r.Context())
	other := newAppOn(t, app.pool, with(func(cfg *config) { cfg.Users = &hangingUp{app.db, hangUp} }))
	other.send(r.WithContext(gone))
	if n := app.count(t, `SELECT count(*) FROM ginauth.events WHERE kind = 'authn_login_fail'`); n != 1 || gone.Err() == nil {
		t.Errorf("%d events", n)
	}
}

// hangingUp loses its client when the failure is about to be written down.
type hangingUp struct {
	*store.DB[user]
	hangUp func()
}

func (h *hangingUp) RecordEvent(c ctx, e driver.Event) error {
	h.hangUp()
	return h.DB.RecordEvent(c, e)
}

func TestEventsAreMineAlone(t *testing.T) { // SEC-177
	t.Parallel()
	app := newApp(t, listing)
	c, other := app.signUp(t, ada), app.signUp(t, grace)
	app.exec(t, `UPDATE ginauth.users SET verified_at = now()`) // who is to see where others are
	for range 4 {
		app.clock.Advance(time.Millisecond)
		other.send(http.MethodPost, "/login", credentials("ada@example.com", wrong))
	}
	page := func(who *client, query string) (p account.ActivityPage) {
		t.Helper()
		w := who.get("/events" + query)
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Code != http.StatusOK {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		return p
	}
	all := page(c, "")
	if len(all.Events) != 6 || all.Next != 0 || all.Events[0].Kind != driver.LoginFailed || all.Events[0].ByMe || all.Events[0].IP != "192.0.2.1" {
		t.Errorf("all: %+v", all)
	}
	if last := all.Events[5]; last.Kind != driver.UserCreated || !last.ByMe || last.Outcome != "success" || last.Operation != "signUp" || last.At.IsZero() {
		t.Errorf("the first: %+v", last)
	}
	first := page(c, "?limit=4")
	rest := page(c, fmt.Sprintf("?limit=4&before=%d", first.Next))
	if diff := cmp.Diff(all.Events, append(first.Events, rest.Events...)); diff != "" || rest.Next != 0 {
		t.Errorf("in pages: %s", diff)
	}
	if together := page(c, "?limit=5"); len(together.Events) != 6 { // a sign-up and its login are of one time
		t.Errorf("what happened at one time is torn apart: %+v", together)
	}
	if others := page(other, fmt.Sprintf("?before=%d", all.Events[0].At.UnixMicro())); len(others.Events) != 2 {
		t.Errorf("somebody else sees %+v", others)
	}
	if body := c.get("/events?limit=1").Body.String(); strings.Contains(body, `"id"`) || !strings.Contains(body, fmt.Sprintf(`"next":%d`, all.Events[0].At.UnixMicro())) { // SEC-36
		t.Errorf("how much happens to others is in %s", body)
	}
	for query, status := range map[string]int{"?limit=0": 422, "?limit=101": 422, "?before=x": 422, "?before=-1": 422, "?before=9223372036854775807": 200, "?limit=100": 200} {
		if w := c.get("/events" + query); w.Code != status {
			t.Errorf("%s: %d %s", query, w.Code, w.Body)
		}
	}
	if w := (&client{handler: app}).get("/events"); w.Code != http.StatusUnauthorized {
		t.Errorf("without a session: %d", w.Code)
	}
}

// Where another store keeps the sessions, logins and logouts are written down as well.
func TestSessionsKeptElsewhereLeaveEvents(t *testing.T) {
	t.Parallel()
	app := newApp(t, identified, with(func(cfg *config) { cfg.Sessions = memstore.NewStore(signingKey) }),
		routes(func(r *gin.Engine, cfg config) { r.POST("/reauthenticate", account.Reauthenticate(built.Config(cfg))) }))
	c := &client{handler: app}
	c.send(http.MethodPost, "/signup", ada)
	id := idOf(t, c)
	c.send(http.MethodPost, "/login", adaIn)
	if w := c.send(http.MethodPost, "/reauthenticate", adaIn); w.Code != http.StatusNoContent {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	c.send(http.MethodPost, "/logout", "")
	got, _ := app.happened(t, 0, id)
	if diff := cmp.Diff([]string{
		"user_created success hers by her signUp", "authn_login_success success hers by her signUp",
		"authn_login_success success hers by her login", "authn_login_success success hers by her reauthenticate", "authn_logout success hers by her logout",
	}, got); diff != "" {
		t.Error(diff)
	}
}

// Users who are kept elsewhere have events in the log alone.
func TestUsersKeptElsewhereLeaveEventsInTheLog(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	elsewhere := newAppOn(t, app.pool, with(func(cfg *config) {
		cfg.Users, cfg.Sessions = struct{ driver.Users[user] }{app.db}, memstore.NewStore(signingKey)
	}))
	elsewhere.signUp(t, ada)
	c := &client{handler: elsewhere}
	c.post("/login", credentials("ada@example.com", wrong))
	c.post("/login", adaIn)
	c.post("/logout", "")
	for _, kind := range []driver.EventKind{driver.LoginFailed, driver.LoginSucceeded, driver.LoggedOut} {
		if n := len(elsewhere.log.Events(kind)); n != 1 {
			t.Errorf("%s: %d", kind, n)
		}
	}
	defer func() {
		if got, _ := recover().(string); !strings.Contains(got, "account.Events needs Options.Users to be a driver.EventLog") {
			t.Errorf("it says %q", got)
		}
	}()
	account.Events(built.Config(elsewhere.cfg))
}

// Users do not learn from where an operator works, and nobody hides behind being logged in as somebody else.
func TestClientsAreShownUnlessTheyAreOperators(t *testing.T) {
	t.Parallel()
	app := newApp(t, identified, active, listing)
	c, other := app.signUp(t, ada), app.signUp(t, grace)
	id := driver.UserID(idOf(t, c))
	app.exec(t, `UPDATE ginauth.users SET verified_at = now()`) // who is to see where others are
	app.clock.Advance(time.Minute)
	if w := other.send(http.MethodPost, "/token/login", credentials("ada@example.com", wrong)); w.Code != http.StatusUnauthorized {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	app.clock.Advance(time.Minute)
	if w := other.send(http.MethodPost, "/undo", app.link(t, driver.MailUndo, string(id), "ada@example.com", "")); w.Code != http.StatusNoContent {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	app.clock.Advance(time.Minute)
	operator := driver.Cause{Actor: driver.UserID(idOf(t, other)), Origin: driver.Origin{Addr: netip.MustParseAddr("198.51.100.7"), UserAgent: "Firefox"}, Operation: "POST /admin"}
	if err := app.db.EnableUser(driver.WithCause(t.Context(), operator), id); err != nil {
		t.Fatal(err)
	}
	app.exec(t, `UPDATE ginauth.sessions SET epoch = (SELECT session_epoch FROM ginauth.users WHERE users.id = sessions.user_id)`)
	var page account.ActivityPage
	if err := json.Unmarshal(c.get("/events?limit=3").Body.Bytes(), &page); err != nil || len(page.Events) != 3 {
		t.Fatalf("%+v, %v", page, err)
	}
	enabled, undone, failed := page.Events[0], page.Events[1], page.Events[2]
	if enabled.Kind != driver.UserEnabled || enabled.IP != "" || enabled.Device != "" || enabled.ByMe {
		t.Errorf("by an operator: %+v", enabled)
	}
	if undone.Kind != driver.UserEmailChangeUndone || undone.IP == "" || undone.Device == "" {
		t.Errorf("by a link: %+v", undone)
	}
	if failed.Kind != driver.LoginFailed || failed.IP == "" || failed.Device == "" {
		t.Errorf("a failure: %+v", failed)
	}
	if n := app.count(t, `SELECT count(*) FROM ginauth.events WHERE actor_id = $1 AND user_id = $2`, string(operator.Actor), string(id)); n != 1 {
		t.Errorf("%d events by another", n)
	}
}
