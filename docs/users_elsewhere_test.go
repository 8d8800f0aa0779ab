package docs_test

import (
	"context"
	"database/sql"
	sqldriver "database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gin-contrib/sessions"
	"github.com/gin-gonic/gin"
	"golang.org/x/crypto/bcrypt"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/flow"
	"github.com/ginauth/ginauth/ginauth/password"
	"github.com/ginauth/ginauth/store"
	"github.com/ginauth/ginauth/store/storetest"
)

// What follows is the code of users-elsewhere.md, which is run below.

// Employee is a user of the app.
type Employee struct {
	ID, Name string
	Left     bool
}

// Account is what ginauth reads of a user.
func (e Employee) Account() ginauth.Account {
	return ginauth.Account{ID: ginauth.UserID(e.ID), Identifier: e.Name, Disabled: e.Left}
}

// MySQL finds users by database/sql.
type MySQL struct{ db *sql.DB }

// FindUser returns driver.ErrNoUser for an unknown id.
func (m MySQL) FindUser(ctx context.Context, id ginauth.UserID) (e Employee, err error) {
	err = m.db.QueryRowContext(ctx, `SELECT id, name, gone FROM employees WHERE id = ?`, string(id)).Scan(&e.ID, &e.Name, &e.Left)
	return e, known(err)
}

// findLogin returns the password's hash as well, which is empty for an unknown name.
func (m MySQL) findLogin(ctx context.Context, name string) (e Employee, hash password.Hash, err error) {
	var text string
	err = m.db.QueryRowContext(ctx, `SELECT id, name, gone, hash FROM employees WHERE name = ?`, name).Scan(&e.ID, &e.Name, &e.Left, &text)
	if errors.Is(err, sql.ErrNoRows) {
		return Employee{Name: name}, hash, nil
	}
	if err == nil {
		hash, err = password.ParseHash(text)
	}
	return e, hash, known(err)
}

func known(err error) error {
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return driver.ErrNoUser
	case err != nil:
		return fmt.Errorf("%w: %w", driver.ErrUnavailable, err)
	}
	return nil
}

func logIn(cfg *ginauth.Config[Employee], staff MySQL) gin.HandlerFunc {
	return func(c *gin.Context) {
		var form struct {
			Username string `json:"username" binding:"required"`
			Password string `json:"password" binding:"required"`
		}
		err := flow.Bind(c, &form)
		var e Employee
		var hash password.Hash
		if err == nil {
			e, hash, err = staff.findLogin(c.Request.Context(), form.Username)
		}
		if err == nil {
			err = flow.VerifyPasswordHash(c, cfg, e, hash, form.Password)
		}
		if err == nil {
			err = ginauth.SignIn(c, e)
		}
		if err != nil {
			ginauth.Fail(c, err)
			return
		}
		flow.Reply(c, http.StatusOK, e)
	}
}

// LDAP is a connection of your client to the directory.
type LDAP interface {
	// Entry returns the attributes of the entry with this entryUUID, or nil.
	Entry(ctx context.Context, uuid string) (attributes map[string]string, err error)
}

// Directory finds users in a directory.
type Directory struct{ ldap LDAP }

// FindUser returns driver.ErrNoUser for an unknown id.
func (d Directory) FindUser(ctx context.Context, id ginauth.UserID) (Employee, error) {
	entry, err := d.ldap.Entry(ctx, string(id))
	switch {
	case err != nil:
		return Employee{}, fmt.Errorf("%w: the directory: %w", driver.ErrUnavailable, err)
	case entry == nil:
		return Employee{}, driver.ErrNoUser
	}
	return Employee{ID: entry["entryUUID"], Name: entry["uid"], Left: entry["pwdAccountLockedTime"] != ""}, nil
}

// Service asks another service for users.
type Service struct {
	client *http.Client // with a Timeout
	url    string
}

