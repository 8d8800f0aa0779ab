package ginauth

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/mileusna/useragent"

	"github.com/ginauth/ginauth/ginauth/internal/route"
)

// Device is a session as its user sees it in a list.
type Device struct {
	// ID names the session for RevokeSession. It is no credential.
	ID SessionID `json:"id"`
	// Name is a guess from the User-Agent, such as "Firefox on Linux".
	Name string `json:"name" example:"Firefox on Linux"`
	// IP is the client's address when the session began; empty when unknown.
	IP         string    `json:"ip,omitempty" example:"203.0.113.7"`
	CreatedAt  time.Time `json:"created_at" format:"date-time"`
	LastSeenAt time.Time `json:"last_seen_at" format:"date-time"`
	ExpiresAt  time.Time `json:"expires_at" format:"date-time"`
	// Current: this is the session that asks.
	Current bool `json:"current"`
}

// ListDevices returns the live sessions of the current user, the one used last first. It
// returns the errors of CurrentUser.
func ListDevices(c *gin.Context) ([]Device, error) {
	st, manager, err := managed(c, (*mount).manager)
	if err != nil {
		return nil, err
	}
	records, err := manager.UserSessions(c.Request.Context(), st.proof.account.ID)
	if err != nil {
		return nil, err
	}
	devices := make([]Device, len(records))
	for i, r := range records {
		devices[i] = Device{
			ID: r.ID, Name: deviceName(r.Origin.UserAgent),
			CreatedAt: r.CreatedAt, LastSeenAt: r.LastSeenAt, ExpiresAt: r.ExpiresAt, Current: r.ID == st.sessionID(),
		}
		if r.Origin.Addr.IsValid() {
			devices[i].IP = r.Origin.Addr.String()
		}
	}
	return devices, nil
}

func deviceName(userAgent string) string {
	ua := useragent.Parse(userAgent)
	switch {
	case ua.Name == "" || userAgent == "":
		return "Unknown device"
	case ua.OS == "":
		return ua.Name
	}
	return ua.Name + " on " + ua.OS
}

// Sessions returns the handler that answers 200 with the current user's sessions, a list of
// Device. It panics when cfg is invalid or its store is no SessionManager.
//
//	@Summary		List my sessions
//	@Description	Returns the live sessions of the current user, the one used last first.
//	@ID				sessions
//	@Tags			sessions
//	@Produce		json,application/problem+json
//	@Success		200	{array}		Device
//	@Failure		401	{object}	Problem	"unauthenticated"
//	@Failure		503	{object}	Problem	"unavailable"
//	@Security		sessionCookie
//	@Router			/sessions [get]
func Sessions[U User](cfg Config[U]) gin.HandlerFunc {
	m := compileManager("Sessions", cfg, (*mount).manager)
	return route.New(route.Info{Name: "sessions", Cookie: m.cookie.name}, func(c *gin.Context) {
		devices, err := ListDevices(c)
		if err != nil {
			Fail(c, err)
			return
		}
		Reply(c, http.StatusOK, devices)
	})
}

// RevokeSession returns the handler that ends the session of the current user whose id is
// the route's parameter ":id". It answers 204, and 404 for a session that is not theirs. Ending
// the session that asks is a logout. Mount it with POST or DELETE. It panics when cfg is
// invalid or its store is no SessionManager.
//
//	@Summary		End one of my sessions
//	@Description	Ending the session that asks is a logout.
//	@ID				revokeSession
//	@Tags			sessions
//	@Produce		application/problem+json
//	@Param			id	path	string	true	"Id of the session"
//	@Success		204
//	@Failure		401	{object}	Problem	"unauthenticated"
//	@Failure		403	{object}	Problem	"cross_origin"
//	@Failure		404	{object}	Problem	"session_not_found"
//	@Failure		503	{object}	Problem	"unavailable"
//	@Security		sessionCookie
//	@Router			/sessions/{id} [delete]
func RevokeSession[U User](cfg Config[U]) gin.HandlerFunc {
	return revoker("revokeSession", cfg, (*mount).manager, func(c *gin.Context, st *state, manager SessionManager) error {
		id := SessionID(c.Param("id"))
		if id == st.sessionID() {
			return st.signOut(c)
		}
		err := manager.RevokeSession(c.Request.Context(), st.proof.account.ID, id)
		if errors.Is(err, ErrNoSession) {
			return errSessionNotFound
		}
		return err
	})
}

