package engine

import (
	"context"
	"errors"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/route"
)

// Proof is who sent a request, and how that is known.
type Proof struct {
	User            any // *U
	Account         driver.Account
	Via             string
	Credential      any
	Scopes          []string
	AuthenticatedAt time.Time
	Session         driver.SessionID // of another backend than sessions
	Now             time.Time
}

// Provider is a Backend without its type parameter.
type Provider struct {
	Scheme       route.Scheme
	Backend      any
	Authenticate func(*gin.Context, *State) (Proof, error)
}

// AskAll asks one backend after the other until one finds credentials.
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

// refuseCredentials limits how many bad ones a client may send. Any other error, and none, stays.
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

// SessionOrNone tells a request without a session, or with an anonymous one, from a session that
// is no good.
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

// CurrentProof is how the current user is known; of a session, with its times.
func (st *State) CurrentProof(ctx context.Context, c *gin.Context) (Proof, error) {
	if _, err := st.CurrentUserFor(ctx, c); err != nil {
		return Proof{}, err
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	p := st.proof
	if p.Via == SessionScheme {
		p.AuthenticatedAt, p.Now = st.record.AuthenticatedAt, st.record.ReadAt
	}
	return p, nil
}
