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
