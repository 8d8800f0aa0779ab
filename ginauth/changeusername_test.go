package ginauth_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/account"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/built"
)

func newNamed(t *testing.T) *app {
	t.Helper()
	return newApp(t, with(func(cfg *config) { cfg.Identifier, cfg.ReservedUsernames = driver.EitherIdentifier, []string{"house"} }),
		routes(func(r *gin.Engine, cfg config) { r.POST("/username", account.ChangeUsername(built.Config(cfg))) }))
}

func signUpAs(name string) string {
	return `{"name":"N","email":"` + name + `@example.com","username":"` + name + `","password":"correct horse battery staple"}`
}

func TestUsersChangeTheirUsername(t *testing.T) {
	t.Parallel()
	a := newNamed(t)
	ada, bob := a.signUp(t, signUpAs("Ada")), a.signUp(t, signUpAs("bob"))
	before := ada.value
	w := ada.post("/username", `{"username":" Countess "}`)
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"username":"Countess"`) || ada.value != before {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	wantStatus(t, ada.get("/user"), http.StatusOK)
	for name, status := range map[string]int{"countess": 200, "COUNTESS": 200, "Ada@example.com": 200, "ada": 401} {
		wantStatus(t, (&client{handler: a}).post("/login", `{"username":"`+name+`","password":"correct horse battery staple"}`), status)
	}
	for name, want := range map[string]string{
		"COUNTESS": "username_taken", "admin": "reserved", "House": "reserved", "a b": `"username"`, "a@example.com": `"username"`, "": "required", "аda": `"username"`,
	} {
		if w := bob.post("/username", `{"username":"`+name+`"}`); w.Code < 400 || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%q: %d %s, want %s", name, w.Code, w.Body, want)
		}
	}
	wantStatus(t, bob.post("/username", `{"username":"ada"}`), http.StatusOK) // it is free
	wantStatus(t, ada.post("/username", `{"username":"cOUNTESS"}`), http.StatusOK)
	wantStatus(t, (&client{handler: a}).post("/username", `{"username":"eve"}`), http.StatusUnauthorized)
	a.clock.Advance(11 * time.Minute)
	if w := ada.post("/username", `{"username":"late"}`); w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "reauthentication_required") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if n := a.count(t, `SELECT count(*) FROM ginauth.events WHERE kind = 'user_username_changed' AND operation = 'changeUsername' AND user_id = actor_id`); n != 3 {
		t.Errorf("%d events, want 3", n)
	}
}

func TestOneOfManyGetsTheUsername(t *testing.T) {
	t.Parallel()
	a := newNamed(t)
	var all sync.WaitGroup
	codes := make(chan int, 8)
	for i := range cap(codes) {
		c := a.signUp(t, signUpAs("user"+string(rune('a'+i))))
		all.Go(func() { codes <- c.post("/username", `{"username":"ada"}`).Code })
	}
	all.Wait()
	close(codes)
	won := 0
	for code := range codes {
		switch code {
		case http.StatusOK:
			won++
		case http.StatusConflict:
		default:
			t.Errorf("%d", code)
		}
	}
	if won != 1 {
		t.Errorf("%d users have the name", won)
	}
}

func TestChangeUsernameNeedsUsernames(t *testing.T) {
	t.Parallel()
	defer func() {
		if said, _ := recover().(string); !strings.Contains(said, "driver.EitherIdentifier") {
			t.Errorf("it panics with %q", said)
		}
	}()
	account.ChangeUsername(built.Config(newApp(t).cfg))
}
