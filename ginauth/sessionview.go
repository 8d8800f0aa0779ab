package ginauth

import (
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/engine"
)

// SessionView is what Auth.Credential holds for a request that a session authenticated: the session, to be read and not
// changed. It shows what this request has set so far. It holds no secret. The zero SessionView is a session without values.
type SessionView struct{ state *engine.State }

// ID names the session in public. It is no credential.
func (v SessionView) ID() driver.SessionID { return v.record().ID }

// ExpiresAt is when the session ends however much it is used, by the store's clock.
func (v SessionView) ExpiresAt() time.Time { return v.record().ExpiresAt }

// Get returns a copy of a session value, or nil, as the session of sessions.Default does.
func (v SessionView) Get(key any) any {
	if v.state == nil {
		return nil
	}
	return v.state.Session().Get(key)
}

func (v SessionView) record() driver.Session {
	if v.state == nil {
		return driver.Session{}
	}
	return v.state.Record()
}
