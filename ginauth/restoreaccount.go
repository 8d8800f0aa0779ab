package ginauth

import (
	"context"
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
		u, err := restoreAccount(c, cfg, users)
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
func restoreAccount[U any](c *gin.Context, cfg *Config[U], users driver.Accounts[U]) (u U, err error) {
	m := cfg.m
	st, err := m.stateFor(c)
	if err != nil {
		return u, err
	}
	var form Credentials
	if err := Bind(c, &form); err != nil {
		return u, err
	}
	ctx, leave, err := m.enterHasher(c)
	if err != nil {
		return u, err
	}
	defer leave()
	k := claim{identifier: form.Email, plain: form.Password, from: archivedUsers[U]{users, m.throttle.limiter}}
	p, err := m.prove(ctx, c, k)
	if err != nil {
		return u, err
	}
	u, err = users.RestoreUser(ctx, p.account.ID, p.hash)
	if errors.Is(err, driver.ErrNoUser) { // restored or deleted meanwhile
		m.recordGuess(c, k, p.account)
		return u, ErrInvalidCredentials
	}
	if err != nil {
		return u, err
	}
	m.event(c, driver.UserRestored, "user_id", p.account.ID)
	p.account = cfg.account(&u)
	return u, st.begin(ctx, c, &u, p, form.Remember)
}

// archivedUsers are the credentials of users who wait to be deleted.
type archivedUsers[U any] struct {
	users   driver.Accounts[U]
	limiter driver.Limiter
}

func (a archivedUsers[U]) count(ctx context.Context, attempt driver.Attempt, _ string) (driver.Verdict, error) {
	return a.limiter.CountAttempt(ctx, attempt)
}

func (a archivedUsers[U]) find(ctx context.Context, canonical string) (driver.Account, password.Hash, error) {
	id, hash, err := a.users.FindArchived(ctx, canonical)
	return driver.Account{ID: id}, hash, err
}
