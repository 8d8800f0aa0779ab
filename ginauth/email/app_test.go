package email_test

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/account"
	"github.com/ginauth/ginauth/ginauth/email"
	"github.com/ginauth/ginauth/ginauth/ginauthtest"
	"github.com/ginauth/ginauth/store"
	"github.com/ginauth/ginauth/store/storetest"
)

type user = store.User

// flows are the options of an app and of its mails.
type flows struct {
	Config ginauth.Options[user]
	email.Options[user]
}

// build refuses what New refuses.
func (f flows) build() (*ginauth.Config[user], *email.Flows[user], error) {
	cfg, err := ginauth.New(f.Config)
	if err != nil {
		return nil, nil, err
	}
	mails, err := email.New(cfg, f.Options)
	return cfg, mails, err
}

const (
	baseURL  = "https://app.example.com"
	ada      = `{"name":"Ada Lovelace","email":"Ada@Example.com","password":"correct horse battery staple"}`
	adaMail  = `{"email":"ada@example.com"}`
	adaOld   = "correct horse battery staple"
	adaNew   = "nanoseconds are short wires"
	cookie   = "__Host-session"
	adaLogin = `{"email":"ada@example.com","password":"correct horse battery staple"}`
)

func TestMain(m *testing.M) {
	gin.SetMode(gin.TestMode)
	m.Run()
}

// app is a router as an app would write it, on a database of its own, whose mails go through a real
// SMTP server.
type app struct {
	*gin.Engine
	pool    *pgxpool.Pool
	db      *store.DB[user]
	options flows
	cfg     *ginauth.Config[user]
	mails   *email.Flows[user]
	inbox   *inbox
	clock   *ginauthtest.Clock
	log     *ginauthtest.Log
}

func newApp(tb testing.TB, configure ...func(*flows)) *app {
	tb.Helper()
	return newAppOn(tb, storetest.NewDB(tb), configure...)
}

func newAppOn(tb testing.TB, pool *pgxpool.Pool, configure ...func(*flows)) *app {
	tb.Helper()
	a := &app{Engine: gin.New(), pool: pool, inbox: newInbox(tb), clock: ginauthtest.NewClock(time.Date(2030, 3, 4, 5, 6, 7, 0, time.UTC)), log: &ginauthtest.Log{}}
	a.db = store.New[user](pool, store.WithNow(a.clock.Now), store.WithTimeout(20*time.Second))
	cfg := ginauth.Options[user]{
		Users: a.db, Passwords: ginauthtest.CheapHasher(tb), Limits: ginauth.Limits{InsecureUnlimited: true},
		Exclude: []string{"/signup", "/login", "/quiet", "/forgot", "/resend", "/send", "/verify", "/reset", "/magic", "/confirm", "/undo"},
		Logger:  a.log.Logger(),
	}
	a.options = flows{Config: cfg, Options: email.Options[user]{
		Store: a.db, Sender: a.inbox.sender(), BaseURL: baseURL, From: "Example <hello@app.example.com>", Site: "Example",
		Pages: email.Pages{Verify: "/verify", Reset: "/reset", Login: "/magic", Change: "/confirm", Undo: "/undo"},
	}}
	for _, c := range configure {
		c(&a.options)
	}
	a.change(tb, func(*flows) {})
	a.Use(ginauth.Session(a.cfg))
	a.POST("/signup", ginauth.SignUp(a.cfg))
	a.POST("/login", ginauth.Login(a.cfg))
	a.GET("/me", ginauth.Me(a.cfg))
	a.POST("/reauthenticate", account.Reauthenticate(a.cfg))
	a.POST("/quiet", email.SignUp(a.mails))
	a.POST("/forgot", email.ForgotPassword(a.mails))
	a.POST("/resend", email.ResendVerification(a.mails))
	a.POST("/send", email.SendMagicLink(a.mails))
	a.POST("/email", email.ChangeEmail(a.mails))
	a.Any("/verify", email.VerifyEmail(a.mails))
	a.Any("/reset", email.ResetPassword(a.mails))
	a.Any("/magic", email.MagicLink(a.mails))
	a.Any("/confirm", email.ConfirmEmailChange(a.mails))
	a.Any("/undo", email.UndoEmailChange(a.mails))
	return a
}

// change builds the app's mails again. Handlers that are mounted keep the former ones.
func (a *app) change(tb testing.TB, edit func(*flows)) {
	tb.Helper()
	edit(&a.options)
	var err error
	if a.cfg, a.mails, err = a.options.build(); err != nil {
		tb.Fatal(err)
	}
}

// deliver sends what is due and returns it.
func (a *app) deliver(tb testing.TB) []letter {
	tb.Helper()
	a.inbox.clear()
	if _, err := a.mails.SendDue(context.Background()); err != nil {
		tb.Fatal(err)
	}
	return a.inbox.all()
}

// one is deliver where one mail is expected.
func (a *app) one(tb testing.TB) letter {
	tb.Helper()
	list := a.deliver(tb)
	if len(list) != 1 {
		tb.Fatalf("%d mails, want one: %+v", len(list), list)
	}
	return list[0]
}

