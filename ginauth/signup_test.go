package ginauth_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/ginauthtest"
	"github.com/ginauth/ginauth/ginauth/internal/built"
	"github.com/ginauth/ginauth/ginauth/password"
	"github.com/ginauth/ginauth/store"
	"github.com/ginauth/ginauth/store/storetest"
)

// SEC-27
func TestSignUpAnswersTheUserAndStartsASession(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	c := &client{handler: app}
	w := c.post("/signup", `{"name":" Ada Lovelace ","email":" Ada@Example.com ","password":"correct horse battery staple"}`)
	var got map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != http.StatusCreated {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	id, _ := got["id"].(string)
	if got["name"] != "Ada Lovelace" || got["email"] != "Ada@Example.com" || len(id) != 36 || len(got) != 3 {
		t.Errorf("user %v", got)
	}
	if me := c.get("/user"); me.Code != http.StatusOK || me.Body.String() != w.Body.String() {
		t.Errorf("GET /user: %d %s", me.Code, me.Body)
	}
	if n := app.count(t, "SELECT count(*) FROM ginauth.sessions WHERE user_id = $1 AND user_agent = '' AND host(ip) = '192.0.2.1'", id); n != 1 {
		t.Errorf("%d sessions", n)
	}
}

func TestSignUpTakesAForm(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	r := formRequest("/signup", "name=Ada&email=ada%40example.com&password=correct+horse+battery+staple")
	if w := app.send(r); w.Code != http.StatusCreated {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// SEC-12
func TestPasswordsAreStoredAsSaltedArgon2id(t *testing.T) {
	t.Parallel()
	app := newApp(t, with(func(cfg *config) { cfg.Passwords = password.Default() }))
	app.signUp(t, ada)
	app.signUp(t, strings.ReplaceAll(ada, "ada@", "bea@"))
	phc := `^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$`
	if n := app.count(t, "SELECT count(DISTINCT password_hash) FROM ginauth.users WHERE password_hash ~ $1", phc); n != 2 {
		t.Errorf("%d rows match %s", n, phc)
	}
}

func TestTakenAddressIsAConflict(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	app.signUp(t, ada)
	w := app.send(jsonRequest("/signup", strings.ReplaceAll(ada, "ada@example", "ADA@Example")))
	if p := problemIn(t, w); w.Code != http.StatusConflict || p.Code != "email_taken" {
		t.Errorf("%d %s", w.Code, p.Code)
	}
	if w.Header().Get("Set-Cookie") != "" {
		t.Error("a refused sign-up set a cookie")
	}
}

// SEC-150
func TestSimultaneousSignUpsHaveOneWinner(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	spell := []string{"ada@example.com", "ADA@example.com", "Ada@Example.Com", "ada@EXAMPLE.com"}
	for round := range 25 {
		var (
			mu       sync.Mutex
			statuses = map[int]int{}
			wg       sync.WaitGroup
			start    = make(chan struct{})
		)
		for i := range 16 {
			wg.Go(func() {
				<-start
				body := strings.ReplaceAll(ada, "ada@example.com", string(rune('a'+round))+spell[i%len(spell)])
				w := app.send(jsonRequest("/signup", body))
				mu.Lock()
				defer mu.Unlock()
				statuses[w.Code]++
			})
		}
		close(start)
		wg.Wait()
		if statuses[http.StatusCreated] != 1 || statuses[http.StatusConflict] != 15 {
			t.Fatalf("round %d: %v", round, statuses)
		}
	}
	if users, sessions := app.count(t, "SELECT count(*) FROM ginauth.users"), app.count(t, "SELECT count(*) FROM ginauth.sessions"); users != 25 || sessions != 25 {
		t.Errorf("%d users, %d sessions", users, sessions)
	}
}

// SEC-1, SEC-2, SEC-5, SEC-7, SEC-8, SEC-146
func TestPasswordRulesAtSignUp(t *testing.T) {
	t.Parallel()
	app := newApp(t, with(func(cfg *config) { cfg.Policy.Words = []string{"lighthouse"} }))
	for i, tc := range []struct{ plain, code string }{
		{strings.Repeat("é", 14), "too_short"},
		{"fourteen chars", "too_short"},
		{"fifteen chars q", ""},
		{"ünïcödé çhärs q", ""},
		{strings.Repeat("ab cd-", 42) + "1234", ""},
		{strings.Repeat("ab cd-", 42) + "12345", "too_long"},
		{"昔々あるところにおじいさんとおばあさんが", ""},
		{strings.Repeat("👍🏽é☃ ", 60), "too_long"},
		{"my ada@example.com account", "contains_personal"},
		{"the lovelace in the garden", "contains_personal"},
		{"my LightHouse by the sea", "contains_word"},
		{"123456789123456789", "common"},
		{"only lower case letters here", ""},
	} {
		body, err := json.Marshal(map[string]string{"name": "Ada Lovelace", "email": "ada@example.com", "password": tc.plain})
		if err != nil {
			t.Fatal(err)
		}
		w := app.send(jsonRequest("/signup", string(body)))
		got := ""
		if w.Code != http.StatusCreated {
			p := problemIn(t, w)
			if len(p.Errors) != 1 || p.Errors[0].Field != "password" || w.Code != http.StatusUnprocessableEntity {
				t.Errorf("%d: %d %+v", i, w.Code, p)
				continue
			}
			got = p.Errors[0].Code
		}
		if got != tc.code {
			t.Errorf("%d: %q: %q, want %q", i, tc.plain, got, tc.code)
		}
		if got == "" {
			in, err := json.Marshal(map[string]string{"email": "ada@example.com", "password": tc.plain})
			if err != nil {
				t.Fatal(err)
			}
			if w := app.send(jsonRequest("/login", string(in))); w.Code != http.StatusOK {
				t.Errorf("%d: login with the new password: %d", i, w.Code)
			}
		}
		app.exec(t, "DELETE FROM ginauth.users")
	}
}

// SEC-28
func TestSignUpIgnoresFieldsThatAreNotAsked(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	id := "018f0000-0000-7000-8000-000000000000"
	w := app.send(jsonRequest("/signup", strings.TrimSuffix(ada, "}")+`,"id":"`+id+`","role":"admin","is_admin":true,"verified_at":"2020-01-01T00:00:00Z",
		"disabled_at":null,"password_hash":"$2a$10$x","created_at":"2020-01-01T00:00:00Z","updated_at":"2020-01-01T00:00:00Z","email_canonical":"root@example.com"}`))
	if w.Code != http.StatusCreated {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if n := app.count(t, `SELECT count(*) FROM ginauth.users WHERE id <> $1 AND email_canonical = 'ada@example.com' AND verified_at IS NULL
		AND created_at > '2021-01-01' AND updated_at > '2021-01-01' AND password_hash LIKE '$argon2id$%'`, id); n != 1 {
		t.Error("a field that was not asked for got into the row")
	}
}

// SEC-62
func TestSignUpEndsTheSessionBefore(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	c := app.signUp(t, ada)
	old := &client{handler: app, value: c.value}
	if w := c.post("/signup", grace); w.Code != http.StatusCreated {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if w := old.get("/user"); w.Code != http.StatusUnauthorized {
		t.Errorf("the old session answers %d", w.Code)
	}
	if w := c.get("/user"); !strings.Contains(w.Body.String(), "grace@example.com") {
		t.Errorf("the new session is %s", w.Body)
	}
}

type member struct {
	store.User
	Plan string `json:"plan"`
}

type memberForm struct {
	ginauth.Registration
	Plan string `json:"plan" binding:"required,oneof=free team"`
}

func TestAppsOwnPayloadAndColumn(t *testing.T) {
	t.Parallel()
	pool := storetest.NewDB(t)
	if _, err := pool.Exec(t.Context(), "ALTER TABLE ginauth.users ADD COLUMN plan text NOT NULL DEFAULT 'free'"); err != nil {
		t.Fatal(err)
	}
	cfg := ginauth.Options[member]{Users: store.New[member](pool, store.WithTimeout(time.Minute)), Exclude: []string{"/join"}, Passwords: ginauthtest.CheapHasher(t)}
	r := gin.New()
	r.Use(ginauth.Session(built.Config(cfg)))
	errFull := errors.New("the team is full")
	r.POST("/join", ginauth.SignUpWith(built.Config(cfg), func(_ context.Context, f memberForm, m *member) error {
		switch f.Name {
		case "Invalid":
			return ginauth.Invalid(ginauth.FieldError{Field: "plan", Code: "sold_out", Detail: "plan is sold out"})
		case "Broken":
			return errFull
		}
		m.Plan = f.Plan
		m.ID, m.Email = "018f0000-0000-7000-8000-000000000000", "root@example.com"
		return nil
	}))
	r.GET("/user", ginauth.With(func(c *gin.Context, m member) { c.JSON(http.StatusOK, m) }))

	c := &client{handler: r}
	body := func(name, plan string) string {
		return strings.Replace(strings.Replace(ada, "Ada Lovelace", name, 1), "}", `,"plan":"`+plan+`"}`, 1)
	}
	for _, tc := range []struct {
		name, plan string
		status     int
	}{{"Ada", "gold", 422}, {"Invalid", "team", 422}, {"Broken", "team", 500}, {"Ada", "team", 201}} {
		w := c.post("/join", body(tc.name, tc.plan))
		if w.Code != tc.status || strings.Contains(w.Body.String(), "full") {
			t.Errorf("%s, %s: %d %s", tc.name, tc.plan, w.Code, w.Body)
		}
	}
	w := c.get("/user")
	if !regexp.MustCompile(`"email":"ada@example.com","name":"Ada","plan":"team"`).MatchString(w.Body.String()) || strings.Contains(w.Body.String(), "018f0000-0000-7000-8000") {
		t.Errorf("GET /user: %d %s", w.Code, w.Body)
	}
}
