package ginauth

import (
	"context"
	"errors"
	"fmt"

	"github.com/gin-contrib/sessions"
	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/engine"
)

// userLookup returns the function that finds a session's user, as the options of cfg require.
func (cfg *Config[U]) userLookup(store driver.Sessions) func(*gin.Context, *engine.State) (engine.Proof, error) {
	finder, joined := store.(driver.SessionFinder[U])
	var find func(*gin.Context, *engine.State) (U, error)
	switch {
	case cfg.o.RetrieveUser != nil:
		find = func(c *gin.Context, st *engine.State) (U, error) { return cfg.retrieveUser(c, st) }
	case joined:
		find = func(c *gin.Context, st *engine.State) (U, error) {
			return findUserSession(c.Request.Context(), st, finder)
		}
	default:
		find = func(c *gin.Context, st *engine.State) (U, error) {
			return cfg.findSessionThenUser(c.Request.Context(), st)
		}
	}
	prove := func(c *gin.Context, st *engine.State) (engine.Proof, error) {
		u, err := find(c, st)
		if st.Mount.Old != nil && errors.Is(err, ErrUnauthenticated) {
			u, err = cfg.acceptOld(c, st, find)
		}
		if err != nil {
			return engine.Proof{}, err
		}
		account := cfg.account(&u)
		if !account.Usable() {
			return engine.Proof{}, ErrUnauthenticated
		}
		return engine.Proof{User: &u, Account: account, Via: engine.SessionScheme}, nil
	}
	return func(c *gin.Context, st *engine.State) (engine.Proof, error) {
		p, err := prove(c, st)
		st.ObserveCheck(c.Request.Context(), err)
		return p, err
	}
}

// acceptOld exchanges an old login for a session, and returns its user.
func (cfg *Config[U]) acceptOld(c *gin.Context, st *engine.State, find func(*gin.Context, *engine.State) (U, error)) (u U, err error) {
	old, err := st.OldLogin(c)
	if err != nil {
		return u, err
	}
	u, err = cfg.FindUser(c.Request.Context(), old.User)
	if errors.Is(err, driver.ErrNoUser) {
		return u, ErrUnauthenticated
	}
	if err != nil {
		return u, err
	}
	account := cfg.account(&u)
	if !account.Usable() {
		return u, ErrUnauthenticated
	}
	if err := st.Exchange(c, account, old); err != nil || cfg.o.RetrieveUser == nil {
		return u, err
	}
	return find(c, st)
}

func findUserSession[U any](ctx context.Context, st *engine.State, finder driver.SessionFinder[U]) (u U, err error) {
	err = st.FindJoined(ctx, func(digest driver.Digest) (record driver.Session, err error) {
		u, record, err = finder.FindUserSession(ctx, digest)
		return record, err
	})
	return u, err
}

func (cfg *Config[U]) findSessionThenUser(ctx context.Context, st *engine.State) (u U, err error) {
	id, with, err := st.SessionUser(ctx)
	if err != nil {
		return u, err
	}
	if with != nil {
		u, _ = with.(U)
		return u, nil
	}
	u, err = cfg.FindUser(ctx, id)
	if errors.Is(err, driver.ErrNoUser) {
		return u, ErrUnauthenticated
	}
	return u, err
}

// FindUser returns the user with this ID, by Options.Users or Options.FindUser. It returns
// ErrNoUser if the user is gone. It returns ErrNotMounted if neither option is set, and if the
// function returned a user with another ID.
func (cfg *Config[U]) FindUser(ctx context.Context, id UserID) (u U, err error) {
	find := cfg.o.FindUser
	if cfg.o.Users != nil {
		find = cfg.o.Users.FindUser
	}
	if find == nil {
		return u, fmt.Errorf("%w: set Options.FindUser, which returns the user of an ID", ErrNotMounted)
	}
	u, err = find(ctx, id)
	if err != nil {
		return u, err
	}
	if found := cfg.account(&u).ID; found != id && found != "" {
		var none U
		return none, fmt.Errorf("%w: FindUser was asked for the user %q and has returned %q", ErrNotMounted, id, found)
	}
	return u, nil
}

func (cfg *Config[U]) retrieveUser(c *gin.Context, st *engine.State) (u U, err error) {
	if err := st.LoadUnlocked(c.Request.Context()); err != nil {
		return u, err
	}
	u, err = recordKeys(c, st, cfg.o.RetrieveUser)
	if err == nil && cfg.account(&u).Usable() {
		return u, nil
	}
	if err != nil && !errors.Is(err, driver.ErrNoUser) && !errors.Is(err, ErrUnauthenticated) {
		return u, fmt.Errorf("retrieving the user: %w", err)
	}
	if err := st.EndUnknown(AuditContext(c)); err != nil {
		return u, err
	}
	return u, ErrUnauthenticated
}

// recordKeys calls retrieve and records which values of the session it reads to find the user.
func recordKeys[U any](c *gin.Context, st *engine.State, retrieve func(*gin.Context, sessions.Session) (U, error)) (U, error) {
	session, done := st.Retrieves()
	defer done()
	return retrieve(c, session)
}
