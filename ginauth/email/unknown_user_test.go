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
	if !strings.Contains(a.log.String(), "Options.Sessions, a *store.Sessions, does not know it") {
		t.Errorf("the log says %s", a.log)
	}
}

func TestMailsOfOtherUsersAreRefused(t *testing.T) { // SEC-190
	t.Parallel()
	a := newApp(t)
	for says, edit := range map[string]func(*flows){
		"the Users of the Config and Store do not fit": func(f *flows) {
			f.Config.Users, f.Config.NoSessions = struct{ driver.Users[user] }{a.db}, true
		},
		"set the Users of the Config to the store": func(f *flows) { f.Config.Users, f.Config.NoSessions = nil, true },
	} {
		f := a.options
		edit(&f)
		if _, _, err := f.build(); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %q", err, says)
		}
	}
	a.change(t, func(f *flows) { f.Config.Users = &struct{ *store.DB[user] }{a.db} })
	email.MagicLink(a.mails)
}
