package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/otherstore"
	"github.com/ginauth/ginauth/ginauth/internal/route"
)

// Proof is the user who sent a request, and the credential that proves it.
type Proof struct {
	User            any // *U
	Account         driver.Account
	Via             string
	Credential      any
	Scopes          []string
	AuthenticatedAt time.Time
	Methods         driver.Methods
	SecondFactorAt  time.Time
	Session         driver.SessionID // of a backend other than sessions
	Now             time.Time
}

// Provider is a Backend without its type parameter.
type Provider struct {
	Scheme       route.Scheme
	Backend      any
	Authenticate func(*gin.Context, *State) (Proof, error)
}

// AskAll asks the backends in order until one finds credentials.
func (m *Mount) AskAll(c *gin.Context, st *State) (Proof, error) {
	st.mu.Lock()
	st.asked = true
	st.mu.Unlock()
	for i := range m.Providers {
		p, err := m.Providers[i].Authenticate(c, st)
		if errors.Is(err, ErrNoCredentials) {
			continue
		}
		if err != nil {
			st.refusedBy.Store(int32(i) + 1)
		}
		return p, m.refuseCredentials(c, m.Providers[i].Scheme.Name, err)
	}
	return Proof{}, ErrUnauthenticated
}

// refuseCredentials counts bad credentials and limits how many a client may send. It returns any
// other error, and nil, as they are.
func (m *Mount) refuseCredentials(c *gin.Context, via string, err error) error {
	if !errors.Is(err, ErrBadCredentials) {
		return err
	}
	limited := m.BadCredentials.Refuse(c, err)
	if errors.Is(limited, ErrTooManyAttempts) {
		m.Event(c, driver.RateExceeded, "via", via, "reason", "bad credentials")
		return limited
	}
	m.Event(c, driver.CredentialsRefused, "via", via, "reason", err.Error())
	return err
}

// SessionOrNone returns the session's user. ErrNoCredentials means that the request has no session,
// or an anonymous one; ErrUnauthenticated means that its session has ended.
func (m *Mount) SessionOrNone(c *gin.Context, st *State) (Proof, error) {
	p, err := m.FindUser(c, st)
	if !errors.Is(err, ErrUnauthenticated) || st.sentDeadSession(c) {
		return p, err
	}
	return Proof{}, ErrNoCredentials
}

func (st *State) sentDeadSession(c *gin.Context) bool {
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.cookiesSent > 0 && st.load(c.Request.Context()) != nil
}

// CurrentProof returns how the current user was authenticated, including the times of a session.
func (st *State) CurrentProof(ctx context.Context, c *gin.Context) (Proof, error) {
	if _, err := st.CurrentUserFor(ctx, c); err != nil {
		return Proof{}, err
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	p := st.proof
	if p.Via == SessionScheme {
		p.AuthenticatedAt, p.Now = st.record.AuthenticatedAt, st.record.ReadAt
		p.Methods, p.SecondFactorAt = st.record.Methods, st.record.SecondFactorAt
	}
	return p, nil
}

// Add appends a backend, with its challenge and its Vary header.
func (m *Mount) Add(p Provider) {
	m.Providers = append(m.Providers, p)
	if challenge := p.Scheme.Challenge(); !slices.Contains(m.challenges, challenge) {
		m.challenges = append(m.challenges, challenge)
	}
	if header := p.Scheme.Header(); !slices.Contains(m.varies, header) {
		m.varies = append(m.varies, header)
	}
	m.ambient = m.ambient || p.Scheme.Ambient()
}

// challenged returns the challenges of a 401. If a bearer token was refused, its challenge says so
// (RFC 6750, 3.1).
func (m *Mount) challenged(refusedBy int32) []string {
	if refusedBy == 0 || !m.Providers[refusedBy-1].Scheme.Bearer() {
		return m.challenges
	}
	refused := m.Providers[refusedBy-1].Scheme.Challenge()
	list := slices.Clone(m.challenges)
	for i := range list {
		if list[i] == refused {
			list[i] += `, error="invalid_token"`
		}
	}
	return list
}

// refuser returns the provider that refused the request's credentials, counted from one; zero means
// none.
func refuser(c *gin.Context) int32 {
	if st := Attached(c); st != nil {
		return st.refusedBy.Load()
	}
	return 0
}

// LoggedIn returns the state of a request whose user is logged in and not refused by
// Options.Unverified.
func LoggedIn(c *gin.Context) (*State, error) {
	_, st, err := StateOf(c)
	if err != nil {
		return nil, err
	}
	if _, err = st.CurrentUser(c); err == nil {
		err = st.CheckPolicies(c)
	}
	return st, err
}

// Refresh makes CurrentUser return the changed user.
func (st *State) Refresh(user any) {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.proof.User = user
}

// SessionScheme is the name of the Scheme of sessions.
const SessionScheme = "sessionCookie"

// Recheck authenticates the request again, by the same credential, and returns its user as a *U.
func (st *State) Recheck(ctx context.Context, c *gin.Context) (any, error) {
	if c == st.writer.context { // and not a copy
		if !st.life.enter() {
			return nil, errOver
		}
		defer st.life.leave()
	}
	// The first look is CurrentUser's, which also checks scopes and the session's owner.
	if user, found, err := st.foundUser(); !found {
		return st.CurrentUserFor(ctx, c)
	} else if err != nil {
		return user, err // a recheck never logs anybody in
	}
	before := st.Proof()
	anew := st.anew()
	p, err := st.Mount.Authenticate(c, anew)
	var barred error
	switch {
	case err == nil && p.Account.ID != before.Account.ID:
		err = fmt.Errorf("%w: the credential is another user's now", ErrUnauthenticated)
	case err == nil:
		barred, err = st.limits(c, p) //nolint:contextcheck // the request's own
	}
	if err != nil && !errors.Is(err, ErrUnauthenticated) && !errors.Is(err, ErrBadCredentials) {
		return nil, err
	}
	st.adoptProof(anew, p, err, barred)
	if err == nil && st.Mount.protects(c.Request.Method, c.FullPath()) {
		err = st.CheckPolicies(c) //nolint:contextcheck // the request's own
	}
	if err != nil {
		return nil, err
	}
	return p.User, nil
}

// Proof returns what is known of the user so far. It is zero before CurrentUser has asked.
func (st *State) Proof() Proof {
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.proof
}

// anew returns a state with the same credentials that has not asked anything yet.
func (st *State) anew() *State {
	st.mu.Lock()
	defer st.mu.Unlock()
	anew := &State{
		Mount: st.Mount, position: st.position, realm: st.realm, request: st.request, Store: st.Store,
		held: held{hasToken: st.hasToken, digest: st.digest, cookiesSent: st.cookiesSent}, rechecks: true,
	}
	anew.session.state = anew
	anew.writer = writer{ResponseWriter: st.writer.ResponseWriter, state: anew, context: st.writer.context}
	if st.gorilla != nil {
		anew.gorilla = &otherstore.Session{Store: st.gorilla.Store, Cookie: st.gorilla.Cookie}
		anew.Store = anew.gorilla
	}
	return anew
}

// adoptProof makes the result of a recheck the answer of CurrentUser.
func (st *State) adoptProof(anew *State, p Proof, err, barred error) {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.asked, st.found, st.proof, st.userErr = true, true, p, err
	if err == nil && anew.live() && anew.digest == st.digest {
		st.known, st.record, st.recordErr = true, anew.record, nil
	}
	st.bar(barred)
}
