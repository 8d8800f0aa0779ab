package ginauth_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/account"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/built"
)

// target is what an attacker may know of a user: everything but token and password.
type target struct {
	user    driver.UserID
	email   string
	session driver.SessionID
}

// request names the target wherever a careless handler might look for whom to act on.
func (v target) request(method, template string) *http.Request {
	path := strings.ReplaceAll(template, ":id", string(v.session)) + "?id=" + string(v.user) + "&user_id=" + string(v.user) + "&session=" + string(v.session)
	body := `{"id":"` + string(v.user) + `","user_id":"` + string(v.user) + `","session_id":"` + string(v.session) +
		`","email":"` + v.email + `","name":"Mallory","password":"nanoseconds are short wires","remember":true,
		"current_password":"nanoseconds are short wires","new_password":"nanoseconds are short wires"}`
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-User-Id", string(v.user))
	r.Header.Set("Authorization", "Bearer "+string(v.session))
	return r
}

// everythingOf returns all that the database has of a user.
func (a *app) everythingOf(t *testing.T, email string) (everything string) {
	t.Helper()
	err := a.pool.QueryRow(t.Context(), `SELECT concat(u::text, (SELECT string_agg(s::text, E'\n' ORDER BY s.id)
		FROM ginauth.sessions AS s WHERE s.user_id = u.id)) FROM ginauth.users AS u WHERE u.email = $1`, email).Scan(&everything)
	if err != nil {
		t.Fatal(err)
	}
	return everything
}

// Every route that changes something, by nobody, by somebody else and by the user, all of them
// naming the user in path, query, body and headers: only the user's own session says who acts.
func TestNobodyActsAsSomebodyElse(t *testing.T) { // SEC-79, SEC-177
	t.Parallel()
	// By whom, and the status: nobody, Grace, and Ada herself.
	want := map[string][3]int{
		"POST /signup":                 {409, 409, 409},
		"POST /login":                  {401, 401, 401}, // Grace's password is not Ada's
		"POST /logout":                 {204, 204, 204},
		"POST /renew":                  {401, 200, 200},
		"POST /reauthenticate":         {401, 204, 401},
		"POST /values":                 {401, 200, 200},
		"POST /sessions/revoke-others": {401, 204, 204},
		"POST /sessions/revoke-all":    {401, 204, 204},
		"DELETE /sessions/:id":         {401, 404, 204},
		"POST /password/change":        {401, 204, 401}, // the current one is Grace's
		"POST /password":               {401, 409, 409},
		"PATCH /user":                  {401, 200, 200},
		"POST /user/restore":           {401, 401, 401},
	}
	app := newApp(t, managing, restorable, routes(func(r *gin.Engine, cfg config) {
		r.POST("/password/change", account.ChangePassword(built.Config(cfg)))
		r.POST("/password", account.SetPassword(built.Config(cfg)))
		r.PATCH("/user", account.UpdateProfile(built.Config(cfg)))
		r.POST("/user/restore", account.RestoreAccount(built.Config(cfg)))
		r.POST("/values", func(c *gin.Context) { sessionOf(c).Set("role", "admin") })
	}))
	app.signUp(t, ada)
	app.signUp(t, grace)
	graceIn := strings.NewReplacer("ada@", "grace@", "correct horse battery staple", "nanoseconds are short wires").Replace(adaIn)
	seen := map[string]bool{}
	for _, route := range app.Routes() {
		name := route.Method + " " + route.Path
		if route.Method == http.MethodGet {
			continue
		}
		seen[name] = true
		for i, actor := range []string{"nobody", "grace", "ada"} {
			adas, graces := &client{handler: app, value: app.loggedIn(t)}, &client{handler: app}
			graces.post("/login", graceIn)
			actors := map[string]*client{"nobody": {handler: app}, "grace": graces, "ada": adas}
			victim := target{user: driver.UserID(idOf(t, adas)), email: "ada@example.com", session: current(t, adas)}
			before := map[string]string{"ada": app.everythingOf(t, "ada@example.com"), "grace": app.everythingOf(t, "grace@example.com")}
			w := actors[actor].do(victim.request(route.Method, route.Path))
			if w.Code != want[name][i] {
				t.Errorf("%s by %s: %d %s, want %d", name, actor, w.Code, w.Body, want[name][i])
			}
			for other, was := range before {
				if is := app.everythingOf(t, other+"@example.com"); other != actor && is != was {
					t.Errorf("%s by %s changed %s:\n%s\n%s", name, actor, other, was, is)
				}
			}
		}
	}
	if missing := slices.DeleteFunc(slices.Collect(maps.Keys(want)), func(name string) bool { return seen[name] }); len(missing) > 0 || len(seen) != len(want) {
		t.Errorf("the matrix and the routes differ: %v", missing)
	}
}

// Deleting is no part of the matrix above, since nobody would be left to compare.
func TestNobodyDeletesSomebodyElse(t *testing.T) { // SEC-177
	t.Parallel()
	app := newApp(t, managing, accounts)
	for _, method := range []string{http.MethodDelete, http.MethodPost} {
		adas, graces := app.signUp(t, ada), app.signUp(t, grace)
		victim := target{user: driver.UserID(idOf(t, adas)), email: "ada@example.com", session: current(t, adas)}
		path := map[string]string{http.MethodDelete: "/user", http.MethodPost: "/user/archive"}[method]
		before := app.everythingOf(t, "ada@example.com")
		if w := (&client{handler: app}).do(victim.request(method, path)); w.Code != http.StatusUnauthorized {
			t.Errorf("nobody: %d", w.Code)
		}
		if w := graces.do(victim.request(method, path)); w.Code >= http.StatusBadRequest {
			t.Errorf("Grace: %d %s", w.Code, w.Body)
		}
		if after := app.everythingOf(t, "ada@example.com"); after != before {
			t.Errorf("%s %s changed Ada", method, path)
		}
		app.exec(t, "DELETE FROM ginauth.users")
	}
}

func idOf(t *testing.T, c *client) string {
	t.Helper()
	_, rest, _ := strings.Cut(c.get("/user").Body.String(), `"id":"`)
	id, _, ok := strings.Cut(rest, `"`)
	if !ok {
		t.Fatal("no id")
	}
	return id
}

func current(t *testing.T, c *client) driver.SessionID {
	t.Helper()
	devices := c.devices(t)
	i := slices.IndexFunc(devices, func(d account.LoginRecord) bool { return d.Current })
	if i < 0 {
		t.Fatal("no current session")
	}
	return devices[i].ID
}
