package ginauth

import (
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/engine"
)

// SessionView is the read-only form of a session. Auth.Credential holds one for a request that a
// session authenticated. It shows what this request has set so far, and holds no secret. The zero
// SessionView is a session without values.
type SessionView struct{ state *engine.State }

// ID is the session's public name. It is not a credential.
func (v SessionView) ID() driver.SessionID { return v.record().ID }

// ExpiresAt is when the session ends even if it is used, by the store's clock.
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
