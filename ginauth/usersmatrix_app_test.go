package ginauth_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/gin-contrib/sessions"
	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/apikey"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/email"
	"github.com/ginauth/ginauth/ginauth/flow"
	"github.com/ginauth/ginauth/ginauth/ginauthtest"
	"github.com/ginauth/ginauth/ginauth/jwt"
)

// outcome is what is in a cell of the matrix.
type outcome struct {
	refused string // empty: it works
	note    string // what does not
}

// matrixRow is a function of the source: a handler to build, or a call in a request.
type matrixRow[U any] struct {
	open         bool // its route needs no login
	passwordless bool // its user has no password yet
	proved       bool // its user's address is verified
	build        func(*matrixApp[U]) gin.HandlerFunc
	call         func(*gin.Context, *matrixPerson[U]) error
	do           func(*testing.T, *matrixPerson[U]) // sends the request of build, or looks at the effect of call
}

// matrixApp is the app of a column, with a route for each row.
type matrixApp[U any] struct {
	*gin.Engine
	base[U]
	cfg    *ginauth.Config[U]
	ring   *jwt.Ring
	posted *postbox
	// What New has refused panics where a handler is built of it.
	keys   func() *apikey.Keys[U]
	mails  func() *email.Flows[U]
	tokens func() *jwt.Flow[U]
	// copies: a copied cookie works on after its session has ended.
	copies bool
	now    *matrixPerson[U] // whose row it is
}

// matrixPerson is the user of one row, who is logged in twice.
type matrixPerson[U any] struct {
	*matrixApp[U]
	u        U
	mail     string
	path     string
	c, other *client
	failed   error // of call
	note     string
}

// outcomesOf does each row in one app.
func outcomesOf[U any](t *testing.T, b base[U], at place) map[string]outcome {
	t.Helper()
	rows, found := matrixRows[U](), map[string]outcome{}
	app, refused := newMatrixApp(t, b, at, rows)
	for _, name := range slices.Sorted(maps.Keys(rows)) {
		if refused[name] != "" {
			found[name] = outcome{refused: refused[name]}
			continue
		}
		t.Run(name, func(t *testing.T) { found[name] = app.outcome(t, name, rows[name]) })
	}
	return found
}

func newMatrixApp[U any](t *testing.T, b base[U], at place, rows map[string]matrixRow[U]) (a *matrixApp[U], refused map[string]string) {
	t.Helper()
	refused = map[string]string{}
	b.Passwords, b.Logger, b.Limits = ginauthtest.CheapHasher(t), quiet, ginauth.Limits{InsecureUnlimited: true}
	b.Exclude = []string{"/enter", "/check"}
	for name, row := range rows {
		refused[name] = b.refused
		if row.open {
			b.Exclude = append(b.Exclude, "/"+name+"/:id")
		}
	}
	if b.refused != "" {
		return nil, refused
	}
	_, revokes := b.Users.(driver.Authority[U])
	a = &matrixApp[U]{Engine: gin.New(), base: b, posted: &postbox{}, copies: at == inCookie && !revokes}
	var err error
	if a.cfg, err = ginauth.New(b.Options); err != nil {
		for name := range rows {
			refused[name] = err.Error()
		}
		return nil, refused
	}
	a.Use(ginauth.Authenticate(a.cfg, a.features(t)...))
	a.GET("/user", ginauth.Require(ginauth.AnyScope()), ginauth.Me(a.cfg))
	a.POST("/enter", func(c *gin.Context) {
		sessions.Default(c).Set("member", string(a.cfg.Account(a.now.u).ID))
		reply(c, nil, ginauth.SignIn(c, a.now.u))
	})
	a.POST("/check", func(c *gin.Context) {
		_, err := flow.VerifyPassword(c, a.cfg, a.now.mail, c.Query("password"))
		reply(c, nil, err)
	})
	for name, row := range rows {
		refused[name] = a.mount("/"+name+"/:id", row)
	}
	return a, refused
}

// features compiles what is built on the Config, and returns the backends that it makes possible.
func (a *matrixApp[U]) features(t *testing.T) (backends []ginauth.Backend[U]) {
	t.Helper()
	key, err := jwt.Generate("2030-01", jwt.EdDSA)
	if err != nil {
		t.Fatal(err)
	}
	if a.ring, err = jwt.NewRing(key); err != nil {
		t.Fatal(err)
	}
	keys, keysErr := apikey.New(a.cfg, apikey.Options[U]{})
	mails, mailsErr := email.New(a.cfg, email.Options[U]{
		BaseURL: here, From: "a@example.com", Sender: a.posted,
		Pages: email.Pages{Verify: "/verify", Reset: "/reset", Login: "/magic", Change: "/change", Undo: "/undo"},
	})
	tokens, tokensErr := jwt.New(a.cfg, jwt.Options[U]{Issuer: jwt.NewIssuer(jwt.IssuerOptions{Keys: a.ring, Issuer: here, Audiences: []string{here}})})
	a.keys = func() *apikey.Keys[U] { return orPanic(keys, keysErr) }
	a.mails = func() *email.Flows[U] { return orPanic(mails, mailsErr) }
	a.tokens = func() *jwt.Flow[U] { return orPanic(tokens, tokensErr) }
	if keysErr == nil {
		backends = append(backends, apikey.Backend(keys))
	}
	if tokensErr == nil {
		accept := jwt.Accept{Issuers: []jwt.Trust{{Issuer: here, Keys: a.ring}}, Audiences: []string{here}}
		backends = append(backends, jwt.Bearer(a.cfg, jwt.BackendOptions[U]{Accept: accept}))
	}
	return append(backends, ginauth.SessionAuth(a.cfg))
}

