// A thousand hashes find no races, and take minutes.

//go:build !race

package main

import (
	"encoding/json"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/ginauthtest"
	"github.com/ginauth/ginauth/store/storetest"
)

// injections end a literal, a quoted identifier, a number or a statement early. The last ones are
// addresses that mail could go to.
var injections = []string{
	`' OR '1'='1' --`, `'; DELETE FROM ginauth.users; SELECT pg_sleep(60); --`, `1$1$$; DROP TABLE ginauth.users; $$`,
	`\'; --`, `") UNION SELECT password_hash FROM ginauth.users --`, `o'brien@example.com`, `'||1/0||'@example.com`,
}

// good is what fields hold that are not under attack.
var good = map[string]any{
	"email": "new@example.com", "password": passphrase, "current_password": passphrase, "new_password": passphrase + "!",
	"name": "Ada", "token": strings.Repeat("A", 43), "remember": false,
	"scopes": []string{}, "expires_in_days": 1, "never_expires": false,
}

// attacker asks for what the description of an example has, logged in.
type attacker struct {
	engine *gin.Engine
	cookie string
	users  int
	sent   int
}

func (a *attacker) send(t *testing.T, method, path string, body map[string]any, inHeaders string) *httptest.ResponseRecorder {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(string(text)))
	r.Host = "localhost"
	a.sent++
	r.RemoteAddr = netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1, byte(a.sent >> 8), byte(a.sent)}), 1).String() // nobody asks too often
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json")
	for _, name := range []string{"User-Agent", "X-Request-Id", "Accept-Language", "X-Forwarded-For"} {
		r.Header.Set(name, inHeaders)
	}
	r.Header.Set("Cookie", "device="+inHeaders+"; session="+a.cookie)
	w := httptest.NewRecorder()
	a.engine.ServeHTTP(w, r)
	if w.Code >= http.StatusInternalServerError {
		t.Errorf("%s %s with %s, and %s in headers, answers %d: %s", method, path, text, inHeaders, w.Code, w.Body)
	}
	return w
}

func (a *attacker) signUp(t *testing.T) {
	t.Helper()
	a.cookie = ""
	a.users++
	w := a.send(t, http.MethodPost, "/signup", map[string]any{
		"name": "Ada", "email": "user" + strconv.Itoa(a.users) + "@example.com", "password": passphrase,
	}, "")
	for _, k := range w.Result().Cookies() {
		if k.Name == "session" {
			a.cookie = k.Value
		}
	}
	if w.Code != http.StatusCreated || a.cookie == "" {
		t.Fatalf("sign-up: %d %s", w.Code, w.Body)
	}
}

// attack puts every injection into every parameter and field of an operation, one at a time, and into
// its headers. An injection may well have ended the session, by logging out.
func (a *attacker) attack(t *testing.T, method, path string, op *openapi3.Operation) {
	t.Helper()
	a.signUp(t)
	fields := map[string]any{}
	if op.RequestBody != nil {
		if media := op.RequestBody.Value.Content.Get("application/json"); media != nil {
			for name := range media.Schema.Value.Properties {
				if good[name] == nil {
					t.Fatalf("%s %s has a field %s: say what is good in it", method, path, name)
				}
				fields[name] = good[name]
			}
		}
	}
	for _, injection := range injections {
		a.send(t, method, path, fields, injection)
		for name := range fields {
			attacked := maps.Clone(fields)
			attacked[name] = injection
			a.send(t, method, path, attacked, "")
		}
		for _, p := range op.Parameters {
			switch p.Value.In {
			case openapi3.ParameterInPath:
				a.send(t, method, strings.ReplaceAll(path, "{"+p.Value.Name+"}", url.PathEscape(injection)), fields, "")
			case openapi3.ParameterInQuery:
				a.send(t, method, path+"?"+url.Values{p.Value.Name: {injection}}.Encode(), fields, "")
			}
		}
	}
}

func TestInjectionsAreData(t *testing.T) { // SEC-135
	t.Parallel()
	pool, log := storetest.NewDB(t), &ginauthtest.Log{}
	engine, _, err := router(newStore(pool), "http://localhost", quick(), slog.New(slog.NewTextHandler(log, nil)))
	if err == nil {
		err = finish(engine)
	}
	if err != nil {
		t.Fatal(err)
	}
	a := &attacker{engine: engine}
	a.signUp(t) // who must still be there afterwards, as before
	const victim = `SELECT md5(u::text), (SELECT count(*) FROM pg_tables WHERE schemaname = 'ginauth') FROM ginauth.users AS u WHERE email = 'user1@example.com'`
	var before, after struct {
		row    string
		tables int
	}
	if err := pool.QueryRow(t.Context(), victim).Scan(&before.row, &before.tables); err != nil {
		t.Fatal(err)
	}
	for path, item := range documentOf(t, engine, schema).Paths.Map() {
		for method, op := range item.Operations() {
			a.attack(t, method, path, op)
		}
	}
	if err := pool.QueryRow(t.Context(), victim).Scan(&after.row, &after.tables); err != nil || before != after {
		t.Errorf("%+v became %+v (%v)", before, after, err)
	}
	if strings.Contains(log.String(), "SQLSTATE") {
		t.Errorf("PostgreSQL complains:\n%s", log)
	}
	if a.sent < 400 {
		t.Errorf("only %d requests were sent", a.sent)
	}
}
