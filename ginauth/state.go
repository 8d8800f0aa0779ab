package ginauth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/gin-contrib/sessions"
	"github.com/gin-gonic/gin"
)

// state is what one request knows of its session and user. Session makes it,
// finds nothing out before somebody asks, and saves it before the first byte of the answer.
type state struct {
	m       *mount
	request *http.Request
	writer  writer
	session ginSession

	// lookup serialises the search for the user. It is apart from mu, because
	// RetrieveUser reads the session meanwhile.
	lookup    sync.Mutex
	resolving atomic.Pointer[gin.Context]
	found     bool
	user      any // *U
	account   Account
	userErr   error

	mu          sync.Mutex
	token       Token
	hasToken    bool
	cookiesSent int
	known       bool // record and recordErr are the store's answer
	record      SessionRecord
	recordErr   error
	values      values
	destroy     bool  // ends at the next save
	failure     error // what an interface without errors could not return
	reply       reply
}

// reply is what the answer will tell the browser about its cookie.
type reply int

const (
	replyNothing reply = iota
	replySet
	replyClear
)

type stateKey struct{}

// attach puts a new state into the request; its writer's detach takes it out again.
func (m *mount) attach(c *gin.Context) *state {
	st := &state{m: m, request: c.Request}
	st.session.state = st
	st.token, st.cookiesSent, st.hasToken = m.cookie.read(c.Request)
	st.writer = writer{ResponseWriter: c.Writer, state: st, context: c}
	c.Writer = &st.writer
	c.Set(stateKey{}, st)
	c.Set(sessions.DefaultKey, &st.session)
	return st
}

// attached returns the state of a request that attach saw, or nil.
func attached(c *gin.Context) *state {
	v, _ := c.Get(stateKey{})
	st, _ := v.(*state)
	return st
}

// stateOf finds the state of a request by its gin.Context or a context derived from that.
func stateOf(ctx context.Context) (*gin.Context, *state, error) {
	c, ok := ctx.(*gin.Context)
	if !ok {
		c, ok = ctx.Value(gin.ContextKey).(*gin.Context)
	}
	if ok {
		if st := attached(c); st != nil {
			return c, st, nil
		}
	}
	return c, nil, fmt.Errorf("%w: the route was registered before router.Use(ginauth.Session(cfg)), or this is no context of a request", ErrNotMounted)
}

// currentUser returns the user as a *U, or why there is none. It asks the store once.
func (st *state) currentUser(c *gin.Context) (any, error) {
	if err := st.reentered(c); err != nil {
		return nil, err
	}
	st.lookup.Lock()
	defer st.lookup.Unlock()
	if !st.found {
		st.resolving.Store(c)
		defer st.resolving.Store(nil)
		user, account, err := st.m.findUser(c, st)
		st.found, st.user, st.account, st.userErr = true, user, account, err
	}
	return st.user, st.userErr
}

// reentered reports a call from RetrieveUser, which would wait for itself.
func (st *state) reentered(c *gin.Context) error {
	if st.resolving.Load() == c {
		return fmt.Errorf("%w: RetrieveUser must not call CurrentUser, SignIn, SignOut or Renew", ErrNotMounted)
	}
	return nil
}

// setUser fixes the answer of currentUser; a nil user is "nobody".
func (st *state) setUser(user any, account Account) {
	st.lookup.Lock()
	defer st.lookup.Unlock()
	st.found, st.user, st.account, st.userErr = true, user, account, nil
	if user == nil {
		st.userErr = ErrUnauthenticated
	}
}

// userLookup returns the way to a session's user that cfg asks for.
func userLookup[U User](cfg Config[U], store SessionStore) func(*gin.Context, *state) (any, Account, error) {
	finder, joined := store.(SessionFinder[U])
	var find func(*gin.Context, *state) (U, error)
	switch {
	case cfg.RetrieveUser != nil:
		find = func(c *gin.Context, st *state) (U, error) { return retrieveUser(c, st, cfg.RetrieveUser) }
	case joined:
		find = func(c *gin.Context, st *state) (U, error) { return findUserSession(c.Request.Context(), st, finder) }
	default:
		find = func(c *gin.Context, st *state) (U, error) {
			return findSessionThenUser(c.Request.Context(), st, cfg.Users)
		}
	}
	return func(c *gin.Context, st *state) (any, Account, error) {
		u, err := find(c, st)
		if err != nil {
			return nil, Account{}, err
		}
		account := u.Account()
		if account.ID == "" || account.Disabled {
			return nil, Account{}, ErrUnauthenticated
		}
		return &u, account, nil
	}
}

func findUserSession[U User](ctx context.Context, st *state, finder SessionFinder[U]) (u U, err error) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if !st.hasToken || st.known && (st.recordErr != nil || st.record.UserID == "") {
		return u, st.nobody()
	}
	u, record, err := finder.FindUserSession(ctx, st.token.Digest())
	if errors.Is(err, ErrNoSession) {
		return u, ErrUnauthenticated // there may still be an anonymous session
	}
	st.know(record, err)
	return u, err
}

func findSessionThenUser[U User](ctx context.Context, st *state, users UserStore[U]) (u U, err error) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if err := st.load(ctx); err != nil || st.record.UserID == "" {
		return u, st.nobody()
	}
	u, err = users.FindUser(ctx, st.record.UserID)
	if errors.Is(err, ErrNoUser) {
		return u, ErrUnauthenticated
	}
	return u, err
}

