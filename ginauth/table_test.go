package ginauth_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"golang.org/x/crypto/bcrypt"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/account"
	"github.com/ginauth/ginauth/ginauth/ginauthtest"
	"github.com/ginauth/ginauth/ginauth/internal/built"
	"github.com/ginauth/ginauth/store"
	"github.com/ginauth/ginauth/store/storetest"
)

// An app's own table works by options alone, with the hashes that are in it.
func TestOwnTableWorksByMapping(t *testing.T) {
	t.Parallel()
	pool := storetest.NewDB(t)
	exec := func(sql string, args ...any) {
		t.Helper()
		if _, err := pool.Exec(t.Context(), sql, args...); err != nil {
			t.Fatal(err)
		}
	}
	hash, err := bcrypt.GenerateFromPassword([]byte("correct horse battery staple"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	exec(`CREATE TABLE members (member_id bigserial PRIMARY KEY, mail text NOT NULL, pw text)`)
	exec(`CREATE UNIQUE INDEX ON members (lower(mail))`)
	exec(`INSERT INTO members (mail, pw) VALUES ('Ada@example.com', $1), ('Eve@example.com', $1)`, string(hash))
	db, err := store.NewTable[store.User](t.Context(), pool, "members", store.Columns{ID: "member_id", Email: "lower(mail)", PasswordHash: "pw"}, store.WithTimeout(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	cfg := built.Config(ginauth.Options[store.User]{Users: db, Passwords: ginauthtest.CheapHasher(t), Limits: generous, Logger: quiet, MaxSessions: 3})
	r := gin.New()
	r.Use(ginauth.Session(cfg))
	r.POST("/signup", ginauth.SignUp(cfg))
	r.POST("/login", ginauth.Login(cfg))
	r.GET("/user", ginauth.Me(cfg))
	r.GET("/sessions", account.Sessions(cfg))
	r.POST("/sessions/revoke-all", account.RevokeAllSessions(cfg))
	r.POST("/password", account.ChangePassword(cfg))
	r.GET("/export", account.ExportAccount(cfg))
	r.DELETE("/user", account.DeleteAccount(cfg))

	want := func(w *httptest.ResponseRecorder, code int) {
		t.Helper()
		if w.Code != code {
			t.Errorf("status %d, want %d", w.Code, code)
		}
	}
	const ada = `{"email":"ADA@example.com","password":"correct horse battery staple"}`
	phone, laptop := &client{handler: r}, &client{handler: r}
	want(phone.post("/login", ada), http.StatusOK)
	want(laptop.post("/login", ada), http.StatusOK)
	w := phone.get("/user")
	var me struct{ ID, Email string }
	if err := json.Unmarshal(w.Body.Bytes(), &me); err != nil || me.ID != "1" || me.Email != "Ada@example.com" {
		t.Errorf("the user is %s", w.Body)
	}
	if w := phone.get("/sessions"); strings.Count(w.Body.String(), `"id"`) != 2 {
		t.Errorf("the sessions are %s", w.Body)
	}
	want(phone.post("/password", `{"current_password":"correct horse battery staple","new_password":"another horse and battery"}`), http.StatusNoContent)
	want(laptop.get("/user"), http.StatusUnauthorized)
	want(phone.get("/user"), http.StatusOK)
	if w := phone.get("/export"); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "Ada@example.com") {
		t.Errorf("the export is %d %s", w.Code, w.Body)
	}
	want((&client{handler: r}).post("/login", ada), http.StatusUnauthorized)
	grace := &client{handler: r}
	want(grace.post("/signup", `{"name":"Grace","email":"grace@example.com","password":"correct horse battery staple"}`), http.StatusCreated)
	want((&client{handler: r}).post("/signup", `{"name":"Eve","email":"eve@example.com","password":"correct horse battery staple"}`), http.StatusConflict)
	exec(`DELETE FROM members WHERE mail = 'grace@example.com'`)
	want(grace.get("/user"), http.StatusUnauthorized)
	want(phone.post("/sessions/revoke-all", ""), http.StatusNoContent)
	want(phone.get("/user"), http.StatusUnauthorized)
}
