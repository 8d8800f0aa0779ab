package engine

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
	"github.com/ginauth/ginauth/ginauth/internal/oldlogin"
	"github.com/ginauth/ginauth/ginauth/internal/otherstore"
	"github.com/ginauth/ginauth/ginauth/internal/route"
	"github.com/ginauth/ginauth/ginauth/internal/values"
)

// State is what one request knows of its session and user. Session makes it, looks nothing up until
// it is asked, and saves it before the first byte of the answer.
//
// The lock: mu guards identity, held and retrieval. Methods that say "The caller holds mu" are
// called with the lock; every other method takes it. The lock is held while the sessions' store is
// asked, so that a request asks once. It is never held while code of the app runs, because
// RetrieveUser, backends, guards and handlers may call back.
type State struct {
	Mount *Mount
	// position is the place of this mount's Session in the chain of handlers.
	position int
	// takesScopes: the route says what a credential with scopes may do.
	takesScopes bool

	inner   []inner // further Sessions on groups, with their own policies
	realm   string
	request *http.Request // as Session got it
	context stateContext
	life    lifetime
	Store   driver.Sessions
	gorilla *otherstore.Session // the Store, if it is one of gin-contrib's
	writer  writer
	session ginSession

	lookups   atomic.Int32
	rechecks  bool         // the state belongs to a recheck
	refusedBy atomic.Int32 // the provider that refused, counted from one

	mu sync.Mutex
	identity
	held
	retrieval
}

// identity is the user who sent the request.
type identity struct {
	found   bool // proof and userErr are known
	proof   Proof
	userErr error
	method  driver.Method // how the user of a login has proved who they are, if known
}

// held is the session that the request's cookie names, or that began in the request.
type held struct {
	asked       bool         // the answer depends on the cookie
	token       driver.Token // to be sent, with replySet
	hasToken    bool
	digest      driver.Digest // the store's key of the session, if hasToken
	cookiesSent int
	known       bool // record and recordErr are the store's answer
	record      driver.Session
	recordErr   error
	barred      error // why the request may not use its cookie's session, see bar
	values      values.Values
	destroy     bool  // ends at the next save
	failure     error // the error of a method that cannot return one
	reply       reply
	fresh       bool   // the token was made in this request
	overtook    bool   // the session ended before a change could be saved
	announced   bool   // the answer's header is final
	oldSpent    bool   // the old login is invalid, see Options.AcceptOnce
	browser     string // the value of the cookie of a known browser to be sent; empty for none
}

// retrieval is what is known about calls of RetrieveUser.
type retrieval struct {
	retrieving  int             // running calls
	userKeys    map[string]bool // keys that the calls have read; nil before the first
	userKeysAll bool            // the calls have read all values
}

// inner is a further Session and its place in the chain.
type inner struct {
	m        *Mount
	position int
}

// reply says what the answer does to the browser's cookie.
type reply int

const (
	replyNothing reply = iota
	replySet
	replyClear
)

type stateKey struct{}

// attach puts a new state into the request and its context; detach removes it.
func (m *Mount) attach(c *gin.Context) *State {
	st := &State{Mount: m, position: route.Position(c), request: c.Request, Store: m.Sessions}
	if m.Realm != nil {
		st.realm = c.GetString(driver.RealmKey)
	}
	st.takesScopes = m.takesScopes(c, st.position)
	st.session.state = st
	st.context = stateContext{c.Request.Context(), st}
	sent := m.withCookies(c.Request)
	switch {
	case m.Gorilla != nil:
		st.gorilla, st.cookiesSent = m.Gorilla.Session(sent)
		st.Store, st.hasToken = st.gorilla, st.gorilla.Cookie != ""
	case m.Sessions != nil:
		st.digest, st.cookiesSent, st.hasToken = m.Cookie.read(sent)
		st.digest = st.digest.In(st.realm)
	}
	st.writer = writer{ResponseWriter: c.Writer, state: st, context: c}
	c.Writer, c.Request = &st.writer, c.Request.WithContext(&st.context)
	c.Set(stateKey{}, st)
	if st.Store != nil {
		c.Set(sessions.DefaultKey, &st.session)
	}
	return st
}

