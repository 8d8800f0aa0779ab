package jwt_test

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/jwt"
)

// enter mounts a login of the app's own, with a status and a body of its own.
func (s *site) enter(path string, f *jwt.Flow[user], d jwt.Delivery, u user) {
	s.POST(path, func(c *gin.Context) {
		a, err := jwt.SignIn(c, f, d, u)
		if err != nil {
			ginauth.Fail(c, err)
			return
		}
		c.JSON(http.StatusCreated, gin.H{"hello": u.Name, "token": a.AccessToken, "refresh": a.RefreshToken, "scope": a.Scope, "seconds": a.ExpiresIn})
	})
}

type entered struct {
	Hello, Token, Refresh, Scope string
	Seconds                      int64
}

func TestOwnHandlersSignInForTokens(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(s *site) { s.flow.Scopes = []string{"read", "write"} })
	all, narrow := s.flow.built(), s.flow
	narrow.Scopes = []string{"read"}
	s.enter("/body", all, jwt.InBody, s.ada)
	s.enter("/header", all, jwt.InHeader, s.ada)
	s.enter("/cookie", all, jwt.InCookie, s.ada)
	s.enter("/narrow", narrow.built(), jwt.InBody, s.ada)
	for path, scope := range map[string]string{"/body": "read write", "/header": "read write", "/cookie": "read write", "/narrow": "read"} {
		before := s.count(t, `SELECT count(*) FROM ginauth.events WHERE kind = 'authn_login_success'`)
		w := s.send(httptest.NewRequest(http.MethodPost, path, nil))
		var got entered
		decodeBody(t, w, &got)
		lasts := path == "/body" || path == "/narrow"
		if w.Code != http.StatusCreated || got.Hello != "Ada" || got.Scope != scope || got.Seconds != 600 || s.me(got.Token) != http.StatusOK || (got.Refresh != "") != lasts {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
		if lasts && answerIn(t, s.refresh(got.Refresh)).Scope != scope {
			t.Errorf("%s: the refresh has another scope", path)
		}
		header, cookies := w.Header().Get("Authorization"), w.Header().Values("Set-Cookie")
		if (header == "Bearer "+got.Token) != (path == "/header") || (len(cookies) == 1 && strings.HasPrefix(cookies[0], "__Host-token="+got.Token+";")) != (path == "/cookie") || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %v", path, w.Header())
		}
		if n := s.count(t, `SELECT count(*) FROM ginauth.events WHERE kind = 'authn_login_success'`); n != before+1 {
			t.Errorf("%s: %d events", path, n-before)
		}
	}
}

