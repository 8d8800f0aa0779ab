package ginauth_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-contrib/sessions"
	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/account"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/flow"
)

// matrixRows has a row for each function that makes a handler or takes a *gin.Context.
func matrixRows[U any]() map[string]matrixRow[U] {
	rows := map[string]matrixRow[U]{}
	for _, more := range []map[string]matrixRow[U]{
		requestRows[U](), sessionMatrixRows[U](), loginListRows[U](), credentialRows[U](), profileRows[U](), flowRows[U](),
		keyMatrixRows[U](), tokenMatrixRows[U](), mailMatrixRows[U](), mailLinkRows[U](),
	} {
		maps.Copy(rows, more)
	}
	return rows
}

func ofConfig[U any](build func(*ginauth.Config[U]) gin.HandlerFunc) func(*matrixApp[U]) gin.HandlerFunc {
	return func(a *matrixApp[U]) gin.HandlerFunc { return build(a.cfg) }
}

// behind asks for the user behind a middleware, with the cookie of the session and without one.
func behind[U any](middleware func(*ginauth.Config[U]) gin.HandlerFunc) matrixRow[U] {
	return matrixRow[U]{do: func(t *testing.T, p *matrixPerson[U]) {
		t.Helper()
		r := gin.New()
		r.Use(middleware(p.cfg))
		r.GET("/user", ginauth.Me(p.cfg))
		p.wantUser(t, &client{handler: r, value: p.c.value})
		wantStatus(t, (&client{handler: r}).get("/user"), http.StatusUnauthorized)
	}}
}

func shows[U any](t *testing.T, p *matrixPerson[U]) {
	t.Helper()
	if w := p.c.get(p.path + "x"); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), p.mail) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func requestRows[U any]() map[string]matrixRow[U] {
	return map[string]matrixRow[U]{
		"ginauth.Session": behind(ginauth.Session[U]),
		"ginauth.Authenticate": behind(func(cfg *ginauth.Config[U]) gin.HandlerFunc {
			return ginauth.Authenticate(cfg, ginauth.SessionAuth(cfg))
		}),
		"ginauth.Wrap": behind(func(cfg *ginauth.Config[U]) gin.HandlerFunc {
			return ginauth.Wrap(ginauth.Session(cfg), func(c *gin.Context, session gin.HandlerFunc) { session(c) })
		}),
		"ginauth.Me": {build: ofConfig(ginauth.Me[U]), do: shows[U]},
		"ginauth.With": {build: func(a *matrixApp[U]) gin.HandlerFunc {
			return ginauth.With(func(c *gin.Context, u U) { c.JSON(http.StatusOK, u) })
		}, do: shows[U]},
		"ginauth.Require": {build: func(*matrixApp[U]) gin.HandlerFunc { return ginauth.Require(ginauth.Fresh(time.Hour)) }, do: func(t *testing.T, p *matrixPerson[U]) {
			t.Helper()
			p.post(t, p.c, http.StatusOK, "")
			p.post(t, &client{handler: p}, http.StatusUnauthorized, "")
		}},
		"ginauth.Fail": {build: func(*matrixApp[U]) gin.HandlerFunc {
			return func(c *gin.Context) { ginauth.Fail(c, ginauth.ErrForbidden) }
		}, do: func(t *testing.T, p *matrixPerson[U]) {
			t.Helper()
			p.post(t, p.c, http.StatusForbidden, "")
		}},
		"ginauth.AuditContext": {call: func(c *gin.Context, p *matrixPerson[U]) error {
			if cause, _ := driver.CauseOf(ginauth.AuditContext(c)); cause.Actor != p.cfg.Account(p.u).ID {
				return fmt.Errorf("the cause is %+v", cause)
			}
			return nil
		}},
		"ginauth.SessionValues": {call: func(c *gin.Context, p *matrixPerson[U]) error {
			values, err := ginauth.SessionValues(c)
			if err == nil && values["member"] != string(p.cfg.Account(p.u).ID) {
				return fmt.Errorf("the values are %v", values)
			}
			return err
		}},
	}
}

