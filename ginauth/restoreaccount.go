package ginauth

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/route"
	"github.com/ginauth/ginauth/ginauth/password"
)

// RestoreAccount returns the handler that undoes DeleteAccountAfter within its grace: it takes the Credentials
// of a login, and logs the user in. It answers 200 with the user, and one and the same 401, after the same
// work, for everybody else, those with an account that is not about to be deleted among them. Mount it with
// POST; its route is open by itself. It panics when Users is no
// driver.Accounts.
func RestoreAccount[U any](cfg *Config[U]) gin.HandlerFunc {
	const name = "RestoreAccount"
	m := cfg.accounts(name)
	users := usersAs[driver.Accounts[U]](name, m)
	h := route.New(route.Info{Name: "restoreAccount", For: route.LoggedOut, Mount: m, Cookie: m.cookie.name, Redirects: m.pages.AfterLogin != ""}, func(c *gin.Context) {
		u, err := restoreAccount(c, m, cfg, users)
		if err != nil {
			Fail(c, err)
			return
		}
		m.welcome(c, http.StatusOK, cfg.o.View(u))
	})
	return h.As(func(c *gin.Context) { h.Serve(c) })
}

// @Summary		Restore my account
// @Description	Undoes the deletion of an account within its time for second thoughts, and starts a session.
// @ID				restoreAccount
// @Tags			account
// @Accept			json,x-www-form-urlencoded
// @Produce		json,application/problem+json
// @Param			credentials	body		Credentials	true	"E-mail address and password"
// @Success		200			{object}	store.User
// @Failure		400			{object}	Problem	"malformed_body"
// @Failure		401			{object}	Problem	"invalid_credentials"
// @Failure		403			{object}	Problem	"cross_origin"
// @Failure		413			{object}	Problem	"body_too_large"
// @Failure		415			{object}	Problem	"unsupported_media_type"
// @Failure		422			{object}	Problem	"validation_failed"
// @Failure		429			{object}	Problem	"too_many_attempts"
// @Failure		503			{object}	Problem	"unavailable, busy"
// @Router			/user/restore [post]
func restoreAccount[U any](c *gin.Context, m *mount, cfg *Config[U], users driver.Accounts[U]) (u U, err error) {
	st, err := m.stateFor(c)
	if err != nil {
		return u, err
	}
	var form Credentials
	if err := Bind(c, &form); err != nil {
		return u, err
	}
	ctx, leave, err := m.proxies.enterHasher(AuditContext(c), c, cfg.o.Passwords)
	if err != nil {
		return u, err
	}
	defer leave()
	attempt, _, err := guess[U](ctx, c, m.throttle, form.Email)
	if err != nil {
		return u, err
	}
	var id driver.UserID
	hash, err := verifyFound(ctx, cfg, form, func(canonical string) (_ driver.UserID, found password.Hash, err error) {
		id, found, err = users.FindArchived(ctx, canonical)
		return id, found, err
	})
	if err == nil {
		u, err = users.RestoreUser(ctx, id, hash)
	}
	if errors.Is(err, driver.ErrNoUser) {
		err = ErrInvalidCredentials
	}
	if errors.Is(err, ErrInvalidCredentials) {
		m.event(c, driver.LoginFailed, "identifier", hideIdentifier(form.Email))
		recordFailure(c, m.logger(), cfg.o.Users, driver.Account{ID: id}, form.Email)
	}
	if err != nil {
		return u, err
	}
	m.event(c, driver.UserRestored, "user_id", id)
	done := attempt.settling(id, true)
	session := driver.NewSession{Credential: hash, Persistent: form.Remember, Settles: done.within(st.store), NewDevice: done.newDevice(st.store)}
	if err := st.signIn(c, &u, cfg.account(&u), session); err != nil {
		return u, err
	}
	done.finish(ctx, st)
	m.event(c, driver.LoginSucceeded, "user_id", id, "session", st.digest)
	return u, nil
}
