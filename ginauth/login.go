package ginauth

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/engine"
	"github.com/ginauth/ginauth/ginauth/internal/route"
)

// Login returns the handler that takes Credentials, as JSON or as a form, and starts a new session.
// A session that the client had before ends. It answers 200 with the user. An unknown address, a
// wrong password, a disabled user and a user without a password all get the same 401 after the same
// work. After too many attempts it answers 429, whatever the password is and whether or not the
// account exists; see Limits. A login replaces a hash that is weaker than the current parameters.
// Mount it with POST. Its route is open and need not be excluded.
func Login[U any](cfg *Config[U]) gin.HandlerFunc {
	m := cfg.Engine().WithAccounts("ginauth.Login")
	h := route.New(route.Info{Name: "login", For: route.LoggedOut, Mount: m, Cookie: m.Cookie.Name, User: m.Edge.ViewType, Redirects: m.Pages.AfterLogin != ""}, func(c *gin.Context) {
		u, err := logIn(c, cfg)
		if err != nil {
			Fail(c, err)
			return
		}
		m.Welcome(c, http.StatusOK, m.Edge.View(&u))
	})
	return h.As(func(c *gin.Context) { h.Serve(c) })
}

// @Summary		Log in
// @Description	Starts a session, whose cookie comes with the answer. A session that was there before ends.
// @ID				login
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
// @Router			/login [post]
func logIn[U any](c *gin.Context, cfg *Config[U]) (u U, err error) {
	m := cfg.m
	st, err := m.StateFor(c)
	if err != nil {
		return u, err
	}
	var form Credentials
	identifier, err := m.BindLogin(c, &form, func() (string, string) { return form.Email, form.Username })
	if err != nil {
		return u, err
	}
	ctx, leave, err := m.EnterHasher(c)
	if err != nil {
		return u, err
	}
	defer leave()
	from := m.Edge.Lookup()
	k := engine.Claim{Identifier: identifier, Plain: form.Password, From: from}
	for range 2 { // another login may just have replaced the hash by a stronger one
		p, err := m.Prove(ctx, c, k)
		if err != nil {
			return u, err
		}
		if err = st.Begin(ctx, c, from.User(), p, form.Remember); err == nil {
			m.UpgradeHash(ctx, p.Account.ID, p.Hash, form.Password)
			return engine.Typed[U](from.User(), nil)
		}
		if !errors.Is(err, driver.ErrNoUser) || k.Counted != nil {
			return u, err
		}
		k.Counted = &p.Tried
	}
	return u, nil
}