// RevokeOtherSessions returns the handler that ends all sessions of the current user but the
// one that asks. It answers 204. It panics when cfg is invalid or its store is no SessionManager.
//
//	@Summary		End all my other sessions
//	@Description	Ends all sessions of the current user but the one that asks.
//	@ID				revokeOtherSessions
//	@Tags			sessions
//	@Produce		application/problem+json
//	@Success		204
//	@Failure		401	{object}	Problem	"unauthenticated"
//	@Failure		403	{object}	Problem	"cross_origin"
//	@Failure		503	{object}	Problem	"unavailable"
//	@Security		sessionCookie
//	@Router			/sessions/revoke-others [post]
func RevokeOtherSessions[U User](cfg Config[U]) gin.HandlerFunc {
	return revoker("revokeOtherSessions", cfg, (*mount).manager, func(c *gin.Context, st *state, manager SessionManager) error {
		return manager.RevokeUserSessions(c.Request.Context(), st.proof.account.ID, st.sessionID())
	})
}

// RevokeAllSessions returns the handler that logs the current user out everywhere, here too. It
// answers 204. Where the sessions' store is no SessionManager, Users has to be one, and a
// SessionAuthority, as store.DB is. It panics otherwise, and when cfg is invalid.
//
//	@Summary		Log out everywhere
//	@Description	Ends all sessions of the current user, the one that asks too.
//	@ID				revokeAllSessions
//	@Tags			sessions
//	@Produce		application/problem+json
//	@Success		204
//	@Failure		401	{object}	Problem	"unauthenticated"
//	@Failure		403	{object}	Problem	"cross_origin"
//	@Failure		503	{object}	Problem	"unavailable"
//	@Security		sessionCookie
//	@Router			/sessions/revoke-all [post]
func RevokeAllSessions[U User](cfg Config[U]) gin.HandlerFunc {
	return revoker("revokeAllSessions", cfg, (*mount).epochs, func(c *gin.Context, st *state, manager SessionManager) error {
		if err := manager.RevokeUserSessions(c.Request.Context(), st.proof.account.ID, ""); err != nil {
			return err
		}
		return st.signOut(c)
	})
}

func revoker[U User](name string, cfg Config[U], by func(*mount) SessionManager, revoke func(*gin.Context, *state, SessionManager) error) gin.HandlerFunc {
	m := compileManager(name, cfg, by)
	return route.New(route.Info{Name: name, Cookie: m.cookie.name, Redirects: m.pages.AfterLogin != "" || m.pages.AfterLogout != ""}, func(c *gin.Context) {
		if c.Request.Method != http.MethodPost && c.Request.Method != http.MethodDelete {
			Fail(c, errRevokeMethod)
			return
		}
		st, manager, err := managed(c, by)
		if err != nil {
			Fail(c, err)
			return
		}
		user, session := st.proof.account.ID, st.sessionID()
		if err := revoke(c, st, manager); err != nil {
			Fail(c, err)
			return
		}
		st.m.event(c, eventSessionsRevoked, "user_id", user, "by_session", session, "operation", name)
		if st.sessionID() == "" || !m.sendOn(c) {
			m.farewell(c)
		}
	})
}

// manager can list sessions and end each of them. It is nil where the sessions' store cannot.
func (m *mount) manager() SessionManager {
	manager, _ := m.keeper.(SessionManager)
	return manager
}

// epochs can end all sessions of a user at once, wherever they are kept.
func (m *mount) epochs() SessionManager {
	if m.gorilla != nil && m.gorilla.authority != nil {
		manager, _ := m.users.(SessionManager)
		return manager
	}
	return m.manager()
}

// compileManager is compile for handlers that need a SessionManager.
func compileManager[U User](name string, cfg Config[U], by func(*mount) SessionManager) *mount {
	m := compile(name, cfg)
	if by(m) == nil {
		panic(fmt.Sprintf("ginauth.%s: the sessions' store, a %T, is no ginauth.SessionManager: use store.New or store.NewSessions", name, m.keeper)) //nolint:forbidigo // while routes are built
	}
	return m
}

// managed returns the state of a logged-in request and the store that can manage its sessions.
func managed(c *gin.Context, by func(*mount) SessionManager) (*state, SessionManager, error) {
	st, err := loggedIn(c)
	if err != nil {
		return nil, nil, err
	}
	manager := by(st.m)
	if manager == nil {
		return nil, nil, fmt.Errorf("%w: the sessions' store is no SessionManager", ErrNotMounted)
	}
	return st, manager, nil
}
