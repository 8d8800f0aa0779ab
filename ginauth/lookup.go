package ginauth

import (
	"context"
	"errors"
	"fmt"

	"github.com/gin-contrib/sessions"
	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// userLookup returns the way to a session's user that cfg asks for.
func (cfg *Config[U]) userLookup(store driver.Sessions) func(*gin.Context, *state) (proof, error) {
	finder, joined := store.(driver.SessionFinder[U])
	var find func(*gin.Context, *state) (U, error)
	switch {
	case cfg.o.RetrieveUser != nil:
		find = func(c *gin.Context, st *state) (U, error) { return cfg.retrieveUser(c, st) }
	case joined:
		find = func(c *gin.Context, st *state) (U, error) { return findUserSession(c.Request.Context(), st, finder) }
	default:
		find = func(c *gin.Context, st *state) (U, error) {
			return findSessionThenUser(c.Request.Context(), st, cfg.o.Users)
		}
	}
	return func(c *gin.Context, st *state) (proof, error) {
		u, err := find(c, st)
		if err != nil {
			return proof{}, err
		}
		account := cfg.account(&u)
		if account.ID == "" || account.Disabled {
			return proof{}, ErrUnauthenticated
		}
		return proof{user: &u, account: account, via: sessionScheme}, nil
	}
}

func findUserSession[U any](ctx context.Context, st *state, finder driver.SessionFinder[U]) (u U, err error) {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.asked = true
	if !st.hasToken || st.known && (st.recordErr != nil || st.record.UserID == "") {
		return u, st.nobody()
	}
	u, record, err := finder.FindUserSession(ctx, st.digest)
	if errors.Is(err, driver.ErrNoSession) {
		if _, err = st.afterRotation(ctx); err == nil {
			u, record, err = finder.FindUserSession(ctx, st.digest)
		}
	}
	if errors.Is(err, driver.ErrNoSession) {
		return u, ErrUnauthenticated // there may still be an anonymous session
	}
	st.know(record, err)
	return u, err
}

func findSessionThenUser[U any](ctx context.Context, st *state, users driver.Users[U]) (u U, err error) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if err := st.load(ctx); err != nil || st.record.UserID == "" {
		return u, st.nobody()
	}
	if st.gorilla != nil && st.gorilla.Authority != nil {
		u, _ = st.gorilla.User.(U) // came with the session
		return u, nil
	}
	u, err = users.FindUser(ctx, st.record.UserID)
	if errors.Is(err, driver.ErrNoUser) {
		return u, ErrUnauthenticated
	}
	return u, err
}

func (cfg *Config[U]) retrieveUser(c *gin.Context, st *state) (u U, err error) {
	if err := st.loadUnlocked(c.Request.Context()); err != nil {
		return u, err
	}
	u, err = recordKeys(c, st, cfg.o.RetrieveUser)
	if err == nil {
		if account := cfg.account(&u); account.ID != "" && !account.Disabled {
			return u, nil
		}
	}
	if err != nil && !errors.Is(err, driver.ErrNoUser) && !errors.Is(err, ErrUnauthenticated) {
		return u, fmt.Errorf("retrieving the user: %w", err)
	}
	if err := st.endUnknown(AuditContext(c)); err != nil {
		return u, err
	}
	return u, ErrUnauthenticated
}

// recordKeys notes which of the session's values tell RetrieveUser who the user is.
func recordKeys[U any](c *gin.Context, st *state, retrieve func(*gin.Context, sessions.Session) (U, error)) (U, error) {
	st.mu.Lock()
	st.retrieving++
	if st.userKeys == nil {
		st.userKeys = map[string]bool{}
	}
	st.mu.Unlock()
	defer func() {
		st.mu.Lock()
		st.retrieving--
		st.mu.Unlock()
	}()
	return retrieve(c, &st.session)
}

// tellsUser says whether RetrieveUser may know the user by this value. The caller holds mu.
func (st *state) tellsUser(key string) bool {
	unread := st.m.retrieve != nil && st.userKeys == nil
	return unread || st.userKeysAll || st.userKeys[key]
}

// readUserKeys lets RetrieveUser read a session that is about to change, unless it has done so in this request.
func (st *state) readUserKeys() {
	if !st.life.enter() {
		return
	}
	defer st.life.leave()
	st.mu.Lock()
	skip := st.m.retrieve == nil || st.userKeys != nil || st.fresh || !st.hasToken || !st.values.Changed()
	st.mu.Unlock()
	if !skip {
		st.m.retrieve(st.writer.context, st)
	}
}

func (st *state) loadUnlocked(ctx context.Context) error {
	st.mu.Lock()
	defer st.mu.Unlock()
	if err := st.load(ctx); err != nil {
		return st.nobody()
	}
	return nil
}