// detach undoes attach, even if a handler panics.
func (st *State) detach() {
	st.settle()
	st.life.end()
	c := st.writer.context
	c.Writer = st.writer.ResponseWriter
	// net/http removes uploaded files for the request that it made, but not for our copy of it.
	if c.Request != nil && c.Request.MultipartForm != nil && st.request.MultipartForm == nil {
		if err := c.Request.MultipartForm.RemoveAll(); err != nil {
			st.Mount.Log.WarnContext(st.request.Context(), "ginauth: files of an upload were not removed", "error", err)
		}
	}
}

// Attached returns the state that attach put into the request, or nil.
func Attached(c *gin.Context) *State {
	v, _ := c.Get(stateKey{})
	st, _ := v.(*State)
	return st
}

// StateOf returns the state of a request. The context is its gin.Context, one derived from that, or
// one derived from the request's own context. In the last case, use the gin.Context only between
// life.enter and life.leave.
func StateOf(ctx context.Context) (*gin.Context, *State, error) {
	c, ok := ctx.(*gin.Context)
	if !ok {
		c, ok = ctx.Value(gin.ContextKey).(*gin.Context)
	}
	if ok {
		if st := Attached(c); st != nil {
			return c, st, st.checkRealm(c) //nolint:contextcheck // the request's own
		}
	} else if st, ok := ctx.Value(stateKey{}).(*State); ok {
		return st.writer.context, st, nil
	}
	return c, nil, fmt.Errorf("%w: the route was registered before router.Use(ginauth.Session(cfg)), or this is not the context of a request", ErrNotMounted)
}

var errRealmLost = fmt.Errorf("%w: the request has lost its realm: derive contexts from that of the request below ginauth.Session", ErrNotMounted)

// checkRealm returns an error if the request's context has lost its realm: a store would look for
// users of another tenant.
func (st *State) checkRealm(c *gin.Context) error {
	if st.Mount.Realm == nil || driver.Realm(requestContext(c)) == st.realm {
		return nil
	}
	return errRealmLost
}

// CurrentUser returns the user as a *U, or the reason why there is none. It asks the backends once.
// It holds no lock meanwhile, because RetrieveUser and backends belong to the app and may call
// back.
func (st *State) CurrentUser(c *gin.Context) (any, error) { return st.CurrentUserFor(c, c) }

