package ginauth_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/gin-contrib/sessions"
	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/account"
	"github.com/ginauth/ginauth/ginauth/apikey"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/email"
	"github.com/ginauth/ginauth/ginauth/flow"
	"github.com/ginauth/ginauth/ginauth/internal/built"
	"github.com/ginauth/ginauth/ginauth/jwt"
)

// principalRows has a row for every function that makes a handler or takes a *gin.Context. A row without a handler
// is of one that changes neither account nor credentials nor session.
func principalRows(s *stage) map[string]row {
	rows := map[string]row{}
	for _, more := range []map[string]row{harmlessRows(), accountRows(s), sessionRows(s), keyRows(s), linkRows(s), tokenRows(s)} {
		for name, r := range more {
			rows[name] = r
		}
	}
	return rows
}

func harmlessRows() map[string]row {
	rows := map[string]row{}
	for _, name := range []string{
		"ginauth.Session", "ginauth.Authenticate", "ginauth.Wrap", "ginauth.Require", "ginauth.AuditContext", "ginauth.Fail",
		"flow.Bind", "flow.BindRegistration", "flow.CanSignIn", "flow.CountGuess", "flow.HashNewPassword", "flow.LogEvent", "flow.PrefersHTML",
		"flow.Reply", "flow.RequestOrigin", "flow.Throttle", "flow.ThrottleBadCredentials", "flow.VerifyPassword", "flow.VerifyPasswordHash",
	} {
		rows[name] = row{}
	}
	rows["jwt.PublicKeys"] = row{}
	return rows
}

const (
	ok           = http.StatusOK
	created      = http.StatusCreated
	accepted     = http.StatusAccepted
	noContent    = http.StatusNoContent
	unauthorized = http.StatusUnauthorized
	forbidden    = http.StatusForbidden
	notFound     = http.StatusNotFound
	conflict     = http.StatusConflict
)

// json is a body in which %d is the scene's number.
func jsonBody(format string) func(*testing.T, *scene) string {
	return func(_ *testing.T, s *scene) string { return fmt.Sprintf(format, s.count) }
}

const adasCredentials = `{"email":"ada%d@example.com","password":"correct horse battery staple"}`

func nothing[F any](context.Context, F, *user) error { return nil }

func accountRows(s *stage) map[string]row {
	cfg := s.cfg
	newcomer := jsonBody(`{"name":"Kay","email":"kay%d@example.com","password":"correct horse battery staple"}`)
	password := jsonBody(`{"current_password":"correct horse battery staple","new_password":"nanoseconds are short wires %d"}`)
	first := jsonBody(`{"new_password":"nanoseconds are short wires %d"}`)
	name := jsonBody(`{"name":"Ada King %d"}`)
	either := cfg
	either.Identifier = driver.EitherIdentifier
	return map[string]row{
		// These prove by their body who asks, whatever came along.
		"ginauth.Login":          {handler: ginauth.Login(built.Config(cfg)), body: jsonBody(adasCredentials), narrow: ok, full: ok, moves: true},
		"account.RestoreAccount": {handler: account.RestoreAccount(built.Config(cfg)), body: jsonBody(adasCredentials), narrow: unauthorized, full: unauthorized},
		"ginauth.SignUp":         {handler: ginauth.SignUp(built.Config(cfg)), body: newcomer, narrow: created, full: created, moves: true},
		"ginauth.SignUpWith":     {handler: ginauth.SignUpWith(built.Config(cfg), nothing[ginauth.Registration]), body: newcomer, narrow: created, full: created, moves: true},

		"ginauth.Me":                 {method: http.MethodGet, handler: ginauth.Me(built.Config(cfg)), narrow: ok, full: ok},
		"account.ChangePassword":     {handler: account.ChangePassword(built.Config(cfg)), body: password, narrow: forbidden, full: noContent},
		"account.ChangeUsername":     {handler: account.ChangeUsername(built.Config(either)), body: jsonBody(`{"username":"ada-%d"}`), narrow: forbidden, full: ok},
		"account.SetPassword":        {handler: account.SetPassword(built.Config(cfg)), body: first, narrow: forbidden, full: conflict},
		"account.UpdateProfile":      {handler: account.UpdateProfile(built.Config(cfg)), body: name, narrow: forbidden, full: ok},
		"account.UpdateProfileWith":  {handler: account.UpdateProfileWith(built.Config(cfg), nothing[account.Profile]), body: name, narrow: forbidden, full: ok},
		"account.ExportAccount":      {method: http.MethodGet, handler: account.ExportAccount(built.Config(cfg)), narrow: forbidden, full: ok},
		"account.DeleteAccount":      {handler: account.DeleteAccount(built.Config(cfg)), narrow: forbidden, full: noContent},
		"account.DeleteAccountAfter": {handler: account.DeleteAccountAfter(built.Config(cfg), time.Hour), narrow: forbidden, full: ok},
		"account.Events":             {method: http.MethodGet, handler: account.Events(built.Config(cfg)), narrow: forbidden, full: ok},
		"account.ListEvents":         {method: http.MethodGet, handler: fails(func(c *gin.Context) error { _, err := account.ListEvents(c); return err }), narrow: forbidden, full: ok},
		"flow.CurrentOwner":          {handler: fails(func(c *gin.Context) error { _, err := flow.CurrentOwner(c, time.Hour); return err }), narrow: forbidden, full: ok},
	}
}