func retrieveUser[U User](c *gin.Context, st *state, retrieve func(*gin.Context, sessions.Session) (U, error)) (u U, err error) {
	if err := st.loadUnlocked(c.Request.Context()); err != nil {
		return u, err
	}
	u, err = retrieve(c, &st.session)
	if err == nil && u.Account().ID != "" && !u.Account().Disabled {
		return u, nil
	}
	if err != nil && !errors.Is(err, ErrNoUser) && !errors.Is(err, ErrUnauthenticated) {
		return u, fmt.Errorf("retrieving the user: %w", err)
	}
	if err := st.end(c.Request.Context()); err != nil {
		return u, err
	}
	return u, ErrUnauthenticated
}

func (st *state) loadUnlocked(ctx context.Context) error {
	st.mu.Lock()
	defer st.mu.Unlock()
	if err := st.load(ctx); err != nil {
		return st.nobody()
	}
	return nil
}

// nobody tells "no session" from "nobody knows". The caller holds mu.
func (st *state) nobody() error {
	if st.known && st.recordErr != nil && !errors.Is(st.recordErr, ErrNoSession) {
		return st.recordErr
	}
	return ErrUnauthenticated
}

// load reads the session once; ErrNoSession when there is none. The caller holds mu.
func (st *state) load(ctx context.Context) error {
	if st.known {
		return st.recordErr
	}
	if !st.hasToken {
		st.know(SessionRecord{}, ErrNoSession)
		return ErrNoSession
	}
	st.know(st.m.sessions.FindSession(ctx, st.token.Digest()))
	return st.recordErr
}

// know keeps the store's answer. The caller holds mu.
func (st *state) know(record SessionRecord, err error) {
	st.known, st.record, st.recordErr = true, record, err
	st.values.stored = nil
	if err == nil {
		st.values.raw = record.Data
	}
}

// live says whether the request has a session that the store knows. The caller holds mu.
func (st *state) live() bool { return st.known && st.recordErr == nil }

// end deletes the session at once and forgets it.
func (st *state) end(ctx context.Context) error {
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.endLocked(ctx)
}

func (st *state) endLocked(ctx context.Context) error {
	if st.hasToken {
		if err := st.m.sessions.DeleteSession(ctx, st.token.Digest()); err != nil {
			return err
		}
	}
	st.token, st.hasToken, st.destroy = Token{}, false, false
	st.know(SessionRecord{}, ErrNoSession)
	st.values = values{}
	st.reply = replyNothing
	if st.cookiesSent > 0 {
		st.reply = replyClear
	}
	return nil
}

// save writes what changed. The cookie follows with announce.
func (st *state) save(ctx context.Context) error {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.failure != nil {
		return st.failure
	}
	if st.destroy {
		if err := st.endLocked(ctx); err != nil {
			return err
		}
	}
	if !st.values.changed() {
		st.touch(ctx)
		return nil
	}
	err := st.load(ctx)
	switch {
	case errors.Is(err, ErrNoSession) && len(st.values.set) == 0:
		st.values = values{}
		return nil
	case errors.Is(err, ErrNoSession):
		return st.create(ctx, NewSession{})
	case err != nil:
		return err
	}
	return st.update(ctx, Digest{})
}

// touch marks the session as seen, once per interval. It is not worth failing a request for.
func (st *state) touch(ctx context.Context) {
	if !st.live() || st.record.ReadAt.Sub(st.record.LastSeenAt) < st.m.touchEvery {
		return
	}
	record, err := st.m.sessions.UpdateSession(ctx, st.token.Digest(), SessionChange{})
	if err != nil {
		st.m.log.WarnContext(ctx, "ginauth: a session's use was not written down", "session", st.token.Digest(), "error", err)
		record = st.record
		record.LastSeenAt = record.ReadAt // once per request is enough
	}
	st.know(record, nil)
}

// update writes the changed values, under a new digest unless it is zero. The caller holds mu.
func (st *state) update(ctx context.Context, replacement Digest) error {
	change := SessionChange{Set: st.values.setJSON(), Unset: st.values.unsetKeys(), Digest: replacement}
	record, err := st.m.sessions.UpdateSession(ctx, st.token.Digest(), change)
	if errors.Is(err, ErrNoSession) {
		st.know(SessionRecord{}, ErrNoSession)
		return fmt.Errorf("%w: the session ended while the request ran", ErrUnauthenticated)
	}
	if err != nil {
		return err
	}
	st.values = values{}
	st.know(record, nil)
	return nil
}

// create starts a session with a token of our own making, with the values set in this
// request alone. The caller holds mu.
func (st *state) create(ctx context.Context, n NewSession) error {
	token := NewToken()
	n.Digest, n.Data = token.Digest(), st.values.setJSON()
	n.Lifetime, n.IdleTimeout = st.m.lifetime, st.m.idleTimeout
	n.Origin = st.m.proxies.origin(st.request)
	record, err := st.m.sessions.CreateSession(ctx, n)
	if err != nil {
		return err
	}
	st.token, st.hasToken, st.reply = token, true, replySet
	st.values = values{}
	st.know(record, nil)
	return nil
}

// announce adds the cookie and the caching rules to the answer's header (SEC-58).
func (st *state) announce(h http.Header) {
	st.mu.Lock()
	defer st.mu.Unlock()
	switch st.reply {
	case replySet:
		st.m.cookie.set(h, st.token)
	case replyClear:
		st.m.cookie.clear(h)
	case replyNothing:
		if !st.known {
			return
		}
	}
	if st.reply != replyNothing || h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store")
	}
	addVary(h, "Cookie")
	st.reply = replyNothing
}

// fail keeps the first error that an interface cannot return, for the next save.
func (st *state) fail(err error) {
	if st.failure == nil {
		st.failure = err
	}
}
