package ginauth_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// SEC-25, SEC-76, SEC-161
func TestADeletedAccountIsGoneWithAllThatItHad(t *testing.T) {
	t.Parallel()
	everywhere(t, func(s suite) {
		t := s.t
		c := s.signUp(t, ada)
		graces := s.signUp(t, grace)
		other := &client{handler: s.app}
		other.post("/login", adaIn)
		id, copied := driver.UserID(idOf(t, c)), c.as(s.app)
		if _, err := s.db.CreateRefreshFamily(t.Context(), familyOf(id)); err != nil {
			t.Fatal(err)
		}
		s.issueKey(t, id)
		if w := c.delete("/user"); w.Code != http.StatusNoContent || c.value != "" {
			t.Fatalf("%d %s, cookie %q", w.Code, w.Body, c.value)
		}
		copied.want(t, http.StatusUnauthorized, "a copy of the cookie")
		other.want(t, http.StatusUnauthorized, "the other session")
		if s.there != nil {
			copied.as(s.there).want(t, http.StatusUnauthorized, "a copy in the other process")
		}
		graces.want(t, http.StatusOK, "somebody else")
		if w := other.post("/login", adaIn); w.Code != http.StatusUnauthorized {
			t.Errorf("login: %d", w.Code)
		}
		for _, table := range []string{"sessions", "api_keys", "refresh_tokens"} {
			if n := s.count(t, "SELECT count(*) FROM ginauth."+table+" WHERE user_id = $1", string(id)); n != 0 {
				t.Errorf("%d rows in %s", n, table)
			}
		}
		if n := s.count(t, "SELECT count(*) FROM ginauth.users WHERE id = $1", string(id)); n != 0 {
			t.Error("the user is still there")
		}
		if e := s.log.Events("user_deleted"); len(e) != 1 || e[0]["user_id"] != string(id) {
			t.Errorf("events %v", e)
		}
		s.signUp(t, ada) // the address is free
	}, accounts)
}