func sessionRows(s *stage) map[string]row {
	cfg := s.cfg
	password := jsonBody(`{"password":"correct horse battery staple","next":"/%d"}`)
	return map[string]row{
		"account.Reauthenticate":      {handler: account.Reauthenticate(built.Config(cfg)), body: password, narrow: forbidden, full: forbidden},
		"ginauth.Logout":              {handler: ginauth.Logout(built.Config(cfg)), narrow: forbidden, full: forbidden},
		"ginauth.SignOut":             {handler: fails(ginauth.SignOut), narrow: forbidden, full: forbidden},
		"ginauth.Renew":               {handler: fails(ginauth.Renew), narrow: ok, full: ok}, // there is no session to renew
		"ginauth.SignIn":              {handler: fails(func(c *gin.Context) error { return ginauth.SignIn(c, s.known(c)) }), narrow: ok, full: ok, moves: true},
		"flow.SignIn":                 {handler: fails(func(c *gin.Context) error { return flow.SignIn(c, s.known(c)) }), narrow: ok, full: ok, moves: true},
		"flow.Confirm":                {handler: fails(func(c *gin.Context) error { return flow.Confirm(c, driver.ByHardwareKey) }), narrow: forbidden, full: forbidden},
		"flow.KnowBrowser":            {handler: fails(func(c *gin.Context) error { return flow.KnowBrowser(c, built.Config(cfg), s.known(c)) }), narrow: ok, full: ok},
		"account.Sessions":            {method: http.MethodGet, handler: account.Sessions(built.Config(cfg)), narrow: forbidden, full: ok},
		"account.ListLogins":          {handler: fails(func(c *gin.Context) error { _, err := account.ListLogins(c); return err }), narrow: forbidden, full: ok},
		"ginauth.SessionValues":       {handler: fails(func(c *gin.Context) error { _, err := ginauth.SessionValues(c); return err }), narrow: ok, full: ok},
		"account.RevokeSession":       {handler: account.RevokeSession(built.Config(cfg)), narrow: forbidden, full: notFound},
		"account.RevokeOtherSessions": {handler: account.RevokeOtherSessions(built.Config(cfg)), narrow: forbidden, full: noContent},
		"account.RevokeAllSessions":   {handler: account.RevokeAllSessions(built.Config(cfg)), narrow: forbidden, full: noContent},
		// Without a session's cookie there is a new one to write to.
		"ginauth.With": {handler: ginauth.With(func(c *gin.Context, _ user) { sessions.Default(c).Get("seen") }), narrow: ok, full: ok},
	}
}

func keyRows(s *stage) map[string]row {
	request := jsonBody(`{"name":"another %d","scopes":["everything"]}`)
	return map[string]row{
		"apikey.Create": {handler: apikey.Create(s.keys), body: request, narrow: forbidden, full: created},
		"apikey.Issue": {handler: fails(func(c *gin.Context) error {
			_, _, err := apikey.Issue(c, s.keys, apikey.Request{Name: "another", Scopes: []string{"everything"}})
			return err
		}), narrow: forbidden, full: ok},
		"apikey.List":      {method: http.MethodGet, handler: apikey.List(s.keys), narrow: forbidden, full: ok},
		"apikey.Revoke":    {handler: apikey.Revoke(s.keys), narrow: forbidden, full: noContent},
		"apikey.RevokeAll": {handler: apikey.RevokeAll(s.keys), narrow: forbidden, full: noContent},
	}
}

