package ginauth

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/gin-contrib/sessions"
	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/otherstore"
	"github.com/ginauth/ginauth/ginauth/internal/route"
	"github.com/ginauth/ginauth/ginauth/internal/values"
)

// state is what one request knows of its session and user. Session makes it,
// finds nothing out before somebody asks, and saves it before the first byte of the answer.
//
// The lock: mu guards identity, held and retrieval. A method whose comment says that the caller holds mu is called with
// it; every other method takes it. It is held while the store of the sessions is asked, so that a request asks once, and
// never while code of the app runs: RetrieveUser, backends, guards and handlers may call back.
type state struct {
	m *mount
	// position is the place of m's Session in the chain of handlers.
	position int
	// takesScopes: the route says what a credential with scopes may do.
	takesScopes bool

	inner   []inner       // of further Sessions on groups, which have policies of their own
	request *http.Request // as Session got it
	context stateContext
	life    lifetime
	store   driver.Sessions
	gorilla *otherstore.Session // the store, if it is one of those
	writer  writer
	session ginSession

	lookups   atomic.Int32
	rechecks  bool         // of a request that had its answer before
	refusedBy atomic.Int32 // the provider, counted from one

	mu sync.Mutex
	identity
	held
	retrieval
}

// identity is who sent the request.
type identity struct {
	found   bool // proof and userErr are known
	proof   proof
	userErr error
}

// held is the session that the request's cookie names, or that was begun in the request.
type held struct {
	asked       bool         // the answer depends on the cookie
	token       driver.Token // to be sent, with replySet
	hasToken    bool
	digest      driver.Digest // under which the store has the session, if hasToken
	cookiesSent int
	known       bool // record and recordErr are the store's answer
	record      driver.Session
	recordErr   error
	barred      error // why the request may not use its cookie's session, see bar
	values      values.Values
	destroy     bool  // ends at the next save
	failure     error // what an interface without errors could not return
	reply       reply
	fresh       bool   // the token was made in this request
	overtook    bool   // the session ended before a change could be saved
	announced   bool   // the answer's header is settled
	browser     string // the value of the cookie of a known browser to be sent; empty for none
}

// retrieval is what is known of the calls of RetrieveUser.
type retrieval struct {
	retrieving  int             // running calls
	userKeys    map[string]bool // which those have read; nil before the first
	userKeysAll bool            // they have read all
}

// inner is a further Session and its place in the chain.
type inner struct {
	m        *mount
	position int
}

// reply is what the answer will tell the browser about its cookie.
type reply int

const (
	replyNothing reply = iota
	replySet
	replyClear
)

type stateKey struct{}

// attach puts a new state into the request and into its context; detach takes it out again.
func (m *mount) attach(c *gin.Context) *state {
	st := &state{m: m, position: route.Position(c), request: c.Request, store: m.sessions}
	st.takesScopes = m.takesScopes(c, st.position)
	st.session.state = st
	st.context = stateContext{c.Request.Context(), st}
	sent := m.withCookies(c.Request)
	switch {
	case m.gorilla != nil:
		st.gorilla, st.cookiesSent = m.gorilla.Session(sent)
		st.store, st.hasToken = st.gorilla, st.gorilla.Cookie != ""
	case m.sessions != nil:
		st.digest, st.cookiesSent, st.hasToken = m.cookie.read(sent)
	}
	st.writer = writer{ResponseWriter: c.Writer, state: st, context: c}
	c.Writer, c.Request = &st.writer, c.Request.WithContext(&st.context)
	c.Set(stateKey{}, st)
	if st.store != nil {
		c.Set(sessions.DefaultKey, &st.session)
	}
	return st
}

// detach ends what attach began, also when a handler panics.
func (st *state) detach() {
	st.settle()
	st.life.end()
	c := st.writer.context
	c.Writer = st.writer.ResponseWriter
	// net/http cleans up after the request that it made, and not after our copy of that.
	if c.Request != nil && c.Request.MultipartForm != nil && st.request.MultipartForm == nil {
		if err := c.Request.MultipartForm.RemoveAll(); err != nil {
			st.m.log.WarnContext(st.request.Context(), "ginauth: files of an upload were not removed", "error", err)
		}
	}
}

// attached returns the state of a request that attach saw, or nil.
func attached(c *gin.Context) *state {
	v, _ := c.Get(stateKey{})
	st, _ := v.(*state)
	return st
}

