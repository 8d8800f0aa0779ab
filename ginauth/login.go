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

// Login returns the handler that takes Credentials as JSON or as a form and starts a new
// session; the one before, if any, ends. It answers 200 with the user, and one and the
// same 401, after the same work, for an unknown address, a wrong password, a disabled
// user and a user without a password. After too many attempts it answers 429, whatever the password
// and whether or not there is an account; see Limits. Hashes of lesser strength are replaced on the way.
// Mount it with POST; its route is open by itself and need not be excluded.
func Login[U any](cfg *Config[U]) gin.HandlerFunc {
	m := cfg.accounts("Login")
	h := route.New(route.Info{Name: "login", For: route.LoggedOut, Mount: m, Cookie: m.cookie.name, User: shown(cfg), Redirects: m.pages.AfterLogin != ""}, func(c *gin.Context) {
		u, err := logIn(c, cfg)
		if err != nil {
			Fail(c, err)
			return
		}
		m.welcome(c, http.StatusOK, cfg.o.View(u))
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
	from := &lookup[U]{cfg: cfg}
	k := claim{identifier: form.Email, plain: form.Password, from: from}
	for range 2 { // another login may have replaced the hash by a stronger one meanwhile
		p, err := m.prove(ctx, c, k)
		if err != nil {
			return u, err
		}
		if err = st.begin(ctx, c, &from.user, p, form.Remember); err == nil {
			upgradeHash(ctx, cfg, p.account.ID, p.hash, form.Password)
			return from.user, nil
		}
		if !errors.Is(err, driver.ErrNoUser) || k.counted != nil {
			return u, err
		}
		k.counted = &p.tried
	}
	return u, nil
}

// VerifyPassword returns the user to whom a password belongs, for ways to log in that Login does
// not cover. An unknown address, a wrong password, a disabled user and one without a password are
// one error, ErrInvalidCredentials, after the same work; ErrBusy means that too many wait
// already, and ErrTooManyAttempts that there were too many with this address, here or in Login, or
// from this client. Nobody is logged in by it: see SignIn.
func VerifyPassword[U any](c *gin.Context, cfg *Config[U], email, plain string) (U, error) {
	return verify(c, cfg, email, plain, &lookup[U]{cfg: cfg})
}

// VerifyPasswordHash is VerifyPassword for a user and a hash that the caller has found in its own way.
func VerifyPasswordHash[U any](c *gin.Context, cfg *Config[U], u U, hash password.Hash, plain string) error {
	if err := cfg.made(); err != nil {
		return err
	}
	_, err := verify(c, cfg, cfg.account(&u).Identifier, plain, &lookup[U]{cfg: cfg, user: u, hash: hash, has: true})
	return err
}

func verify[U any](c *gin.Context, cfg *Config[U], identifier, plain string, from *lookup[U]) (none U, err error) {
	if err := cfg.made(); err != nil {
		return none, err
	}
	if c.Request == nil {
		return none, errNoRequest
	}
	ctx, leave, err := cfg.m.enterHasher(c)
	if err != nil {
		return none, err
	}
	defer leave()
	given := from.has
	p, err := cfg.m.prove(ctx, c, claim{identifier: identifier, plain: plain, from: from})
	if err != nil {
		return none, err
	}
	p.settling(p.account.ID, false).finish(ctx, nil)
	if !given {
		upgradeHash(ctx, cfg, p.account.ID, p.hash, plain)
	}
	return from.user, nil
}

// upgradeHash never fails a login: errors are only logged.
func upgradeHash[U any](ctx context.Context, cfg *Config[U], id driver.UserID, old password.Hash, plain string) {
	if !cfg.o.Passwords.NeedsRehash(old) {
		return
	}
	fresh, err := cfg.o.Passwords.Hash(ctx, plain)
	if err == nil {
		err = cfg.o.Users.ReplaceHash(ctx, id, old, fresh)
	}
	if err != nil {
		cfg.o.Logger.WarnContext(ctx, "ginauth: a password hash could not be upgraded", "user_id", id, "error", err)
	}
}
