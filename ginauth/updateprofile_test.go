package ginauth_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/account"
	"github.com/ginauth/ginauth/ginauth/ginauthtest"
	"github.com/ginauth/ginauth/ginauth/internal/built"
	"github.com/ginauth/ginauth/store"
	"github.com/ginauth/ginauth/store/storetest"
)

func (c *client) patchUser(body string) *httptest.ResponseRecorder {
	return c.do(withMethod(http.MethodPatch, jsonRequest("/user", body)))
}

func TestUsersChangeTheirName(t *testing.T) { // SEC-161
	t.Parallel()
	everywhere(t, func(s suite) {
		t := s.t
		c := s.signUp(t, ada)
		w := c.patchUser(`{"name":"  Ada King "}`)
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"name":"Ada King"`) {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		if w := c.get("/user"); !strings.Contains(w.Body.String(), `"name":"Ada King"`) {
			t.Errorf("then %s", w.Body)
		}
		if w := c.patchUser(`{}`); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"name":"Ada King"`) {
			t.Errorf("nothing sent: %d %s", w.Code, w.Body)
		}
		if e := s.log.Events("user_updated"); len(e) != 2 || e[0]["user_id"] == nil {
			t.Errorf("events %v", e)
		}
	}, accounts)
}

func TestBadNamesAreRefused(t *testing.T) {
	t.Parallel()
	app := newApp(t, accounts)
	c := app.signUp(t, ada)
	for body, want := range map[string]int{
		`{"name":""}`: 422, `{"name":"  "}`: 422, `{"name":"a\u0007b"}`: 422, `{"name":"` + strings.Repeat("é", 201) + `"}`: 422,
		`{"name":7}`: 400, `{"name":"a","name":"b"}`: 400, `{"NAME":"Eve"}`: 400, `{"name":"a\u0000"}`: 400, ``: 400,
	} {
		if w := c.patchUser(body); w.Code != want {
			t.Errorf("%s: %d %s, want %d", body, w.Code, w.Body, want)
		}
	}
	if w := c.get("/user"); !strings.Contains(w.Body.String(), "Ada Lovelace") {
		t.Errorf("%s", w.Body)
	}
}

// Every column by its name, none of which is the client's to choose.
func TestAProfileCannotChangeTheAccount(t *testing.T) { // SEC-28
	t.Parallel()
	app := newApp(t, accounts)
	c := app.signUp(t, ada)
	rows, err := app.pool.Query(t.Context(), `SELECT column_name FROM information_schema.columns WHERE table_schema = 'ginauth' AND table_name = 'users' AND column_name <> 'name'`)
	if err != nil {
		t.Fatal(err)
	}
	var columns []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		columns = append(columns, name)
	}
	if len(columns) < 9 {
		t.Fatalf("columns %v", columns)
	}
	for _, column := range append(columns, "role", "is_admin", "password", "verified", "disabled", "ID") {
		before := app.everythingOf(t, "ada@example.com")
		for _, value := range []string{`"x"`, `true`, `null`, `"2020-01-01T00:00:00Z"`, `7`} {
			if w := c.patchUser(`{"` + column + `":` + value + `}`); w.Code != http.StatusOK && w.Code != http.StatusBadRequest {
				t.Errorf("%s: %d %s", column, w.Code, w.Body)
			}
		}
		if after := app.everythingOf(t, "ada@example.com"); after != before {
			t.Errorf("%s:\n%s\n%s", column, before, after)
		}
	}
}

// patron is an app's own user, and patronForm what patrons may change of themselves.
type patron struct {
	store.User
	City  string   `json:"city"`
	Tags  []string `json:"tags"`
	Admin bool     `json:"admin"`
}

type patronForm struct {
	account.Profile
	City *string  `json:"city" binding:"omitempty,max=40"`
	Tags []string `json:"tags" binding:"omitempty,max=3"`
}