// FindUser returns driver.ErrNoUser for an unknown id.
func (s Service) FindUser(ctx context.Context, id ginauth.UserID) (e Employee, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/users/"+url.PathEscape(string(id)), nil)
	if err != nil {
		return e, err
	}
	answer, err := s.client.Do(r)
	if err != nil {
		return e, fmt.Errorf("%w: the service of users: %w", driver.ErrUnavailable, err)
	}
	defer answer.Body.Close() //nolint:errcheck // as in the guide
	switch {
	case answer.StatusCode == http.StatusNotFound:
		return e, driver.ErrNoUser
	case answer.StatusCode != http.StatusOK:
		return e, fmt.Errorf("%w: the service of users answers %s", driver.ErrUnavailable, answer.Status)
	}
	if err := json.NewDecoder(http.MaxBytesReader(nil, answer.Body, 1<<20)).Decode(&e); err != nil {
		return Employee{}, fmt.Errorf("%w: the service of users: %w", driver.ErrUnavailable, err)
	}
	return e, nil
}

// The page and this file have the same declarations.
func TestCodeOfUsersElsewhereIsRun(t *testing.T) {
	t.Parallel()
	own, err := os.ReadFile("users_elsewhere_test.go")
	if err != nil {
		t.Fatal(err)
	}
	squeezed := func(code string) string {
		return strings.Join(strings.Fields(regexp.MustCompile(`//nolint.*`).ReplaceAllString(code, "")), " ")
	}
	compared := 0
	for _, block := range snippets(t)["users-elsewhere"] {
		if strings.HasPrefix(block.code, "cfg,") {
			continue
		}
		if compared++; !strings.Contains(squeezed(string(own)), squeezed(block.code)) {
			t.Errorf("users-elsewhere.md:%d is not run here", block.line)
		}
	}
	if compared < 5 {
		t.Errorf("%d blocks were compared", compared)
	}
}

// employees answers for a database, a directory and a service. Its outage is theirs.
type employees struct {
	list   map[string]Employee
	hash   string
	outage bool
}

// Connect makes employees a database/sql/driver.Connector, as do the methods that follow.
func (e *employees) Connect(context.Context) (sqldriver.Conn, error) {
	if e.outage {
		return nil, errors.New("connection refused")
	}
	return e, nil
}

func (e *employees) Driver() sqldriver.Driver                     { return nil }
func (e *employees) Prepare(query string) (sqldriver.Stmt, error) { return statement{e, query}, nil }
func (e *employees) Close() error                                 { return nil }
func (e *employees) Begin() (sqldriver.Tx, error)                 { return nil, errors.New("no transactions") }

type statement struct {
	of    *employees
	query string
}

func (s statement) Close() error  { return nil }
func (s statement) NumInput() int { return 1 }
func (s statement) Exec([]sqldriver.Value) (sqldriver.Result, error) {
	return nil, errors.New("reads only")
}

func (s statement) Query(args []sqldriver.Value) (sqldriver.Rows, error) {
	found := &rows{}
	for _, e := range s.of.list {
		byName := strings.Contains(s.query, "name = ?")
		if byName && e.Name == args[0] || !byName && e.ID == args[0] {
			found.left = append(found.left, []sqldriver.Value{e.ID, e.Name, e.Left, s.of.hash}[:3+strings.Count(s.query, "hash")])
		}
	}
	found.columns = 3 + strings.Count(s.query, "hash")
	return found, nil
}

type rows struct {
	columns int
	left    [][]sqldriver.Value
}

func (r *rows) Columns() []string { return make([]string, r.columns) }
func (r *rows) Close() error      { return nil }

func (r *rows) Next(to []sqldriver.Value) error {
	if len(r.left) == 0 {
		return io.EOF
	}
	copy(to, r.left[0])
	r.left = r.left[1:]
	return nil
}

// Entry implements LDAP.
func (e *employees) Entry(_ context.Context, uuid string) (map[string]string, error) {
	found, ok := e.list[uuid]
	switch {
	case e.outage:
		return nil, errors.New("connection refused")
	case !ok:
		return nil, nil //nolint:nilnil // as the guide says
	}
	attributes := map[string]string{"entryUUID": found.ID, "uid": found.Name}
	if found.Left {
		attributes["pwdAccountLockedTime"] = "20260101000000Z"
	}
	return attributes, nil
}

