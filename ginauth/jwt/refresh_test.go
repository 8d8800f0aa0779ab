package jwt_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"golang.org/x/crypto/bcrypt"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/jwt"
)

func bcryptOf(t *testing.T, plain string) string {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(plain), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	return string(hash)
}

// SEC-82, SEC-100
func TestRefreshTokenIsReplacedAndItsReuseEndsTheLogin(t *testing.T) { //nolint:paralleltest // it reads the process's log
	s := newSite(t)
	first := s.logIn(t)
	second := answerIn(t, s.refresh(first.RefreshToken))
	if second.RefreshToken == first.RefreshToken || second.AccessToken == first.AccessToken || s.me(second.AccessToken) != http.StatusOK {
		t.Fatalf("%+v", second)
	}
	s.clock.Advance(29 * time.Second)
	lost := answerIn(t, s.refresh(first.RefreshToken)) // its answer was lost
	if lost.RefreshToken != second.RefreshToken || s.me(lost.AccessToken) != http.StatusOK {
		t.Error("within the grace there is another successor")
	}
	s.clock.Advance(time.Second)
	log := s.logged(func() {
		if w := s.refresh(first.RefreshToken); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "invalid_grant") {
			t.Errorf("reuse: %d %s", w.Code, w.Body)
		}
	})
	if strings.Count(log, `"authn_token_reuse"`) != 1 || !strings.Contains(log, string(s.ada.ID)) || strings.Contains(log, first.RefreshToken) {
		t.Errorf("log: %s", log)
	}
	if w := s.refresh(second.RefreshToken); w.Code != http.StatusBadRequest {
		t.Errorf("the successor: %d", w.Code)
	}
	if status := s.me(second.AccessToken); status != http.StatusUnauthorized {
		t.Errorf("the thief's access token: %d", status)
	}
}

// SEC-100
func TestFiftyUsesOfARefreshTokenGetOneSuccessor(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	token := s.logIn(t).RefreshToken
	successors := make([]string, 50)
	var wg sync.WaitGroup
	gate := make(chan struct{})
	for i := range successors {
		wg.Go(func() {
			<-gate
			if w := s.refresh(token); w.Code == http.StatusOK {
				decodeBody(t, w, &struct {
					Token *string `json:"refresh_token"`
				}{&successors[i]})
			}
		})
	}
	close(gate)
	wg.Wait()
	for _, got := range successors {
		if got == "" || got == token || got != successors[0] {
			t.Fatalf("%q beside %q", got, successors[0])
		}
	}
	if answerIn(t, s.refresh(successors[0])).RefreshToken == "" {
		t.Error("the successor is of no use")
	}
}

// SEC-96: a refresh token is no access token, and vice versa.
func TestTokensAreNotTakenForEachOther(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	a := s.logIn(t)
	if status := s.me(a.RefreshToken); status != http.StatusUnauthorized {
		t.Errorf("a refresh token as a bearer token: %d", status)
	}
	if w := s.refresh(a.AccessToken); w.Code != http.StatusBadRequest {
		t.Errorf("an access token as a refresh token: %d", w.Code)
	}
}