// signsIn is for ways to log a user in.
func signsIn[U any](signIn func(*gin.Context, U, ...ginauth.SignInOption) error) matrixRow[U] {
	return matrixRow[U]{open: true, call: func(c *gin.Context, p *matrixPerson[U]) error {
		sessions.Default(c).Set("member", string(p.cfg.Account(p.u).ID))
		return signIn(c, p.u)
	}, do: func(t *testing.T, p *matrixPerson[U]) {
		t.Helper()
		c := &client{handler: p}
		p.post(t, c, http.StatusOK, "")
		p.wantUser(t, c)
	}}
}

// endsIt ends the session that asks, by a handler or a call.
func endsIt[U any](t *testing.T, p *matrixPerson[U], status int) {
	t.Helper()
	before := p.other.value
	p.post(t, p.other, status, "")
	p.other.want(t, http.StatusUnauthorized, "after the end")
	p.wantEnded(t, before)
}

// renews gives the session that asks a new cookie.
func renews[U any](t *testing.T, p *matrixPerson[U], status int, body string) {
	t.Helper()
	before := p.other.value
	p.post(t, p.other, status, body)
	if p.other.value == before {
		t.Error("the cookie is the old one")
	}
	p.wantUser(t, p.other)
	p.wantEnded(t, before)
}

func sessionMatrixRows[U any]() map[string]matrixRow[U] {
	return map[string]matrixRow[U]{
		"ginauth.SignIn": signsIn(ginauth.SignIn[U]),
		"flow.SignIn":    signsIn(flow.SignIn[U]),
		"ginauth.SignOut": {call: func(c *gin.Context, _ *matrixPerson[U]) error { return ginauth.SignOut(c) }, do: func(t *testing.T, p *matrixPerson[U]) {
			t.Helper()
			endsIt(t, p, http.StatusOK)
		}},
		"ginauth.Logout": {build: ofConfig(ginauth.Logout[U]), do: func(t *testing.T, p *matrixPerson[U]) {
			t.Helper()
			endsIt(t, p, http.StatusNoContent)
			p.wantUser(t, p.c)
		}},
		"ginauth.Renew": {call: func(c *gin.Context, _ *matrixPerson[U]) error { return ginauth.Renew(c) }, do: func(t *testing.T, p *matrixPerson[U]) {
			t.Helper()
			renews(t, p, http.StatusOK, "")
		}},
		"flow.Confirm": {call: func(c *gin.Context, _ *matrixPerson[U]) error { return flow.Confirm(c, driver.ByHardwareKey) }, do: func(t *testing.T, p *matrixPerson[U]) {
			t.Helper()
			renews(t, p, http.StatusOK, "")
		}},
		"account.Reauthenticate": {build: ofConfig(account.Reauthenticate[U]), do: func(t *testing.T, p *matrixPerson[U]) {
			t.Helper()
			p.post(t, p.c, http.StatusUnauthorized, `{"password":"not the right one"}`)
			renews(t, p, http.StatusNoContent, `{"password":"`+adasOld+`"}`)
		}},
	}
}

// twoLogins wants both sessions in a list, and returns the id of the other.
func twoLogins(t *testing.T, list string) (other driver.SessionID) {
	t.Helper()
	var logins []account.LoginRecord
	if err := json.Unmarshal([]byte(list), &logins); err != nil || len(logins) != 2 || logins[0].Current == logins[1].Current {
		t.Fatalf("the list of two logins is %s, %v", list, err)
	}
	if logins[0].Current {
		return logins[1].ID
	}
	return logins[0].ID
}

