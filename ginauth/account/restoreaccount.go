package account

import (
	"context"
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/engine"
	"github.com/ginauth/ginauth/ginauth/internal/route"
	"github.com/ginauth/ginauth/ginauth/password"
)

// RestoreAccount returns the handler that undoes DeleteAccountAfter within its grace: it takes the
// Credentials of a login and logs the user in. It answers 200 with the user. All other requests get
// the same 401 after the same work, including those about an account that is not going to be
// deleted. Mount it with POST; its route is open and need not be excluded. It panics if Users is
// not a driver.Accounts.
func RestoreAccount[U any](cfg *ginauth.Config[U]) gin.HandlerFunc {
	const name = "account.RestoreAccount"
	m := cfg.Engine().WithAccounts(name)
	users := engine.UsersAs[driver.Accounts[U]](name, m)
	h := route.New(route.Info{Name: "restoreAccount", For: route.LoggedOut, Mount: m, Cookie: m.Cookie.Name, Redirects: m.Pages.AfterLogin != ""}, func(c *gin.Context) {
		u, err := restoreAccount(c, cfg, users)
		if err != nil {
			ginauth.Fail(c, err)
			return
		}
		m.Welcome(c, http.StatusOK, m.Edge.View(&u))
	})
	return h.As(func(c *gin.Context) { h.Serve(c) })
}

// @Summary		Restore my account
// @Description	Undoes the deletion of an account within its time for second thoughts, and starts a session.
// @ID				restoreAccount
// @Tags			account
// @Accept			json,x-www-form-urlencoded
// @Produce		json,application/problem+json
// @Param			credentials	body		ginauth.Credentials	true	"E-mail address and password"
// @Success		200			{object}	store.User
// @Failure		400			{object}	ginauth.Problem	"malformed_body"
// @Failure		401			{object}	ginauth.Problem	"invalid_credentials"
// @Failure		403			{object}	ginauth.Problem	"cross_origin"
// @Failure		413			{object}	ginauth.Problem	"body_too_large"
// @Failure		415			{object}	ginauth.Problem	"unsupported_media_type"
// @Failure		422			{object}	ginauth.Problem	"validation_failed"
// @Failure		429			{object}	ginauth.Problem	"too_many_attempts"
// @Failure		503			{object}	ginauth.Problem	"unavailable, busy"
// @Router			/user/restore [post]
func restoreAccount[U any](c *gin.Context, cfg *ginauth.Config[U], users driver.Accounts[U]) (u U, err error) {
	m := cfg.Engine()
	st, err := m.StateFor(c)
	if err != nil {
		return u, err
	}
	var form ginauth.Credentials
	identifier, err := m.BindLogin(c, &form, func() (string, string) { return form.Email, form.Username })
	if err != nil {
		return u, err
	}
	ctx, leave, err := m.EnterHasher(c)
	if err != nil {
		return u, err
	}
	defer leave()
	k := engine.Claim{Identifier: identifier, Plain: form.Password, From: archivedUsers[U]{users, m.Throttle.Limiter}}
	p, err := m.Prove(ctx, c, k)
	if err != nil {
		return u, err
	}
	u, err = users.RestoreUser(ctx, p.Account.ID, p.Hash)
	if errors.Is(err, driver.ErrNoUser) { // another request has just restored or deleted the user
		m.RecordGuess(c, k, p.Account)
		return u, ginauth.ErrInvalidCredentials
	}
	if err != nil {
		return u, err
	}
	m.Event(c, driver.UserRestored, "user_id", p.Account.ID)
	p.Account = cfg.Account(u)
	return u, st.Begin(ctx, c, &u, p, form.Remember)
}

// archivedUsers finds the credentials of users who are going to be deleted.
type archivedUsers[U any] struct {
	users   driver.Accounts[U]
	limiter driver.Limiter
}

func (a archivedUsers[U]) Count(ctx context.Context, attempt driver.Attempt, _ string) (driver.Verdict, error) {
	return a.limiter.CountAttempt(ctx, attempt)
}

func (a archivedUsers[U]) Find(ctx context.Context, canonical string) (driver.Account, password.Hash, error) {
	id, hash, err := a.users.FindArchived(ctx, canonical)
	return driver.Account{ID: id}, hash, err
}
