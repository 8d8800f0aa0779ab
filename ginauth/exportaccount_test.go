package ginauth_test

import (
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/ginauth/ginauth/ginauth/driver"
)

func TestAnExportHasEverythingButSecrets(t *testing.T) { // SEC-19, SEC-160, SEC-161
	t.Parallel()
	app := newApp(t, accounts, keeping)
	app.signUp(t, grace)
	c := app.signUp(t, ada)
	c.post("/put?key=oauth_state&value=a-secret-of-the-app", "")
	id := driver.UserID(idOf(t, c))
	family := familyOf(id)
	login, err := app.db.CreateRefreshFamily(t.Context(), family)
	if err != nil {
		t.Fatal(err)
	}
	key, digest := app.issueKey(t, id)
	w := c.get("/user/export")
	var got struct {
		User user
		Held struct {
			Account       map[string]any
			Sessions      []map[string]any
			APIKeys       []map[string]any `json:"api_keys"`
			RefreshLogins []map[string]any `json:"refresh_logins"`
			Events        []map[string]any
		}
	}
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != http.StatusOK {
		t.Fatalf("%d %s, %v", w.Code, w.Body, err)
	}
	held := got.Held
	if got.User.ID != id || held.Account["email"] != "ada@example.com" || held.Account["has_password"] != true || held.Account["created_at"] == nil {
		t.Errorf("the account: %s", w.Body)
	}
	if len(held.Sessions) != 1 || held.Sessions[0]["ip"] != "192.0.2.1" || held.Sessions[0]["id"] == nil {
		t.Errorf("the sessions: %v", held.Sessions)
	}
	if len(held.APIKeys) != 1 || held.APIKeys[0]["id"] != string(key.ID) || held.APIKeys[0]["name"] != "nightly" {
		t.Errorf("the keys: %v", held.APIKeys)
	}
	if len(held.RefreshLogins) != 1 || held.RefreshLogins[0]["id"] != string(login.ID) {
		t.Errorf("the logins: %v", held.RefreshLogins)
	}
	if first := held.Events[0]; len(held.Events) != 4 || first["kind"] != "user_created" || first["ip"] != "192.0.2.1" || first["by_me"] != true {
		t.Errorf("the events: %v", held.Events)
	}
	secrets := append(spellings(t, c.value), "argon2", "$", "a-secret-of-the-app", "grace@", "digest", "hash", "selector", "seal")
	for _, d := range []driver.Digest{digest, family.Key.Digest, family.Key.Selector} {
		secrets = append(secrets, hex.EncodeToString(d[:]))
	}
	secrets = append(secrets, app.text(t, "SELECT encode(digest, 'hex') FROM ginauth.sessions WHERE user_id = $1", string(id)))
	for _, secret := range secrets {
		if strings.Contains(w.Body.String(), secret) {
			t.Errorf("%q is in the export", secret)
		}
	}
	if w.Header().Get("Cache-Control") != "no-store" || !strings.HasPrefix(w.Header().Get("Content-Disposition"), "attachment") {
		t.Errorf("headers %v", w.Header())
	}
	if e := app.log.Events("sensitive_read"); len(e) != 1 || e[0]["user_id"] != string(id) {
		t.Errorf("events %v", e)
	}
}

func TestAnExportOfAUserWithoutAnythingHasEmptyLists(t *testing.T) {
	t.Parallel()
	everywhere(t, func(s suite) {
		c := s.signUp(s.t, ada)
		w := c.get("/user/export")
		if w.Code != http.StatusOK || strings.Contains(w.Body.String(), ":null,\"user") || !strings.Contains(w.Body.String(), `"api_keys":[]`) {
			s.t.Errorf("%d %s", w.Code, w.Body)
		}
	}, accounts)
}

func (a *app) text(t *testing.T, sql string, args ...any) (s string) {
	t.Helper()
	if err := a.pool.QueryRow(t.Context(), sql, args...).Scan(&s); err != nil {
		t.Fatal(err)
	}
	return s
}

// A table that somebody adds must not be forgotten: everything that is of a user is in the export.
func TestAnExportKnowsEveryTable(t *testing.T) { // SEC-19
	t.Parallel()
	app := newApp(t, accounts)
	c := app.owner(t, ada)
	id := app.text(t, "SELECT id::text FROM ginauth.users WHERE email_canonical = $1", "ada@example.com")
	for _, sql := range []string{
		`INSERT INTO ginauth.outbox (id, kind, email, email_canonical, created_at, due_at) VALUES (gen_random_uuid(), 'reset', 'Ada@example.com', 'ada@example.com', now(), now())`,
		`INSERT INTO ginauth.events (at, user_id, actor_id, kind, outcome, ip, user_agent)
			SELECT now(), id, gen_random_uuid(), 'user_updated', 'success', '203.0.113.99', 'the browser of an operator' FROM ginauth.users`,
		`INSERT INTO ginauth.email_tokens (digest, kind, user_id, mail_id, email, email_canonical, created_at, expires_at)
			SELECT sha256('t'), 'reset', id, gen_random_uuid(), email, email_canonical, now(), now() + interval '1 hour' FROM ginauth.users`,
		`INSERT INTO ginauth.factors (id, user_id, kind, gates, created_at)
			SELECT gen_random_uuid(), id, 'toy', FALSE, now() FROM ginauth.users`,
		`INSERT INTO ginauth.pending_logins (digest, user_id, epoch, methods, persistent, return_to, created_at, expires_at, user_agent)
			SELECT sha256('p'), id, session_epoch, 'pwd', FALSE, '', now(), now() + interval '10 minutes', '' FROM ginauth.users`,
	} {
		app.exec(t, sql)
	}
	app.issueKey(t, driver.UserID(id))
	if _, err := app.db.CreateRefreshFamily(t.Context(), familyOf(driver.UserID(id))); err != nil {
		t.Fatal(err)
	}
	w := (&client{handler: app, value: c.cookies[cookie]}).get("/user/export")
	var got struct{ Held map[string]json.RawMessage }
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatalf("%d %s, %v", w.Code, w.Body, err)
	}
	if events := string(got.Held["events"]); !strings.Contains(events, "user_updated") || strings.Contains(events, "203.0.113.99") || strings.Contains(events, "browser of an operator") {
		t.Errorf("an operator's client is in the export: %s", events)
	}
	names := map[string]string{
		"users": "account", "sessions": "sessions", "api_keys": "api_keys", "refresh_tokens": "refresh_logins",
		"factors": "factors", "pending_logins": "pending_logins", "known_devices": "known_devices", "outbox": "mails", "email_tokens": "links", "events": "events",
	}
	tables := strings.Fields(app.text(t, `SELECT string_agg(DISTINCT c.table_name, ' ') FROM information_schema.columns AS c
		WHERE c.table_schema = 'ginauth' AND (c.column_name = 'user_id' OR c.table_name = 'users') AND $1 <> ''`, "x"))
	if len(tables) != len(names) {
		t.Errorf("tables %v", tables)
	}
	for _, table := range tables {
		if held := string(got.Held[names[table]]); held == "" || held == "[]" || held == "null" {
			t.Errorf("%s: %q", table, held)
		}
	}
}