func orPanic[T any](made T, err error) T {
	if err != nil {
		panic(err.Error())
	}
	return made
}

// mount returns why the row's handler was not built, or "".
func (a *matrixApp[U]) mount(path string, row matrixRow[U]) (refused string) {
	defer func() {
		if text, ok := recover().(string); ok {
			refused = text
		}
	}()
	switch {
	case row.build != nil:
		a.Any(path, row.build(a))
	case row.call != nil:
		a.POST(path, func(c *gin.Context) {
			a.now.failed = row.call(c, a.now)
			reply(c, nil, a.now.failed)
		})
	}
	return ""
}

func (a *matrixApp[U]) outcome(t *testing.T, name string, row matrixRow[U]) outcome {
	t.Helper()
	p := a.newPerson(t, name, row)
	if row.call != nil {
		w := p.c.post(p.path+"x", p.credentials())
		if errors.Is(p.failed, ginauth.ErrNotMounted) {
			return outcome{refused: p.failed.Error()}
		}
		wantStatus(t, w, http.StatusOK)
	}
	if row.do != nil {
		row.do(t, p)
	}
	return outcome{note: p.note}
}

func (a *matrixApp[U]) newPerson(t *testing.T, name string, row matrixRow[U]) *matrixPerson[U] {
	t.Helper()
	mail := strings.ToLower(name) + "@example.com"
	n := driver.NewUser{Name: "Ada Lovelace", Email: mail, Canonical: mail, Verified: row.proved}
	var err error
	if !row.passwordless {
		if n.Hash, err = a.Passwords.Hash(t.Context(), adasOld); err != nil {
			t.Fatal(err)
		}
	}
	p := &matrixPerson[U]{matrixApp: a, mail: mail, path: "/" + name + "/"}
	if p.u, err = a.create(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	a.now = p
	p.c, p.other = &client{handler: a}, &client{handler: a}
	for _, c := range []*client{p.c, p.other} {
		wantStatus(t, c.post("/enter", ""), http.StatusOK)
		p.wantUser(t, c)
	}
	return p
}

func (p *matrixPerson[U]) credentials() string {
	return fmt.Sprintf(`{"email":"%s","password":"%s"}`, p.mail, adasOld)
}

// wantUser asks who it is.
func (p *matrixPerson[U]) wantUser(t *testing.T, c *client) {
	t.Helper()
	if w := c.get("/user"); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), p.mail) {
		t.Errorf("GET /user: %d %s, want %s", w.Code, w.Body, p.mail)
	}
}

func (p *matrixPerson[U]) wantAlive(t *testing.T, this, other bool) {
	t.Helper()
	status := map[bool]int{true: http.StatusOK, false: http.StatusUnauthorized}
	p.c.want(t, status[this], "the session that asked")
	p.other.want(t, status[other], "the other session")
}

// wantEnded asks with a copy of the cookie of a session that has ended.
func (p *matrixPerson[U]) wantEnded(t *testing.T, cookie string) {
	t.Helper()
	w := (&client{handler: p, value: cookie}).get("/user")
	switch {
	case w.Code == http.StatusOK && p.copies:
		p.note = "A copy of the old cookie works until it expires, since nobody notes its end: give `store.New` or `store.NewTable` to `Options.Users`."
	case w.Code != http.StatusUnauthorized:
		t.Errorf("a copy of an old cookie: %d %s", w.Code, w.Body)
	}
}

func (p *matrixPerson[U]) wantPassword(t *testing.T, password string, status int) {
	t.Helper()
	wantStatus(t, (&client{handler: p}).post("/check?password="+strings.ReplaceAll(password, " ", "+"), ""), status)
}

// wantBearer asks with a key or a token.
func (p *matrixPerson[U]) wantBearer(t *testing.T, credential string, status int) {
	t.Helper()
	if w := sendAs(p, http.MethodGet, "/user", credential, ""); w.Code != status || status == http.StatusOK && !strings.Contains(w.Body.String(), p.mail) {
		t.Errorf("GET /user by a credential: %d %s, want %d", w.Code, w.Body, status)
	}
}

// post sends a body to the row's handler.
func (p *matrixPerson[U]) post(t *testing.T, c *client, status int, body string) *httptest.ResponseRecorder {
	t.Helper()
	w := c.post(p.path+"x", body)
	wantStatus(t, w, status)
	return w
}

// postbox keeps the tokens of the mails.
type postbox struct {
	mu     sync.Mutex
	tokens map[string]string // by address
}

var tokenInMail = regexp.MustCompile(`[?&]token=([\w-]+)`)

func (p *postbox) Send(_ context.Context, m email.Message) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.tokens == nil {
		p.tokens = map[string]string{}
	}
	p.tokens[m.To] = m.Plain
	return nil
}

// token returns the one of the last mail to an address.
func (p *matrixPerson[U]) token(t *testing.T, address string) string {
	t.Helper()
	if _, err := p.mails().SendDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.posted.mu.Lock()
	defer p.posted.mu.Unlock()
	found := tokenInMail.FindStringSubmatch(p.posted.tokens[address])
	if found == nil {
		t.Fatalf("no link went to %s: %q", address, p.posted.tokens[address])
	}
	return found[1]
}
