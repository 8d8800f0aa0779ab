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
		u, err := logIn(c, m, cfg)
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
func logIn[U any](c *gin.Context, m *mount, cfg *Config[U]) (u U, err error) {
	st, err := m.stateFor(c)
	if err != nil {
		return u, err
	}
	var form Credentials
	if err := Bind(c, &form); err != nil {
		return u, err
	}
	ctx, leave, err := m.proxies.enterHasher(c.Request.Context(), c, cfg.o.Passwords)
	if err != nil {
		return u, err
	}
	defer leave()
	attempt, found, err := guess[U](ctx, c, m.throttle, form.Email)
	if err != nil {
		return u, err
	}
	u, hash, done, err := startSession(ctx, c, st, cfg, form, attempt, found)
	switch {
	case errors.Is(err, ErrInvalidCredentials):
		m.event(c, driver.LoginFailed, "identifier", hideIdentifier(form.Email))
		recordFailure(c, m.logger(), cfg.o.Users, cfg.account(&u), form.Email)
		return u, err
	case err != nil:
		return u, err
	}
	done.finish(ctx, st)
	m.event(c, driver.LoginSucceeded, "user_id", cfg.account(&u).ID, "session", st.digest)
	upgradeHash(ctx, cfg, cfg.account(&u).ID, hash, form.Password)
	return u, nil
}

// startSession verifies and signs in. The session is only stored while the hash is still the
// verified one; when another login has just replaced it by a stronger one, it tries again.
func startSession[U any](
	ctx context.Context, c *gin.Context, st *state, cfg *Config[U], form Credentials, attempt tried, found *credential[U],
) (u U, hash password.Hash, done settling, err error) {
	for range 2 {
		u, hash, err = verify(ctx, cfg, form, found)
		if err != nil {
			return u, hash, done, err
		}
		done = attempt.settling(cfg.account(&u).ID, true)
		n := driver.NewSession{Credential: hash, Persistent: form.Remember, Settles: done.within(st.store), NewDevice: done.newDevice(st.store)}
		err = st.signIn(c, &u, cfg.account(&u), n) //nolint:contextcheck // ctx only adds a place in the queue
		if !errors.Is(err, driver.ErrNoUser) {
			return u, hash, done, err
		}
		found = nil // is out of date
	}
	return u, hash, done, err
}

// VerifyPassword returns the user to whom a password belongs, for ways to log in that Login does
// not cover. An unknown address, a wrong password, a disabled user and one without a password are
// one error, ErrInvalidCredentials, after the same work; ErrBusy means that too many wait
// already, and ErrTooManyAttempts that there were too many with this address, here or in Login, or
// from this client. Nobody is logged in by it: see SignIn.
func VerifyPassword[U any](c *gin.Context, cfg *Config[U], email, plain string) (U, error) {
	return verifyCounted(c, cfg, email, plain, nil)
}

// VerifyPasswordHash is VerifyPassword for a user and a hash that the caller has found in its own way.
func VerifyPasswordHash[U any](c *gin.Context, cfg *Config[U], u U, hash password.Hash, plain string) error {
	if err := cfg.made(); err != nil {
		return err
	}
	_, err := verifyCounted(c, cfg, cfg.account(&u).Identifier, plain, &credential[U]{user: u, hash: hash})
	return err
}

// verifyCounted looks the credential up, unless it is given.
func verifyCounted[U any](c *gin.Context, cfg *Config[U], email, plain string, given *credential[U]) (U, error) {
	var none U
	if err := cfg.made(); err != nil {
		return none, err
	}
	if c.Request == nil {
		return none, errNoRequest
	}
	ctx, leave, err := cfg.m.proxies.enterHasher(c.Request.Context(), c, cfg.o.Passwords)
	if err != nil {
		return none, err
	}
	defer leave()
	attempt, found, err := guess[U](ctx, c, cfg.m.throttle, email)
	if err != nil {
		return none, err
	}
	if given != nil {
		found = given
	}
	u, hash, err := verify(ctx, cfg, Credentials{Email: email, Password: plain}, found)
	account := cfg.account(&u)
	if errors.Is(err, ErrInvalidCredentials) {
		LogEvent(c, driver.LoginFailed, "identifier", hideIdentifier(email))
		recordFailure(c, cfg.o.Logger, cfg.o.Users, account, email)
	}
	if err != nil {
		return none, err
	}
	attempt.settling(account.ID, false).finish(ctx, nil)
	if given == nil {
		upgradeHash(ctx, cfg, account.ID, hash, plain)
	}
	return u, nil
}

// verify returns the user to whom the credentials belong. It looks the credential up unless that was found
// already.
func verify[U any](ctx context.Context, cfg *Config[U], form Credentials, known *credential[U]) (u U, hash password.Hash, err error) {
	hash, err = verifyFound(ctx, cfg, form, func(canonical string) (id driver.UserID, found password.Hash, err error) {
		if known != nil {
			u, found, err = known.user, known.hash, known.err
		} else {
			u, found, err = cfg.o.Users.FindCredential(ctx, canonical)
		}
		return cfg.account(&u).ID, found, err
	})
	if err == nil && cfg.account(&u).Disabled {
		err = ErrInvalidCredentials
	}
	return u, hash, err
}

// verifyFound does one hash verification against what find returns, whoever asks (SEC-29, SEC-32).
func verifyFound[U any](ctx context.Context, cfg *Config[U], form Credentials, find func(canonical string) (driver.UserID, password.Hash, error)) (hash password.Hash, err error) {
	unknown := true
	if canonical, invalid := driver.CanonicalEmail(form.Email); invalid == nil {
		var id driver.UserID
		id, hash, err = find(canonical)
		if errors.Is(err, password.ErrMalformedHash) { // a fault of ours, which must not mark the account
			cfg.o.Logger.ErrorContext(ctx, "ginauth: a stored password hash cannot be used", "user_id", id, "identifier", hideIdentifier(canonical), "error", err)
		} else if err != nil && !errors.Is(err, driver.ErrNoUser) {
			return hash, err
		}
		unknown = err != nil
	}
	if unknown {
		hash = password.Hash{}
	}
	ok, err := cfg.o.Passwords.Verify(ctx, hash, form.Password)
	if err != nil {
		return hash, hashing(err)
	}
	if !ok || unknown {
		return hash, ErrInvalidCredentials
	}
	return hash, nil
}

// upgradeHash is not worth failing a login for.
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