// CurrentUserFor is CurrentUser for a caller that found c by ctx. Middleware in front of Session
// may still ask after the state's life, by the gin.Context itself.
func (st *State) CurrentUserFor(ctx context.Context, c *gin.Context) (any, error) {
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
	p, err := st.Mount.Authenticate(c, st)
	var barred error
	if err == nil {
		barred, err = st.limits(c, p) //nolint:contextcheck // the request's own
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	if !st.found { // otherwise a parallel call was first, or RetrieveUser changed the user
		st.found, st.proof, st.userErr = true, p, err
		st.bar(barred)
	}
	return st.proof.User, st.userErr
}

// maxLookups is far more than the goroutines of one request that ask at the same time.
const maxLookups = 64

var errRecursion = fmt.Errorf("%w: RetrieveUser and backends must not call CurrentUser", ErrNotMounted)

func (st *State) foundUser() (user any, found bool, err error) {
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.proof.User, st.found, st.userErr
}

// SetUser sets the answer of CurrentUser to a user of the session, or to "no user" if it is nil.
func (st *State) SetUser(user any, account driver.Account) {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.found, st.proof, st.userErr = true, Proof{User: user, Account: account, Via: SessionScheme}, nil
	if user == nil {
		st.proof, st.userErr = Proof{}, ErrUnauthenticated
	}
}

// OldLogin returns the old login of the request. It returns ErrUnauthenticated if there is none
// that can be exchanged. It runs code of the app.
func (st *State) OldLogin(c *gin.Context) (oldlogin.Login, error) {
	if st.rechecks || c != st.writer.context || st.writer.begun || !answers(c) || !st.Mount.keepsCookies(st.request) {
		return oldlogin.Login{}, ErrUnauthenticated
	}
	login, found, err := st.Mount.Old.Read(st.request)
	if err == nil && !found {
		err = ErrUnauthenticated
	}
	return login, err
}

// Changing is WithSessions for calls that change the session, and thereby the answer.
func Changing(c *gin.Context) (*State, error) {
	st, err := WithSessions(c)
	if err == nil && (!answers(c) || st.life.isOver()) {
		err = errNoAnswer
	}
	return st, err
}

// WithSessions is StateOf for calls that need sessions.
func WithSessions(c *gin.Context) (*State, error) {
	_, st, err := StateOf(c)
	if err == nil && st.Store == nil {
		err = fmt.Errorf("%w: there are no sessions on this route: give Authenticate a ginauth.SessionAuth(cfg)", ErrNotMounted)
	}
	return st, err
}

// nobody returns the store's error if the store could not be asked, otherwise ErrUnauthenticated.
// The caller holds mu.
func (st *State) nobody() error {
	if st.known && st.recordErr != nil && !errors.Is(st.recordErr, driver.ErrNoSession) {
		return st.recordErr
	}
	return ErrUnauthenticated
}

// load reads the session once. It returns ErrNoSession if there is none, and ErrSessionRequired if
// this request may not use it. The caller holds mu.
func (st *State) load(ctx context.Context) error {
	st.asked = true
	if st.known {
		return cmp.Or(st.recordErr, st.barred)
	}
	if !st.hasToken {
		st.know(driver.Session{}, driver.ErrNoSession)
		return driver.ErrNoSession
	}
	record, err := st.Store.FindSession(ctx, st.digest)
	if errors.Is(err, driver.ErrNoSession) {
		record, err = st.afterRotation(ctx)
	}
	st.know(record, err)
	st.bar(nil)
	return cmp.Or(err, st.barred)
}

// know keeps the store's answer. The caller holds mu.
func (st *State) know(record driver.Session, err error) {
	st.known, st.record, st.recordErr = true, record, err
	st.values.Read(record.Data)
	if err == nil {
		st.digest = record.Digest
	}
}

// LoginID returns the public id of the login that authenticated the request: the session's, or the
// one that a backend reports.
func (st *State) LoginID() driver.SessionID {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.proof.Via == SessionScheme {
		return st.record.ID
	}
	return st.proof.Session
}

// live says whether the store has the request's session and the request may use it. The caller
// holds mu.
func (st *State) live() bool { return st.known && st.recordErr == nil && st.barred == nil }

// Record returns the session that the request may use; it is zero without one.
func (st *State) Record() driver.Session {
	st.mu.Lock()
	defer st.mu.Unlock()
	if !st.live() {
		return driver.Session{}
	}
	return st.record
}

// Session returns the session in the form of sessions.Default.
func (st *State) Session() sessions.Session { return &st.session }

// Digest names the session in logs and events; it is zero without one.
func (st *State) Digest() driver.Digest {
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.digest
}

// LoadUnlocked is load for callers that do not hold mu. Without a session it returns
// ErrUnauthenticated.
func (st *State) LoadUnlocked(ctx context.Context) error {
	st.mu.Lock()
	defer st.mu.Unlock()
	if err := st.load(ctx); err != nil {
		return st.nobody()
	}
	return nil
}

// FindJoined finds the session together with its user, once. The function find keeps the user.
func (st *State) FindJoined(ctx context.Context, find func(driver.Digest) (driver.Session, error)) error {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.asked = true
	if !st.hasToken || st.known && (st.recordErr != nil || st.record.UserID == "") {
		return st.nobody()
	}
	record, err := find(st.digest)
	if errors.Is(err, driver.ErrNoSession) {
		if _, err = st.afterRotation(ctx); err == nil {
			record, err = find(st.digest)
		}
	}
	if errors.Is(err, driver.ErrNoSession) {
		return ErrUnauthenticated // there may still be an anonymous session
	}
	st.know(record, err)
	return err
}

// SessionUser returns the id of the session's user. Sessions of another store may already come with
// the user; then the second result is not nil.
func (st *State) SessionUser(ctx context.Context) (id driver.UserID, with any, err error) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if err := st.load(ctx); err != nil || st.record.UserID == "" {
		return "", nil, st.nobody()
	}
	if st.gorilla != nil && st.gorilla.Authority != nil {
		with = st.gorilla.User
	}
	return st.record.UserID, with, nil
}