func TestDeletingNeedsAFreshLogin(t *testing.T) {
	t.Parallel()
	app := newApp(t, accounts, managing)
	c := app.signUp(t, ada)
	app.clock.Advance(10*time.Minute + time.Second)
	c.get("/user") // so that its use is written down
	before := app.everythingOf(t, "ada@example.com")
	for _, w := range []*httptest.ResponseRecorder{c.delete("/user"), c.post("/user/archive", "")} {
		if w.Code != http.StatusForbidden || problemIn(t, w).Code != "reauthentication_required" {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	}
	if after := app.everythingOf(t, "ada@example.com"); after != before {
		t.Error("the account changed")
	}
	c.post("/reauthenticate", `{"password":"correct horse battery staple"}`)
	if w := c.delete("/user"); w.Code != http.StatusNoContent {
		t.Errorf("after the password: %d %s", w.Code, w.Body)
	}
	if w := (&client{handler: app}).delete("/user"); w.Code != http.StatusUnauthorized {
		t.Errorf("nobody: %d", w.Code)
	}
}

// SEC-25, SEC-76, SEC-161
func TestAnArchivedAccountCanComeBackWithinTheGrace(t *testing.T) {
	t.Parallel()
	everywhere(t, func(s suite) {
		t := s.t
		c := s.signUp(t, ada)
		copied, id := c.as(s.app), driver.UserID(idOf(t, c))
		login, err := s.db.CreateRefreshFamily(t.Context(), familyOf(id))
		if err != nil {
			t.Fatal(err)
		}
		_, key := s.issueKey(t, id)
		w := c.post("/user/archive", "")
		var answer struct {
			DeleteAfter time.Time `json:"delete_after"`
		}
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || w.Code != http.StatusOK || c.value != "" {
			t.Fatalf("%d %s, %v", w.Code, w.Body, err)
		}
		if left := answer.DeleteAfter.Sub(s.clock.Now()); left < thirtyDays-time.Second || left > thirtyDays {
			t.Errorf("%s are left", left)
		}
		copied.want(t, http.StatusUnauthorized, "a copy of the cookie")
		if w := c.post("/login", adaIn); w.Code != http.StatusUnauthorized {
			t.Errorf("login: %d", w.Code)
		}
		if _, _, err := s.db.FindAPIKey(t.Context(), key); err == nil {
			t.Error("the API key is good")
		}
		s.clock.Advance(30 * time.Minute)                  // the sessions would live on by themselves
		if _, err := s.db.Sweep(t.Context()); err != nil { // all but the account
			t.Fatal(err)
		}
		if w := c.post("/user/restore", `{"email":"ada@example.com","password":"wrong horse battery staple"}`); w.Code != http.StatusUnauthorized {
			t.Errorf("a wrong password: %d", w.Code)
		}
		if w := c.post("/user/restore", adaIn); w.Code != http.StatusOK || idOf(t, c) != string(id) {
			t.Fatalf("restore: %d %s", w.Code, w.Body)
		}
		copied.want(t, http.StatusUnauthorized, "the old session after the restore")
		if _, err := s.db.FindTokenUser(t.Context(), id, login.ID); err == nil {
			t.Error("the login by refresh tokens is back")
		}
		if w := c.post("/login", adaIn); w.Code != http.StatusOK {
			t.Errorf("login after the restore: %d", w.Code)
		}
		if len(s.log.Events("user_archived")) != 1 || len(s.log.Events("user_restored")) != 1 || len(s.log.Events("authn_login_fail")) != 2 {
			t.Errorf("the log says %s", s.log)
		}
		s.clock.Advance(thirtyDays)
		if _, err := s.db.Sweep(t.Context()); err != nil {
			t.Error(err)
		}
		if _, err := s.db.FindUser(t.Context(), id); err != nil {
			t.Errorf("the restored one was swept: %v", err)
		}
	}, accounts, restorable)
}

func TestAnArchivedAccountIsDeletedAfterTheGrace(t *testing.T) {
	t.Parallel()
	app := newApp(t, accounts, restorable)
	c := app.signUp(t, ada)
	app.signUp(t, grace)
	c.post("/user/archive", "")
	app.clock.Advance(thirtyDays + time.Second)
	if w := c.post("/user/restore", adaIn); w.Code != http.StatusUnauthorized {
		t.Errorf("restore: %d %s", w.Code, w.Body)
	}
	if _, err := app.db.Sweep(t.Context()); err != nil {
		t.Error(err)
	}
	if n := app.count(t, "SELECT count(*) FROM ginauth.users"); n != 1 {
		t.Errorf("%d users are left", n)
	}
}

// Whoever is not about to be deleted gets the answer of somebody unknown (SEC-29).
func TestRestoringTellsNothing(t *testing.T) {
	t.Parallel()
	app := newApp(t, accounts, restorable)
	app.signUp(t, ada)
	graces := app.signUp(t, grace)
	if err := app.db.DisableUser(t.Context(), driver.UserID(idOf(t, graces))); err != nil {
		t.Fatal(err)
	}
	var bodies []string
	for _, who := range []string{adaIn, `{"email":"grace@example.com","password":"nanoseconds are short wires"}`, `{"email":"nobody@example.com","password":"x"}`, `{"email":"?","password":"x"}`} {
		w := (&client{handler: app}).post("/user/restore", who)
		if w.Code != http.StatusUnauthorized {
			t.Errorf("%s: %d", who, w.Code)
		}
		bodies = append(bodies, w.Body.String())
	}
	for _, body := range bodies {
		if body != bodies[0] {
			t.Errorf("%s and %s", body, bodies[0])
		}
	}
	if n := app.count(t, "SELECT count(*) FROM ginauth.users WHERE disabled_at IS NOT NULL"); n != 1 {
		t.Errorf("%d are disabled", n)
	}
}