func (a *app) none(tb testing.TB, why string) {
	tb.Helper()
	if list := a.deliver(tb); len(list) != 0 {
		tb.Errorf("%s: a mail went out: %+v", why, list)
	}
}

// link asks for a mail and returns the token of its link.
func (a *app) token(tb testing.TB, path string) string {
	tb.Helper()
	a.accepted(tb, path, adaMail)
	return a.one(tb).token(tb)
}

func (a *app) accepted(tb testing.TB, path, body string) {
	tb.Helper()
	w := a.anyone().post(path, body)
	if w.Code != http.StatusAccepted {
		tb.Fatalf("POST %s: %d %s", path, w.Code, w.Body)
	}
}

func (a *app) exec(tb testing.TB, sql string, args ...any) {
	tb.Helper()
	if _, err := a.pool.Exec(context.Background(), sql, args...); err != nil {
		tb.Fatal(err)
	}
}

func (a *app) count(tb testing.TB, sql string) (n int) {
	tb.Helper()
	if err := a.pool.QueryRow(context.Background(), sql).Scan(&n); err != nil {
		tb.Fatal(err)
	}
	return n
}

// client keeps its cookies as a browser would, whatever their paths and ages.
type client struct {
	handler http.Handler
	header  http.Header // set in every request
	cookies map[string]string
}

func newClient(h http.Handler) *client { return &client{handler: h, cookies: map[string]string{}} }

func (c *client) do(r *http.Request) *httptest.ResponseRecorder {
	maps.Copy(r.Header, c.header)
	for name, value := range c.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := send(c.handler, r)
	for _, k := range w.Result().Cookies() {
		if c.cookies[k.Name] = k.Value; k.MaxAge < 0 {
			delete(c.cookies, k.Name)
		}
	}
	return w
}

func (a *app) anyone() *client { return newClient(a) }

func (a *app) browser() *client {
	c := a.anyone()
	c.header = http.Header{"Accept": {"text/html"}, "Sec-Fetch-Site": {"same-origin"}}
	return c
}

// signUp returns a client that has signed up, as ada.
func (a *app) signUp(tb testing.TB) *client {
	tb.Helper()
	c := a.anyone()
	if w := c.post("/signup", ada); w.Code != http.StatusCreated {
		tb.Fatalf("sign-up: %d %s", w.Code, w.Body)
	}
	return c
}

// verified is signUp with a proved address.
func (a *app) verified(tb testing.TB) *client {
	tb.Helper()
	c := a.signUp(tb)
	a.exec(tb, `UPDATE ginauth.users SET verified_at = created_at`)
	return c
}

func (c *client) get(path string) *httptest.ResponseRecorder {
	return c.do(httptest.NewRequest(http.MethodGet, path, nil))
}

func (c *client) post(path, body string) *httptest.ResponseRecorder {
	return c.do(jsonRequest(path, body))
}

func (c *client) form(path string, values url.Values) *httptest.ResponseRecorder {
	return c.do(formRequest(path, values.Encode()))
}

// land follows a link as far as its page, and returns where that is.
func (c *client) land(tb testing.TB, path, token string) string {
	tb.Helper()
	w := c.get(path + "?token=" + token)
	page := w.Header().Get("Location")
	if w.Code != http.StatusSeeOther || !strings.HasPrefix(page, path+"?page=") {
		tb.Fatalf("the link to %s: %d, to %q", path, w.Code, page)
	}
	return page
}

// use posts a token, and a password where there is one.
func (c *client) use(path, token string, plain ...string) *httptest.ResponseRecorder {
	fields := map[string]string{"token": token}
	if len(plain) > 0 {
		fields["password"] = plain[0]
	}
	body, _ := json.Marshal(fields)
	return c.post(path, string(body))
}

func (c *client) loggedIn() bool { return c.get("/me").Code == http.StatusOK }

func (a *app) logsIn(mail, plain string) bool {
	body, _ := json.Marshal(map[string]string{"email": mail, "password": plain})
	return a.anyone().post("/login", string(body)).Code == http.StatusOK
}

func want(tb testing.TB, what string, w *httptest.ResponseRecorder, status int) {
	tb.Helper()
	if w.Code != status {
		tb.Errorf("%s: %d %s, want %d", what, w.Code, w.Body, status)
	}
}

var linkPattern = regexp.MustCompile(`https://\S+\?token=([\w-]{43})`)

// token is that of the letter's link, the same in both of its parts.
func (l letter) token(tb testing.TB) string {
	tb.Helper()
	plain := linkPattern.FindStringSubmatch(l.plain)
	if plain == nil || !strings.Contains(l.html, `href="`+plain[0]+`"`) {
		tb.Fatalf("no link in %q and %q", l.plain, l.html)
	}
	if !strings.HasPrefix(plain[0], baseURL+"/") {
		tb.Fatalf("the link leads to %s", plain[0])
	}
	return plain[1]
}