// SEC-99: both modes of the one option.
func TestWhatStopsATokenAtOnce(t *testing.T) {
	t.Parallel()
	ends := map[string]func(*testing.T, *site, jwt.Answer){
		"revoking the refresh token": func(t *testing.T, s *site, a jwt.Answer) { t.Helper(); expectRevoked(t, s, a.RefreshToken) },
		"revoking the access token":  func(t *testing.T, s *site, a jwt.Answer) { t.Helper(); expectRevoked(t, s, a.AccessToken) },
		"a new password": func(t *testing.T, s *site, _ jwt.Answer) {
			t.Helper()
			s.exec(t, `UPDATE ginauth.users SET password_hash = $1, session_epoch = session_epoch + 1`, bcryptOf(t, "another password"))
		},
		"logging out everywhere": func(t *testing.T, s *site, _ jwt.Answer) {
			t.Helper()
			if err := s.db.RevokeUserSessions(t.Context(), s.ada.ID, ""); err != nil {
				t.Fatal(err)
			}
		},
		"disabling": func(t *testing.T, s *site, _ jwt.Answer) {
			t.Helper()
			s.exec(t, `UPDATE ginauth.users SET disabled_at = now()`)
		},
		"deleting": func(t *testing.T, s *site, _ jwt.Answer) { t.Helper(); s.exec(t, `DELETE FROM ginauth.users`) },
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for mode, s := range map[string]*site{"checked": newSite(t), "stateless": newSite(t, stateless, claimsOnly)} {
				a := s.logIn(t)
				if status := s.me(a.AccessToken); status != http.StatusOK {
					t.Fatalf("%s: before: %d", mode, status)
				}
				end(t, s, a)
				want := http.StatusUnauthorized
				if mode == "stateless" {
					want = http.StatusOK
				}
				if status := s.me(a.AccessToken); status != want {
					t.Errorf("%s: after: %d", mode, status)
				}
				if w := s.refresh(a.RefreshToken); w.Code != http.StatusBadRequest {
					t.Errorf("%s: refresh: %d", mode, w.Code)
				}
				s.clock.Advance(10*time.Minute + 30*time.Second)
				if status := s.me(a.AccessToken); status != http.StatusUnauthorized {
					t.Errorf("%s: after the lifetime: %d", mode, status)
				}
			}
		})
	}
}

// claimsOnly makes users of claims alone.
func claimsOnly(s *site) {
	s.options.RetrieveUser = func(_ *gin.Context, c jwt.Claims) (user, error) {
		return user{ID: driver.UserID(c.Subject)}, nil
	}
}

func expectRevoked(t *testing.T, s *site, token string) {
	t.Helper()
	if w := s.form("/revoke", "token", token, "token_type_hint", "refresh_token"); w.Code != http.StatusOK {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestStatementsOfAnAuthenticatedRequest(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		edit []siteOption
		want int64
	}{
		"checked":                      {nil, 1},
		"stateless":                    {[]siteOption{stateless}, 1},
		"stateless, users from claims": {[]siteOption{stateless, claimsOnly}, 0},
	} {
		s := newSite(t, test.edit...)
		token := s.logIn(t).AccessToken
		before := s.statements.Load()
		if status := s.me(token); status != http.StatusOK {
			t.Errorf("%s: %d", name, status)
		}
		if got := s.statements.Load() - before; got != test.want {
			t.Errorf("%s: %d statements", name, got)
		}
	}
}

// RFC 7009, 2.2
func TestRevokeAnswers200ToWhateverToken(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	a := s.logIn(t)
	for _, token := range []string{"x", strings.Repeat("A", 64), a.AccessToken + "x", a.RefreshToken, a.RefreshToken, a.AccessToken} {
		expectRevoked(t, s, token)
	}
	if w := s.form("/revoke"); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "invalid_request") {
		t.Errorf("no token: %d %s", w.Code, w.Body)
	}
}

func TestFlowWithoutRefreshTokens(t *testing.T) {
	t.Parallel()
	s := newSite(t, stateless, func(s *site) { s.flow.NoRefresh = true })
	a := s.logIn(t)
	if a.RefreshToken != "" || s.me(a.AccessToken) != http.StatusOK {
		t.Errorf("%+v", a)
	}
	expectRevoked(t, s, a.AccessToken)
	if w := s.form("/token", "grant_type", "refresh_token", "refresh_token", strings.Repeat("A", 64)); !strings.Contains(w.Body.String(), "unsupported_grant_type") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	checked := jwt.Bearer(config(), jwt.BackendOptions[user]{Accept: s.options.Accept, Users: s.db})
	c := contextWith("Bearer " + a.AccessToken)
	if _, err := checked.Authenticate(c); err == nil || !strings.Contains(err.Error(), "required claim") {
		t.Errorf("a token without sid in the checked mode: %v", err)
	}
}

func TestRefreshGraceCanBeSwitchedOff(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(s *site) { s.flow.RefreshGrace = -1 })
	token := s.logIn(t).RefreshToken
	answerIn(t, s.refresh(token))
	if w := s.refresh(token); w.Code != http.StatusBadRequest {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
