package jwt_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/built"
	"github.com/ginauth/ginauth/ginauth/jwt"
	"github.com/ginauth/ginauth/store"
	"github.com/ginauth/ginauth/store/storetest"
)

// Two databases look alike to a router that is built: the tokens' one does not know the users.
func TestAUserWhomTheRefreshStoreDoesNotKnowIsAFault(t *testing.T) { // SEC-190
	t.Parallel()
	s := newSite(t, func(s *site) {
		s.flow.Refresh = store.New[user](storetest.NewDB(t), store.WithTimeout(time.Minute))
		s.flow.app.Logger = s.log.Logger()
	})
	for what, r := range map[string]*http.Request{
		"login": jsonRequest("/login", `{"email":"ada@example.com","password":"`+secretOfAda+`"}`),
		"token": formRequest("/token", url.Values{"grant_type": {"password"}, "username": {"ada@example.com"}, "password": {secretOfAda}}.Encode()),
	} {
		if w := send(s, r); w.Code != http.StatusInternalServerError || !strings.Contains(w.Body.String(), `"code":"not_mounted"`) {
			t.Errorf("%s: %d %s", what, w.Code, w.Body)
		}
	}
}

// Refresh tokens of package store belong to its own users.
func TestRefreshTokensOfOtherUsersAreRefused(t *testing.T) { // SEC-190
	t.Parallel()
	s := newSite(t)
	f := s.flow
	f.app.NoSessions = true // they would be refused as well
	f.app.Users, f.Refresh = struct{ driver.Users[user] }{s.db}, s.db
	if _, err := jwt.New(built.Config(f.app), f.Options); err == nil || !strings.Contains(err.Error(), "the Users of the Config and Options.Refresh do not fit") {
		t.Errorf("%v", err)
	}
	f.app.Users = &struct{ *store.DB[user] }{s.db}
	jwt.Login(f.built(), jwt.InBody)
	f.app.Users, f.NoRefresh = struct{ driver.Users[user] }{s.db}, true
	jwt.Login(f.built(), jwt.InBody)
}