// linkRows are those of mails. A link is a proof of its own, for who reads the mailbox.
func linkRows(s *stage) map[string]row {
	link := func(kind driver.MailKind, format string) func(*testing.T, *scene) string {
		return func(t *testing.T, c *scene) string {
			t.Helper()
			address := c.ada.Email
			if kind == driver.MailVerify {
				s.exec(t, "UPDATE ginauth.users SET verified_at = NULL WHERE id = $1", string(c.ada.ID))
			}
			if kind == driver.MailChange {
				address = "new." + address
			}
			return fmt.Sprintf(format, s.link(t, kind, c.ada, address))
		}
	}
	newcomer := jsonBody(`{"name":"Kay","email":"jay%d@example.com","password":"correct horse battery staple"}`)
	address := func(_ *testing.T, c *scene) string { return `{"email":"nobody` + string(c.ada.ID) + `@example.com"}` }
	return map[string]row{
		"email.ForgotPassword":     {handler: email.ForgotPassword(s.mails), body: address, narrow: accepted, full: accepted},
		"email.ResendVerification": {handler: email.ResendVerification(s.mails), body: address, narrow: accepted, full: accepted},
		"email.SendMagicLink":      {handler: email.SendMagicLink(s.mails), body: address, narrow: accepted, full: accepted},
		"email.SignUp":             {handler: email.SignUp(s.mails), body: newcomer, narrow: accepted, full: accepted},
		"email.SignUpWith":         {handler: email.SignUpWith(s.mails, nothing[ginauth.Registration]), body: newcomer, narrow: accepted, full: accepted},
		"email.ChangeEmail":        {handler: email.ChangeEmail(s.mails), body: address, narrow: forbidden, full: accepted},
		"email.VerifyEmail":        {handler: email.VerifyEmail(s.mails), body: link(driver.MailVerify, `{"token":"%s"}`), narrow: forbidden, full: noContent},
		"email.ConfirmEmailChange": {handler: email.ConfirmEmailChange(s.mails), body: link(driver.MailChange, `{"token":"%s"}`), narrow: forbidden, full: noContent},
		"email.ResetPassword":      {handler: email.ResetPassword(s.mails), body: link(driver.MailReset, `{"token":"%s","password":"nanoseconds are short wires"}`), narrow: noContent, full: noContent},
		"email.MagicLink":          {handler: email.MagicLink(s.mails), body: link(driver.MailLogin, `{"token":"%s"}`), narrow: ok, full: ok, moves: true},
		"email.UndoEmailChange":    {handler: email.UndoEmailChange(s.mails), body: undoLink, narrow: noContent, full: noContent},
	}
}

func undoLink(t *testing.T, c *scene) string {
	t.Helper()
	change, good := driver.ParseToken(c.link(t, driver.MailChange, c.ada, "new."+c.ada.Email))
	if !good {
		t.Fatal("no token")
	}
	if _, err := c.db.UseEmailToken(t.Context(), driver.EmailTokenUse{Kind: driver.MailChange, Digest: change.Digest()}); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf(`{"token":"%s"}`, c.nextMail(t))
}

// tokenRows are those that take a password, a refresh token or a cookie of their own, whatever came along.
func tokenRows(s *stage) map[string]row {
	form := func(format string) func(*testing.T, *scene) string {
		return func(_ *testing.T, c *scene) string { return fmt.Sprintf(format, url.QueryEscape(c.ada.Email)) }
	}
	revoked := func(_ *testing.T, c *scene) string { return "token=" + c.narrow }
	return map[string]row{
		"jwt.Login":   {handler: jwt.Login(s.flow, jwt.InBody), body: jsonBody(adasCredentials), narrow: ok, full: ok},
		"jwt.Token":   {handler: jwt.Token(s.flow), body: form("grant_type=password&username=%s&password=correct+horse+battery+staple"), narrow: ok, full: ok},
		"jwt.Refresh": {handler: jwt.Refresh(s.flow), body: form("refresh_token=%s"), narrow: http.StatusBadRequest, full: http.StatusBadRequest},
		"jwt.Revoke":  {handler: jwt.Revoke(s.flow), body: revoked, narrow: ok, full: ok},
		"jwt.SignIn":  {handler: fails(func(c *gin.Context) error { _, err := jwt.SignIn(c, s.flow, jwt.InBody, s.known(c)); return err }), narrow: ok, full: ok},
		"jwt.Logout":  {handler: jwt.Logout(s.flow), narrow: noContent, full: noContent},
	}
}

// fails makes a handler of a function that may refuse.
func fails(call func(*gin.Context) error) gin.HandlerFunc {
	return func(c *gin.Context) {
		if err := call(c); err != nil {
			ginauth.Fail(c, err)
		}
	}
}

// known is Ada, as an app knows her by a login of its own.
func (s *stage) known(c *gin.Context) user {
	_, u, _, err := s.db.CountAndFindCredential(c.Request.Context(), driver.Attempt{}, fmt.Sprintf("ada%d@example.com", s.count))
	if err != nil {
		ginauth.Fail(c, err)
	}
	return u
}