func patrons(t *testing.T, fill func(context.Context, patronForm, *patron) error) (*gin.Engine, *store.DB[patron]) {
	t.Helper()
	pool := storetest.NewDB(t)
	if _, err := pool.Exec(t.Context(), `ALTER TABLE ginauth.users ADD COLUMN city text NOT NULL DEFAULT 'nowhere',
		ADD COLUMN tags text[] NOT NULL DEFAULT '{new}', ADD COLUMN admin boolean NOT NULL DEFAULT FALSE`); err != nil {
		t.Fatal(err)
	}
	db := store.New[patron](pool, store.WithTimeout(time.Minute))
	cfg := ginauth.Options[patron]{Users: db, Exclude: []string{"/signup"}, Passwords: ginauthtest.CheapHasher(t), Logger: quiet}
	r := gin.New()
	r.Use(ginauth.Session(built.Config(cfg)))
	r.POST("/signup", ginauth.SignUp(built.Config(cfg)))
	r.PATCH("/user", account.UpdateProfileWith(built.Config(cfg), fill), func(c *gin.Context) {
		u, err := ginauth.CurrentUser[patron](c)
		c.Header("X-City", u.City)
		if err != nil {
			t.Error(err)
		}
	})
	return r, db
}

func fillPatron(_ context.Context, f patronForm, m *patron) error {
	if f.City != nil {
		m.City = *f.City
	}
	if f.Tags != nil {
		m.Tags = append(m.Tags[:0], f.Tags...) // in place, as a careless app does
	}
	if m.City == "Atlantis" {
		return ginauth.Invalid(ginauth.FieldError{Field: "city", Code: "sunk", Detail: "city is under water"})
	}
	m.ID, m.Email = "00000000-0000-4000-8000-000000000001", "eve@example.com" // SEC-28: not stored
	return nil
}

func TestAPayloadOfTheAppsOwnChangesItsColumns(t *testing.T) { // SEC-28
	t.Parallel()
	r, db := patrons(t, fillPatron)
	c := &client{handler: r}
	c.post("/signup", ada)
	for _, step := range []struct {
		body, want string
		code       int
	}{
		{`{"city":"Köln"}`, `"name":"Ada Lovelace","city":"Köln","tags":["new"],"admin":false`, 200},
		{`{"tags":["x"],"admin":true}`, `"name":"Ada Lovelace","city":"Köln","tags":["x"],"admin":false`, 200},
		{`{"name":"Ada King","city":"Bonn"}`, `"name":"Ada King","city":"Bonn","tags":["x"],"admin":false`, 200},
		{`{"city":"Atlantis","name":"Eve"}`, `"field":"city","code":"sunk"`, 422},
		{`{"city":"` + strings.Repeat("x", 41) + `"}`, `"field":"city","code":"max"`, 422},
		{`{"name":"","city":"Eve"}`, `"field":"name"`, 422},
		{`{}`, `"name":"Ada King","city":"Bonn","tags":["x"],"admin":false`, 200},
	} {
		if w := c.patchUser(step.body); w.Code != step.code || !strings.Contains(w.Body.String(), step.want) {
			t.Errorf("%s: %d %s", step.body, w.Code, w.Body)
		}
	}
	u, err := db.FindUserByEmail(t.Context(), "ADA@example.com")
	if err != nil || u.City != "Bonn" || u.Email != "ada@example.com" || u.Admin {
		t.Errorf("%+v, %v", u, err)
	}
}

func TestUpdateProfileWithWantsAStructAndAFunction(t *testing.T) {
	t.Parallel()
	cfg := newApp(t).cfg
	for name, build := range map[string]func(){
		"fill": func() { account.UpdateProfileWith[user, patronForm](built.Config(cfg), nil) },
		"struct": func() {
			account.UpdateProfileWith(built.Config(cfg), func(context.Context, string, *user) error { return nil })
		},
	} {
		func() {
			defer func() {
				if got, _ := recover().(string); !strings.Contains(got, name) {
					t.Errorf("%s: %q", name, got)
				}
			}()
			build()
		}()
	}
}
