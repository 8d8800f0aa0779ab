package ginauth_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/gin-contrib/sessions"
	"github.com/gin-contrib/sessions/memstore"
	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/ginauthtest"
	"github.com/ginauth/ginauth/ginauth/password"
)

// tableRow is a user as a generator such as sqlc writes it: it knows nothing of ginauth.
type tableRow struct {
	Number   int64
	Username string
	Off      bool
}

func tellTableRow(r tableRow) ginauth.Account {
	return ginauth.Account{ID: ginauth.UserID(r.Username), Identifier: r.Username, Disabled: r.Off}
}

// entity is a user by pointer, as of ent, that can tell its account.
type entity struct{ name string }

func (e *entity) Account() ginauth.Account {
	return ginauth.Account{ID: ginauth.UserID(e.name), Identifier: e.name}
}

// shelf is a store of users of any type.
type shelf[U any] struct {
	mu    sync.Mutex
	users map[driver.UserID]U
	of    func(name string) U
	hash  password.Hash
}

func (s *shelf[U]) FindUser(_ context.Context, id driver.UserID) (U, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, ok := s.users[id]
	if !ok {
		return u, driver.ErrNoUser
	}
	return u, nil
}

func (s *shelf[U]) FindCredential(ctx context.Context, identifier string) (U, password.Hash, error) {
	u, err := s.FindUser(ctx, driver.UserID(identifier))
	return u, s.hash, err
}

func (s *shelf[U]) CreateUser(_ context.Context, n driver.NewUser, fill func(*U) error) (U, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.of(n.Canonical)
	if err := fill(&u); err != nil {
		return u, err
	}
	s.users[driver.UserID(n.Canonical)], s.hash = u, n.Hash
	return u, nil
}

func (*shelf[U]) ReplaceHash(context.Context, driver.UserID, password.Hash, password.Hash) error {
	return nil
}

// joins signs up, logs in and asks who it is, and returns the last answer.
func joins[U any](t *testing.T, account func(U) ginauth.Account, of func(name string) U) string {
	t.Helper()
	cfg, err := ginauth.New(ginauth.Options[U]{
		Users: &shelf[U]{users: map[driver.UserID]U{}, of: of}, Account: account,
		Sessions: memstore.NewStore(signingKey), Passwords: ginauthtest.CheapHasher(t), Logger: quiet,
	})
	if err != nil {
		t.Fatal(err)
	}
	r := gin.New()
	r.Use(ginauth.Session(cfg))
	r.POST("/signup", ginauth.SignUp(cfg))
	r.POST("/login", ginauth.Login(cfg))
	r.GET("/who", ginauth.With(func(c *gin.Context, u U) { c.String(http.StatusOK, "%s", cfg.Account(u).ID) }))
	c := &client{handler: r}
	if w := c.post("/signup", ada); w.Code != http.StatusCreated {
		t.Fatalf("sign-up: %d %s", w.Code, w.Body)
	}
	c = &client{handler: r}
	if w := c.post("/login", adaIn); w.Code != http.StatusOK {
		t.Fatalf("login: %d %s", w.Code, w.Body)
	}
	return c.get("/who").Body.String()
}

func TestUsersMayBeOfAnyType(t *testing.T) {
	t.Parallel()
	for kind, got := range map[string]string{
		"a struct without a method": joins(t, tellTableRow, func(name string) tableRow { return tableRow{Number: 1, Username: name} }),
		"a pointer with the method": joins(t, nil, func(name string) *entity { return &entity{name} }),
		"a pointer without it":      joins(t, func(r *tableRow) ginauth.Account { return tellTableRow(*r) }, func(name string) *tableRow { return &tableRow{Username: name} }),
		"a map": joins(t, func(m map[string]any) ginauth.Account {
			name, _ := m["name"].(string)
			return ginauth.Account{ID: ginauth.UserID(name), Identifier: name}
		}, func(name string) map[string]any { return map[string]any{"name": name} }),
		"a string":     joins(t, func(s string) ginauth.Account { return ginauth.Account{ID: ginauth.UserID(s), Identifier: s} }, func(name string) string { return name }),
		"an interface": joins(t, nil, func(name string) interface{ Account() ginauth.Account } { return &entity{name} }),
	} {
		if got != "ada@example.com" {
			t.Errorf("%s: the user is %q", kind, got)
		}
	}
}

func TestAUserThatCannotTellItsAccountIsRefused(t *testing.T) {
	t.Parallel()
	_, err := ginauth.New(ginauth.Options[tableRow]{Users: &shelf[tableRow]{}, Sessions: memstore.NewStore(signingKey)})
	if err == nil || !strings.Contains(err.Error(), "the type ginauth_test.tableRow has no method Account() ginauth.Account: add it, or set Account") {
		t.Errorf("New: %v", err)
	}
}

// A source that returns nil without an error has found nobody.
func TestANilUserIsNobody(t *testing.T) {
	t.Parallel()
	cfg, err := ginauth.New(ginauth.Options[*tableRow]{
		RetrieveUser: func(*gin.Context, sessions.Session) (*tableRow, error) { return nil, nil }, //nolint:nilnil // as careless code does
		Account:      func(r *tableRow) ginauth.Account { return tellTableRow(*r) },
		Sessions:     memstore.NewStore(signingKey), Logger: quiet, Exclude: []string{"/in"},
	})
	if err != nil {
		t.Fatal(err)
	}
	r := gin.New()
	r.Use(ginauth.Session(cfg))
	r.POST("/in", func(c *gin.Context) {
		if err := ginauth.SignIn(c, &tableRow{Username: "ada"}); err != nil {
			ginauth.Fail(c, err)
		}
	})
	r.GET("/user", ginauth.Me(cfg))
	c := &client{handler: r}
	if w := c.post("/in", ""); w.Code != http.StatusOK {
		t.Fatalf("SignIn: %d %s", w.Code, w.Body)
	}
	if w := c.get("/user"); w.Code != http.StatusUnauthorized {
		t.Errorf("nobody: %d %s", w.Code, w.Body)
	}
	if got := cfg.Account(nil); got != (ginauth.Account{}) {
		t.Errorf("the account of nobody is %+v", got)
	}
}