// stateOf finds the state of a request by its gin.Context, or by a context derived from that or from the
// request's own. In the last case, the gin.Context may be used between life.enter and life.leave only.
func stateOf(ctx context.Context) (*gin.Context, *state, error) {
	c, ok := ctx.(*gin.Context)
	if !ok {
		c, ok = ctx.Value(gin.ContextKey).(*gin.Context)
	}
	if ok {
		if st := attached(c); st != nil {
			return c, st, nil
		}
	} else if st, ok := ctx.Value(stateKey{}).(*state); ok {
		return st.writer.context, st, nil
	}
	return c, nil, fmt.Errorf("%w: the route was registered before router.Use(ginauth.Session(cfg)), or this is no context of a request", ErrNotMounted)
}

// currentUser returns the user as a *U, or why there is none. The backends are asked once; no lock is
// held meanwhile, because RetrieveUser and backends are the app's own and may call back.
func (st *state) currentUser(c *gin.Context) (any, error) { return st.currentUserFor(c, c) }

// currentUserFor is currentUser for who got the gin.Context by ctx. Middleware in front of Session may ask when that is done, by
// the gin.Context itself.
func (st *state) currentUserFor(ctx context.Context, c *gin.Context) (any, error) {
	if user, found, err := st.foundUser(); found {
		return user, err
	}
	if c == st.writer.context { // and not a copy
		if st.life.enter() {
			defer st.life.leave()
		} else if _, itself := ctx.(*gin.Context); !itself || st.request.Context().Err() != nil {
			return nil, errOver
		}
	}
	defer st.lookups.Add(-1)
	if st.lookups.Add(1) > maxLookups {
		return nil, errRecursion
	}
	p, err := st.m.authenticate(c, st)
	var barred error
	if err == nil {
		barred, err = st.limits(c, p) //nolint:contextcheck // the request's own
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	if !st.found { // otherwise a parallel call was first, or RetrieveUser signed somebody in or out
		st.found, st.proof, st.userErr = true, p, err
		st.bar(barred)
	}
	return st.proof.user, st.userErr
}

// maxLookups is far above the goroutines of one request that ask at once.
const maxLookups = 64

var errRecursion = fmt.Errorf("%w: RetrieveUser and backends must not call CurrentUser", ErrNotMounted)

func (st *state) foundUser() (user any, found bool, err error) {
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.proof.user, st.found, st.userErr
}

// setUser fixes the answer of currentUser: by the session, this user; nil is "nobody".
func (st *state) setUser(user any, account driver.Account) {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.found, st.proof, st.userErr = true, proof{user: user, account: account, via: sessionScheme}, nil
	if user == nil {
		st.proof, st.userErr = proof{}, ErrUnauthenticated
	}
}

// changing is withSessions for what changes a session, and so the answer.
func changing(c *gin.Context) (*state, error) {
	st, err := withSessions(c)
	if err == nil && (!answers(c) || st.life.isOver()) {
		err = errNoAnswer
	}
	return st, err
}

// withSessions is stateOf for what needs sessions.
func withSessions(c *gin.Context) (*state, error) {
	_, st, err := stateOf(c)
	if err == nil && st.store == nil {
		err = fmt.Errorf("%w: there are no sessions on this route: give Authenticate a ginauth.SessionAuth(cfg)", ErrNotMounted)
	}
	return st, err
}

// nobody tells "no session" from "nobody knows". The caller holds mu.
func (st *state) nobody() error {
	if st.known && st.recordErr != nil && !errors.Is(st.recordErr, driver.ErrNoSession) {
		return st.recordErr
	}
	return ErrUnauthenticated
}

// load reads the session once; ErrNoSession when there is none, errSessionRequired when it is not this
// request's to use. The caller holds mu.
func (st *state) load(ctx context.Context) error {
	st.asked = true
	if st.known {
		return cmp.Or(st.recordErr, st.barred)
	}
	if !st.hasToken {
		st.know(driver.Session{}, driver.ErrNoSession)
		return driver.ErrNoSession
	}
	record, err := st.store.FindSession(ctx, st.digest)
	if errors.Is(err, driver.ErrNoSession) {
		record, err = st.afterRotation(ctx)
	}
	st.know(record, err)
	st.bar(nil)
	return cmp.Or(err, st.barred)
}

// know keeps the store's answer. The caller holds mu.
func (st *state) know(record driver.Session, err error) {
	st.known, st.record, st.recordErr = true, record, err
	st.values.Read(record.Data)
	if err == nil {
		st.digest = record.Digest
	}
}

// loginID names the login that the request was authenticated by: a session, or what a backend says.
func (st *state) loginID() driver.SessionID {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.proof.via == sessionScheme {
		return st.record.ID
	}
	return st.proof.session
}

// live says whether the request has a session that the store knows, and may use it. The caller holds mu.
func (st *state) live() bool { return st.known && st.recordErr == nil && st.barred == nil }
