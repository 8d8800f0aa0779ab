package ginauth_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/account"
	"github.com/ginauth/ginauth/ginauth/apikey"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/email"
	"github.com/ginauth/ginauth/ginauth/internal/built"
	"github.com/ginauth/ginauth/ginauth/jwt"
)

// stage is an app that takes keys, tokens and sessions, with one route for each row of the matrix.
type stage struct {
	*app
	engine  *gin.Engine
	issuer  *jwt.Issuer
	flow    *jwt.Flow[user]
	mails   *email.Flows[user]
	keys    *apikey.Keys[user]
	options jwt.BackendOptions[user]
	count   int // of scenes
}

const here = "https://api.example.com"

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{app: newApp(t, unlimited)}
	key, err := jwt.Generate("2030-01", jwt.EdDSA)
	if err != nil {
		t.Fatal(err)
	}
	ring, err := jwt.NewRing(key)
	if err != nil {
		t.Fatal(err)
	}
	s.cfg.Exclude = []string{
		"/ginauth.Login/:id", "/ginauth.SignUp/:id", "/ginauth.SignUpWith/:id", "/account.RestoreAccount/:id", "/ginauth.SignIn/:id",
	}
	s.issuer = jwt.NewIssuer(jwt.IssuerOptions{Keys: ring, Issuer: here, Audiences: []string{here}, Now: s.clock.Now})
	s.flow = built.Tokens(s.cfg, jwt.Options[user]{Issuer: s.issuer})
	s.options = jwt.BackendOptions[user]{
		Accept: jwt.Accept{Issuers: []jwt.Trust{{Issuer: here, Keys: ring}}, Audiences: []string{here}, Now: s.clock.Now}, Users: s.db, Stateless: true,
	}
	s.keys = keysOf(s.cfg)
	s.mails = built.Mails(s.cfg, email.Options[user]{
		BaseURL: here, From: "a@example.com", Sender: nowhere,
		Pages: email.Pages{Verify: "/verify", Reset: "/reset", Login: "/magic", Change: "/change", Undo: "/undo"},
	})
	s.engine = gin.New()
	s.engine.Use(ginauth.Authenticate(built.Config(s.cfg), apikey.Backend(s.keys), jwt.Bearer(built.Config(s.cfg), s.options), ginauth.SessionAuth(built.Config(s.cfg))))
	return s
}

// scene has two users: Ada, who asks by key and token, and Grace, whose session cookie she has stolen.
type scene struct {
	*stage
	ada, grace             user
	adaCookie, graceCookie string
	graceSession           driver.SessionID
	key, token, narrow     string // of Ada
	otherKey               driver.APIKeyID
	adaBefore, graceBefore string
	graceAccountBefore     string
}

func (s *stage) scene(t *testing.T) *scene {
	t.Helper()
	s.count++
	c := &scene{stage: s}
	c.ada, c.adaCookie = s.account(t, "Ada")
	c.grace, c.graceCookie = s.account(t, "Grace")
	c.graceSession = current(t, &client{handler: s.devices(), value: c.graceCookie})
	c.key, _ = s.apiKey(t, c.adaCookie)
	_, c.otherKey = s.apiKey(t, c.adaCookie)
	c.token, c.narrow = s.accessToken(t, c.ada, nil), s.accessToken(t, c.ada, []string{"x"})
	s.exec(t, "UPDATE ginauth.users SET verified_at = created_at WHERE id = $1 OR id = $2", string(c.ada.ID), string(c.grace.ID))
	c.adaBefore, c.graceBefore, c.graceAccountBefore = s.everything(t, c.ada.ID, true), s.everything(t, c.grace.ID, true), s.everything(t, c.grace.ID, false)
	return c
}

// devices is a handler that lists sessions, behind nothing but sessions.
func (s *stage) devices() http.Handler {
	r := gin.New()
	r.Use(ginauth.Session(built.Config(s.cfg)))
	r.GET("/sessions", account.Sessions(built.Config(s.cfg)))
	r.POST("/api-keys", apikey.Create(s.keys))
	return r
}