func TestOwnHandlersSignNobodyInWhoMayNot(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(s *site) { s.flow.MaxLogins = 1 })
	gone, disabled, nobody := s.ada, s.ada, s.ada
	gone.ID, nobody.ID = adaID, ""
	at := s.clock.Now()
	disabled.DisabledAt = &at
	f := s.flow.built()
	s.enter("/gone", f, jwt.InBody, gone)
	s.enter("/disabled", f, jwt.InCookie, disabled)
	s.enter("/nobody", f, jwt.InBody, nobody)
	s.enter("/cookie", f, jwt.InCookie, s.ada)
	s.enter("/ada", f, jwt.InBody, s.ada)
	s.enter("/nowhere", f, 7, s.ada)
	s.enter("/nothing", &jwt.Flow[user]{}, jwt.InBody, s.ada)
	s.enter("/nil", nil, jwt.InBody, s.ada)
	for path, want := range map[string]int{"/gone": 401, "/disabled": 401, "/nobody": 500, "/nowhere": 500, "/nothing": 500, "/nil": 500} {
		if w := s.send(httptest.NewRequest(http.MethodPost, path, nil)); w.Code != want || len(w.Result().Cookies()) > 0 || w.Body.Len() == 0 { // a panic has no body
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	r := httptest.NewRequest(http.MethodPost, "/cookie", nil) // SEC-83
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	if w := s.send(r); w.Code != http.StatusForbidden || len(w.Result().Cookies()) > 0 {
		t.Errorf("from another site: %d", w.Code)
	}
	var first, second entered
	decodeBody(t, s.send(httptest.NewRequest(http.MethodPost, "/ada", nil)), &first)
	s.clock.Advance(time.Second)
	decodeBody(t, s.send(httptest.NewRequest(http.MethodPost, "/ada", nil)), &second)
	if s.me(first.Token) != http.StatusUnauthorized || s.me(second.Token) != http.StatusOK {
		t.Error("a user has more logins than MaxLogins")
	}
}

// SEC-190
func TestSignInWithStoresThatDoNotBelongTogetherIsAFault(t *testing.T) {
	t.Parallel()
	s, other := newSite(t), newSite(t)
	apart := s.flow
	apart.Refresh = other.db
	s.enter("/apart", apart.built(), jwt.InBody, s.ada)
	if w := s.send(httptest.NewRequest(http.MethodPost, "/apart", nil)); w.Code != http.StatusInternalServerError || !strings.Contains(w.Body.String(), "not_mounted") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// SEC-188
func TestSignInOnACopyOrTooLateIsAnError(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	f := s.flow.built()
	s.POST("/late", func(c *gin.Context) {
		c.String(http.StatusOK, "begun")
		for _, d := range []jwt.Delivery{jwt.InBody, jwt.InHeader, jwt.InCookie} {
			if _, err := jwt.SignIn(c, f, d, s.ada); err == nil {
				t.Errorf("%d: an answer that has begun", d)
			}
			if _, err := jwt.SignIn(c.Copy(), f, d, s.ada); err == nil || errors.Is(err, driver.ErrUnavailable) {
				t.Errorf("%d: a copy: %v", d, err)
			}
		}
	})
	s.POST("/copy", func(c *gin.Context) {
		if _, err := jwt.SignIn(c.Copy(), f, jwt.InBody, s.ada); err == nil {
			t.Error("a copy")
		}
	})
	s.send(httptest.NewRequest(http.MethodPost, "/late", nil))
	s.send(httptest.NewRequest(http.MethodPost, "/copy", nil))
	if n := s.count(t, `SELECT count(*) FROM ginauth.refresh_tokens`); n != 0 {
		t.Errorf("%d logins", n)
	}
}

func TestCookieIsWhatLoginSends(t *testing.T) {
	t.Parallel()
	for _, k := range []jwt.CookieOptions{{}, {Name: "access", SameSite: http.SameSiteStrictMode}} {
		s := newSite(t, func(s *site) { s.flow.Cookie = k })
		w := s.send(jsonRequest("/login/cookie", adaIn))
		sent := w.Result().Cookies()[0]
		if got := k.Cookie(sent.Value, 10*time.Minute).String(); got != w.Header().Get("Set-Cookie") || k.Cookie("", 0).Name != sent.Name {
			t.Errorf("%s, sent %s", got, w.Header().Get("Set-Cookie"))
		}
		r := httptest.NewRequest(http.MethodPost, "/logout", nil)
		if got := k.Cookie("", -time.Minute).String(); got != s.send(r).Header().Get("Set-Cookie") {
			t.Errorf("cleared: %s", got)
		}
	}
}

// RFC 8176: an access token tells how its user has proved who they are, and its successors too.
func TestTokensTellHowTheirUserProvedWhoTheyAre(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.enter("/silent", s.flow.built(), jwt.InBody, s.ada)
	for path, methods := range map[string][]driver.Method{
		"/mail": {driver.ByMail}, "/passkey": {driver.ByPresence, driver.ByHardwareKey}, "/life": {"kba"},
	} {
		s.POST(path, func(c *gin.Context) {
			a, err := jwt.SignIn(c, s.flow.built(), jwt.InBody, s.ada, methods...)
			if err != nil {
				ginauth.Fail(c, err)
				return
			}
			c.JSON(http.StatusOK, a)
		})
	}
	amr := func(token string) (claims struct{ AMR []string }) {
		payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
		if err != nil || json.Unmarshal(payload, &claims) != nil {
			t.Fatalf("the token %s: %v", token, err)
		}
		return claims
	}
	for path, want := range map[string]string{"/silent": "", "/mail": "mail", "/passkey": "hwk user mfa"} {
		var got struct {
			Token, Refresh string
			jwt.Answer
		}
		w := s.send(httptest.NewRequest(http.MethodPost, path, nil))
		decodeBody(t, w, &got)
		access, refreshed := cmp.Or(got.Token, got.AccessToken), answerIn(t, s.refresh(cmp.Or(got.Refresh, got.RefreshToken)))
		for when, token := range map[string]string{"at the login": access, "refreshed": refreshed.AccessToken} {
			if text := strings.Join(amr(token).AMR, " "); text != want {
				t.Errorf("%s, %s: amr is %q, want %q", path, when, text, want)
			}
		}
	}
	if w := s.send(httptest.NewRequest(http.MethodPost, "/life", nil)); w.Code != http.StatusInternalServerError {
		t.Errorf("an unknown method: %d %s", w.Code, w.Body)
	}
	if text := strings.Join(amr(s.logIn(t).AccessToken).AMR, " "); text != "pwd" {
		t.Errorf("a login: amr is %q", text)
	}
}
