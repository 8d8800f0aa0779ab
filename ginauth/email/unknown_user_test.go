package email_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/email"
	"github.com/ginauth/ginauth/store"
	"github.com/ginauth/ginauth/store/storetest"
)

// Two databases look alike to a router that is built: the sessions' one does not know the users.
func TestALinkOfAUserWhomTheSessionsStoreDoesNotKnowIsAFault(t *testing.T) { // SEC-190
	t.Parallel()
	home := newApp(t)
	want(t, "sign-up", home.anyone().post("/signup", ada), http.StatusCreated)
	a := newAppOn(t, home.pool, func(f *flows) {
		f.Config.Sessions = store.NewSessions(storetest.NewDB(t), store.WithTimeout(time.Minute))
	})
	token := a.token(t, "/send")
	wantProblem(t, "the link", a.anyone().use("/magic", token), http.StatusInternalServerError, "not_mounted")
	if !strings.Contains(a.log.String(), "Config.Sessions, a *store.Sessions, does not know it") {
		t.Errorf("the log says %s", a.log)
	}
}

func TestMailsOfOtherUsersAreRefused(t *testing.T) { // SEC-190
	t.Parallel()
	a := newApp(t)
	for says, edit := range map[string]func(*flows){
		"Config.Users and Store do not fit": func(f *flows) {
			f.Config.Users, f.Config.Sessions = struct{ driver.Users[user] }{a.db}, nil
		},
		"set Config.Users to the store": func(f *flows) { f.Config.Users = nil },
	} {
		f := a.mails
		edit(&f)
		if err := f.Validate(); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %q", err, says)
		}
	}
	f := a.mails
	f.Config.Users = &struct{ *store.DB[user] }{a.db}
	if err := f.Validate(); err != nil {
		t.Error(err)
	}
	email.MagicLink(f)
}
