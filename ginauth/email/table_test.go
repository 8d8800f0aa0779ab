package email_test

import (
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/email"
	"github.com/ginauth/ginauth/store"
	"github.com/ginauth/ginauth/store/storetest"
)

// A table of the app's own may lack what mails need.
func TestWhatATableLacksIsRefused(t *testing.T) {
	t.Parallel()
	pool := storetest.NewDB(t)
	if _, err := pool.Exec(t.Context(), `CREATE TABLE members (id bigserial PRIMARY KEY, mail text UNIQUE, login text UNIQUE, pw text)`); err != nil {
		t.Fatal(err)
	}
	open := func(c store.Columns, o ginauth.Options[store.User]) (*ginauth.Config[store.User], error) {
		c.ID, c.PasswordHash = "id", "pw"
		table, err := store.NewTable[store.User](t.Context(), pool, "members", c)
		if err != nil {
			t.Fatal(err)
		}
		o.Users = table
		return ginauth.New(o)
	}
	named, err := open(store.Columns{Username: "login"}, ginauth.Options[store.User]{Identifier: driver.UsernameIdentifier})
	if err != nil {
		t.Fatal(err)
	}
	o := email.Options[store.User]{
		Sender: newInbox(t).sender(), BaseURL: "https://app.example.com", From: "a@example.com",
		Pages: email.Pages{Verify: "/verify", Reset: "/reset", Login: "/login", Change: "/change", Undo: "/undo"},
	}
	if _, err := email.New(named, o); err == nil || !strings.Contains(err.Error(), "Columns.Email") {
		t.Errorf("without addresses: %v", err)
	}
	if _, err := open(store.Columns{Email: "mail"}, ginauth.Options[store.User]{Unverified: ginauth.UnverifiedRefused}); err == nil || !strings.Contains(err.Error(), "Columns.VerifiedAt") {
		t.Errorf("Unverified without a column for the proof: %v", err)
	}
	cfg, err := open(store.Columns{Email: "mail"}, ginauth.Options[store.User]{})
	if err != nil {
		t.Fatal(err)
	}
	flows, err := email.New(cfg, o)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		build   func(*email.Flows[store.User]) gin.HandlerFunc
		refused bool
	}{
		"VerifyEmail": {email.VerifyEmail[store.User], true}, "ResendVerification": {email.ResendVerification[store.User], true},
		"MagicLink": {email.MagicLink[store.User], true}, "SendMagicLink": {email.SendMagicLink[store.User], true}, "SignUp": {email.SignUp[store.User], true},
		"ForgotPassword": {email.ForgotPassword[store.User], false}, "ResetPassword": {email.ResetPassword[store.User], false},
		"ChangeEmail": {email.ChangeEmail[store.User], false}, "ConfirmEmailChange": {email.ConfirmEmailChange[store.User], false}, "UndoEmailChange": {email.UndoEmailChange[store.User], false},
	} {
		func() {
			defer func() {
				if text, refused := recover().(string); refused != c.refused || refused && !strings.Contains(text, "email."+name+": ") {
					t.Errorf("%s: refused %v by %q", name, refused, text)
				}
			}()
			c.build(flows)
		}()
	}
}