func (s *stage) account(t *testing.T, name string) (u user, cookie string) {
	t.Helper()
	c := &client{handler: s.app}
	w := c.post("/signup", fmt.Sprintf(`{"name":"%s","email":"%s%d@example.com","password":"correct horse battery staple"}`, name, strings.ToLower(name), s.count))
	if err := json.Unmarshal(w.Body.Bytes(), &u); err != nil || w.Code != http.StatusCreated {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return u, c.value
}

func (s *stage) apiKey(t *testing.T, cookie string) (string, driver.APIKeyID) {
	t.Helper()
	var made struct {
		ID  driver.APIKeyID
		Key string
	}
	w := (&client{handler: s.devices(), value: cookie}).post("/api-keys", `{"name":"script","scopes":["x"]}`)
	if err := json.Unmarshal(w.Body.Bytes(), &made); err != nil || made.Key == "" {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return made.Key, made.ID
}

func (s *stage) accessToken(t *testing.T, u user, scopes []string) string {
	t.Helper()
	token, _, err := s.issuer.Issue(t.Context(), u.Account(), jwt.Grant{Scopes: scopes, AuthenticatedAt: s.clock.Now()})
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// link is the token of a mail to an address.
func (s *stage) link(t *testing.T, kind driver.MailKind, u user, address string) string {
	t.Helper()
	o := driver.MailOrder{Kind: kind, Email: address, Canonical: address}
	if kind == driver.MailChange {
		o.UserID = u.ID
	}
	s.exec(t, "DELETE FROM ginauth.outbox")
	if err := s.db.QueueMail(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	return s.nextMail(t)
}

// everything is all that the database has of a user, but for when a key was last used.
func (s *stage) everything(t *testing.T, id driver.UserID, sessions bool) (all string) {
	t.Helper()
	const of = `SELECT concat_ws(E'\n',
		(SELECT u::text FROM ginauth.users AS u WHERE u.id = $1),
		(SELECT string_agg(s::text, E'\n' ORDER BY s.id) FROM ginauth.sessions AS s WHERE s.user_id = $1 AND $2),
		(SELECT string_agg((to_jsonb(k) - 'last_used_at')::text, E'\n' ORDER BY k.id) FROM ginauth.api_keys AS k WHERE k.user_id = $1),
		(SELECT string_agg(r::text, E'\n' ORDER BY r.id) FROM ginauth.refresh_tokens AS r WHERE r.user_id = $1),
		(SELECT string_agg(m::text, E'\n' ORDER BY m.digest) FROM ginauth.email_tokens AS m WHERE m.user_id = $1))`
	if err := s.pool.QueryRow(t.Context(), of, string(id), sessions).Scan(&all); err != nil {
		t.Fatal(err)
	}
	return all
}

// row is what one handler does for who is known by something else than the session whose cookie is sent.
type row struct {
	method  string // POST, unless it says so
	handler gin.HandlerFunc
	body    func(*testing.T, *scene) string // JSON; a form without a brace
	// narrow and full are the statuses for a credential with scopes and for one without.
	narrow, full int
	// moves: the answer brings the browser another session, and the one that it had ends.
	moves bool
}

// asker is how a request is authenticated.
type asker struct {
	name   string
	narrow bool
	header func(*scene) (name, value string)
	cookie func(*scene) string
}

var askers = []asker{
	{"a key, with Grace's cookie", true, byKey, cookieOfGrace},
	{"a key, with its owner's cookie", true, byKey, cookieOfAda},
	{"a key", true, byKey, noCookie},
	{"a token with a scope, with Grace's cookie", true, byNarrow, cookieOfGrace},
	{"a token with a scope, with its owner's cookie", true, byNarrow, cookieOfAda},
	{"a token, with Grace's cookie", false, byToken, cookieOfGrace},
	{"a token", false, byToken, noCookie},
}

func byKey(s *scene) (name, value string)    { return "X-Api-Key", s.key }
func byNarrow(s *scene) (name, value string) { return "Authorization", "Bearer " + s.narrow }
func byToken(s *scene) (name, value string)  { return "Authorization", "Bearer " + s.token }
func cookieOfGrace(s *scene) string          { return s.graceCookie }
func cookieOfAda(s *scene) string            { return s.adaCookie }
func noCookie(*scene) string                 { return "" }

func (s *scene) request(t *testing.T, path string, r row, by asker) *httptest.ResponseRecorder {
	t.Helper()
	body := ""
	if r.body != nil {
		body = r.body(t, s)
		s.adaBefore, s.graceBefore = s.everything(t, s.ada.ID, true), s.everything(t, s.grace.ID, true)
	}
	request := httptest.NewRequest(r.method, path, strings.NewReader(body))
	request.Header.Set("Content-Type", "application/json")
	if !strings.HasPrefix(body, "{") {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	request.Header.Set(by.header(s))
	if value := by.cookie(s); value != "" {
		request.AddCookie(&http.Cookie{Name: cookie, Value: value})
	}
	return send(s.engine, request)
}

// What a key or a token proves is about its owner: whoever's session cookie comes along is neither made fresh nor
// changed, and a credential with scopes changes nothing of its owner's account either.
func TestNoCredentialActsOnAnotherSessionOrBeyondItsScopes(t *testing.T) { // SEC-79, SEC-104, SEC-177
	t.Parallel()
	s := newStage(t)
	rows := principalRows(s)
	checkRows(t, rows)
	for name, r := range rows {
		if r.handler == nil {
			continue
		}
		s.engine.Handle(rowMethod(r), "/"+name+"/:id", ginauth.Require(ginauth.AnyScope()), r.handler)
	}
	for _, name := range slices.Sorted(maps.Keys(rows)) {
		r := rows[name]
		if r.handler == nil {
			continue
		}
		r.method = rowMethod(r)
		for _, by := range askers {
			c := s.scene(t)
			id := string(c.graceSession)
			if strings.HasPrefix(name, "apikey.") {
				id = string(c.otherKey)
			}
			w := c.request(t, "/"+name+"/"+id, r, by)
			want := r.full
			if by.narrow {
				want = r.narrow
			}
			if w.Code != want {
				t.Errorf("%s by %s: %d %s, want %d", name, by.name, w.Code, w.Body, want)
			}
			c.check(t, name+" by "+by.name, r, by, w)
		}
	}
	if strings.Contains(s.log.String(), `"00000000"`) {
		t.Error("the log names a session that is none")
	}
}

func rowMethod(r row) string {
	if r.method == "" {
		return http.MethodPost
	}
	return r.method
}

// check compares what is stored of both users with what was there before.
func (s *scene) check(t *testing.T, what string, r row, by asker, w *httptest.ResponseRecorder) {
	t.Helper()
	before, now := s.graceBefore, s.everything(t, s.grace.ID, true)
	if r.moves { // a login ends the session that the browser had, whoever's
		before, now = s.graceAccountBefore, s.everything(t, s.grace.ID, false)
	}
	if before != now {
		t.Errorf("%s changed Grace:\n%s\n%s", what, before, now)
	}
	if by.narrow && w.Code >= http.StatusBadRequest {
		if now := s.everything(t, s.ada.ID, true); now != s.adaBefore {
			t.Errorf("%s changed its owner:\n%s\n%s", what, s.adaBefore, now)
		}
	}
	if set := w.Header().Values("Set-Cookie"); !r.moves && slices.ContainsFunc(set, func(c string) bool { return strings.HasPrefix(c, cookie+"=") }) {
		t.Errorf("%s sets %q", what, set)
	}
}

// checkRows wants one row for each function of the source.
func checkRows(t *testing.T, rows map[string]row) {
	t.Helper()
	functions := requestCode(t)
	for name := range functions {
		if _, ok := rows[name]; !ok {
			t.Errorf("%s has no row", name)
		}
	}
	for name := range rows {
		if !functions[name] && !strings.HasPrefix(name, "sessions.") {
			t.Errorf("the row %s is about nothing", name)
		}
	}
}