func loginListRows[U any]() map[string]matrixRow[U] {
	return map[string]matrixRow[U]{
		"account.Sessions": {build: ofConfig(account.Sessions[U]), do: func(t *testing.T, p *matrixPerson[U]) {
			t.Helper()
			twoLogins(t, p.c.get(p.path+"x").Body.String())
		}},
		"account.ListLogins": {call: func(c *gin.Context, _ *matrixPerson[U]) error {
			logins, err := account.ListLogins(c)
			if err == nil && len(logins) != 2 {
				return fmt.Errorf("the two logins are %+v", logins)
			}
			return err
		}},
		"account.RevokeSession": {build: ofConfig(account.RevokeSession[U]), do: func(t *testing.T, p *matrixPerson[U]) {
			t.Helper()
			r := gin.New()
			r.Use(ginauth.Session(p.cfg))
			r.GET("/sessions", account.Sessions(p.cfg))
			other := twoLogins(t, (&client{handler: r, value: p.c.value}).get("/sessions").Body.String())
			wantStatus(t, p.c.post(p.path+string(other), ""), http.StatusNoContent)
			p.wantAlive(t, true, false)
		}},
		"account.RevokeOtherSessions": {build: ofConfig(account.RevokeOtherSessions[U]), do: func(t *testing.T, p *matrixPerson[U]) {
			t.Helper()
			p.post(t, p.c, http.StatusNoContent, "")
			p.wantAlive(t, true, false)
		}},
		"account.RevokeAllSessions": {build: ofConfig(account.RevokeAllSessions[U]), do: func(t *testing.T, p *matrixPerson[U]) {
			t.Helper()
			before := p.c.value
			p.post(t, p.c, http.StatusNoContent, "")
			p.wantAlive(t, false, false)
			p.wantEnded(t, before)
		}},
		"account.Events": {build: ofConfig(account.Events[U]), do: func(t *testing.T, p *matrixPerson[U]) {
			t.Helper()
			if w := p.c.get(p.path + "x"); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"authn_login_success"`) {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		}},
		"account.ListEvents": {call: func(c *gin.Context, _ *matrixPerson[U]) error {
			c.Request.Method = http.MethodGet
			page, err := account.ListEvents(c)
			if err == nil && len(page.Events) < 2 {
				return fmt.Errorf("the events of two logins are %+v", page)
			}
			return err
		}},
		"flow.CurrentOwner": {call: func(c *gin.Context, p *matrixPerson[U]) error {
			auth, err := flow.CurrentOwner(c, time.Hour)
			if err == nil && auth.Account.ID != p.cfg.Account(p.u).ID {
				return fmt.Errorf("the owner is %+v", auth)
			}
			return err
		}},
	}
}

func nothingMore[F, U any](context.Context, F, *U) error { return nil }

func credentialRows[U any]() map[string]matrixRow[U] {
	joins := func(t *testing.T, p *matrixPerson[U]) {
		t.Helper()
		c, newcomer := &client{handler: p}, *p
		newcomer.mail = "new." + p.mail
		p.post(t, c, http.StatusCreated, fmt.Sprintf(`{"name":"Grace Hopper","email":"%s","password":"%s"}`, newcomer.mail, adasOld))
		newcomer.wantUser(t, c)
	}
	return map[string]matrixRow[U]{
		"ginauth.Login": {build: ofConfig(ginauth.Login[U]), do: func(t *testing.T, p *matrixPerson[U]) {
			t.Helper()
			c := &client{handler: p}
			p.post(t, c, http.StatusUnauthorized, strings.Replace(p.credentials(), adasOld, adasNew, 1))
			p.post(t, c, http.StatusOK, p.credentials())
			p.wantUser(t, c)
		}},
		"ginauth.SignUp": {build: ofConfig(ginauth.SignUp[U]), do: joins},
		"ginauth.SignUpWith": {build: func(a *matrixApp[U]) gin.HandlerFunc {
			return ginauth.SignUpWith(a.cfg, nothingMore[ginauth.Registration, U])
		}, do: joins},
		"account.ChangePassword": {build: ofConfig(account.ChangePassword[U]), do: func(t *testing.T, p *matrixPerson[U]) {
			t.Helper()
			before := p.c.value
			p.post(t, p.c, http.StatusNoContent, toNew)
			p.wantAlive(t, true, false)
			p.wantEnded(t, before)
			p.wantPassword(t, adasOld, http.StatusUnauthorized)
			p.wantPassword(t, adasNew, http.StatusOK)
		}},
		"account.SetPassword": {passwordless: true, build: ofConfig(account.SetPassword[U]), do: func(t *testing.T, p *matrixPerson[U]) {
			t.Helper()
			p.post(t, p.c, http.StatusNoContent, `{"new_password":"`+adasNew+`"}`)
			p.wantAlive(t, true, false)
			p.wantPassword(t, adasNew, http.StatusOK)
		}},
		"flow.VerifyPassword": {open: true, call: func(c *gin.Context, p *matrixPerson[U]) error {
			if _, err := flow.VerifyPassword(c, p.cfg, p.mail, adasNew); errors.Is(err, ginauth.ErrNotMounted) {
				return err
			} else if !errors.Is(err, ginauth.ErrInvalidCredentials) {
				return fmt.Errorf("a wrong password: %w", err)
			}
			u, err := flow.VerifyPassword(c, p.cfg, p.mail, adasOld)
			if err == nil && p.cfg.Account(u) != p.cfg.Account(p.u) {
				return fmt.Errorf("the user is %+v", u)
			}
			return err
		}},
		"flow.VerifyPasswordHash": {open: true, call: func(c *gin.Context, p *matrixPerson[U]) error {
			hash, err := p.Passwords.Hash(c, adasOld)
			if err != nil {
				return err
			}
			if err := flow.VerifyPasswordHash(c, p.cfg, p.u, hash, adasNew); !errors.Is(err, ginauth.ErrInvalidCredentials) {
				return fmt.Errorf("a wrong password: %w", err)
			}
			return flow.VerifyPasswordHash(c, p.cfg, p.u, hash, adasOld)
		}},
	}
}

func profileRows[U any]() map[string]matrixRow[U] {
	renames := func(t *testing.T, p *matrixPerson[U]) {
		t.Helper()
		for _, w := range []*httptest.ResponseRecorder{p.post(t, p.c, http.StatusOK, `{"name":"Augusta"}`), p.c.get("/user")} {
			if !strings.Contains(w.Body.String(), `"Augusta"`) {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		}
	}
	deletes := func(status int) func(*testing.T, *matrixPerson[U]) {
		return func(t *testing.T, p *matrixPerson[U]) {
			t.Helper()
			before := p.c.value
			p.post(t, p.c, status, "")
			p.wantAlive(t, false, false)
			p.wantEnded(t, before)
			p.wantPassword(t, adasOld, http.StatusUnauthorized)
		}
	}
	return map[string]matrixRow[U]{
		"account.UpdateProfile": {build: ofConfig(account.UpdateProfile[U]), do: renames},
		"account.UpdateProfileWith": {build: func(a *matrixApp[U]) gin.HandlerFunc {
			return account.UpdateProfileWith(a.cfg, nothingMore[account.Profile, U])
		}, do: renames},
		"account.ChangeUsername": {build: func(a *matrixApp[U]) gin.HandlerFunc {
			o := a.Options
			o.Identifier = driver.EitherIdentifier
			cfg, err := ginauth.New(o)
			if err != nil {
				panic(err.Error())
			}
			return account.ChangeUsername(cfg)
		}, do: func(t *testing.T, p *matrixPerson[U]) {
			t.Helper()
			p.post(t, p.c, http.StatusOK, `{"username":"Countess"}`)
			p.wantAlive(t, true, true)
			if name := p.cfg.Account(p.u).Username; strings.EqualFold(name, "Countess") {
				t.Errorf("the username was %s before", name)
			}
		}},
		"account.ExportAccount": {build: ofConfig(account.ExportAccount[U]), do: shows[U]},
		"account.DeleteAccount": {build: ofConfig(account.DeleteAccount[U]), do: deletes(http.StatusNoContent)},
		"account.DeleteAccountAfter": {build: func(a *matrixApp[U]) gin.HandlerFunc {
			return account.DeleteAccountAfter(a.cfg, time.Hour)
		}, do: deletes(http.StatusOK)},
		"account.RestoreAccount": {build: ofConfig(account.RestoreAccount[U]), do: func(t *testing.T, p *matrixPerson[U]) {
			t.Helper()
			users, ok := p.Users.(driver.Accounts[U])
			if !ok {
				t.Fatalf("a %T is no driver.Accounts", p.Users)
			}
			if _, err := users.ArchiveUser(t.Context(), p.cfg.Account(p.u).ID, time.Hour); err != nil {
				t.Fatal(err)
			}
			c := &client{handler: p}
			p.post(t, c, http.StatusOK, p.credentials())
			p.wantUser(t, c)
		}},
	}
}