// ServeHTTP is the service.
func (e *employees) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	found, ok := e.list[strings.TrimPrefix(r.URL.Path, "/users/")]
	switch {
	case e.outage:
		w.WriteHeader(http.StatusBadGateway)
	case !ok:
		w.WriteHeader(http.StatusNotFound)
	default:
		_ = json.NewEncoder(w).Encode(found)
	}
}

// Users who are gone and outages are told apart, wherever users are.
func TestUsersElsewhere(t *testing.T) {
	t.Parallel()
	hash, err := bcrypt.GenerateFromPassword([]byte("correct horse battery staple"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	e := &employees{list: map[string]Employee{"42": {ID: "42", Name: "ada"}}, hash: string(hash)}
	db := sql.OpenDB(e)
	db.SetMaxIdleConns(-1)
	service := httptest.NewServer(e)
	defer service.Close()
	mysql := MySQL{db}
	asService := Service{&http.Client{Timeout: time.Minute}, service.URL}
	sessionStore := store.NewExternal(storetest.NewDB(t), store.WithTimeout(time.Minute))
	for name, find := range map[string]func(context.Context, ginauth.UserID) (Employee, error){
		"MySQL": mysql.FindUser, "LDAP": Directory{e}.FindUser, "a service": asService.FindUser,
		"RetrieveUser": nil,
	} {
		o := ginauth.Options[Employee]{Sessions: sessionStore, FindUser: find, Identifier: driver.UsernameIdentifier, Exclude: []string{"POST /login"}, Logger: slog.New(slog.DiscardHandler)}
		if find == nil {
			o.RetrieveUser = func(c *gin.Context, s sessions.Session) (Employee, error) {
				return asService.FindUser(c.Request.Context(), "42")
			}
		}
		cfg, err := ginauth.New(o)
		if err != nil {
			t.Fatal(err)
		}
		r := gin.New()
		r.Use(ginauth.Session(cfg))
		r.POST("/login", logIn(cfg, mysql))
		r.GET("/user", ginauth.Me(cfg))
		e.list["42"], e.outage = Employee{ID: "42", Name: "ada"}, false
		for plain, want := range map[string]int{"wrong": 401, "correct horse battery staple": 200} {
			for _, unknown := range []bool{true, false} {
				user, status := "ada", want
				if unknown {
					user, status = fmt.Sprintf("nobody-%x-%d", name, want), 401 // each has its own attempts
				}
				if w := callJSON(r, "POST", "/login", fmt.Sprintf(`{"username":%q,"password":%q}`, user, plain), ""); w.Code != status {
					t.Errorf("%s: a login of %s by %q: %d %s", name, user, plain, w.Code, w.Body)
				}
			}
		}
		w := callJSON(r, "POST", "/login", `{"username":"ada","password":"correct horse battery staple"}`, "")
		session := strings.Split(w.Header().Get("Set-Cookie"), ";")[0]
		is := func(when string, status int) {
			if w := callJSON(r, "GET", "/user", "", session); w.Code != status {
				t.Errorf("%s: %s: %d %s, want %d", name, when, w.Code, w.Body, status)
			}
		}
		is("a user", 200)
		e.outage = true
		is("an outage", 503)
		e.outage = false
		is("after the outage", 200)
		e.list["42"] = Employee{ID: "42", Name: "ada", Left: true}
		is("a user who was shut out", 401)
		delete(e.list, "42")
		is("a user who is gone", 401)
	}
}

func callJSON(h http.Handler, method, path, body, cookie string) *httptest.ResponseRecorder {
	r, w := httptest.NewRequest(method, path, strings.NewReader(body)), httptest.NewRecorder()
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Cookie", cookie)
	h.ServeHTTP(w, r)
	return w
}
