package account

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/mileusna/useragent"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/engine"
	"github.com/ginauth/ginauth/ginauth/internal/route"
)

// LoginRecord is a login in the list that its user sees.
type LoginRecord struct {
	// ID identifies the login for RevokeSession. It is not a credential.
	ID driver.SessionID `json:"id"`
	// Kind is "session", or "token" for a login that refresh tokens keep alive.
	Kind string `json:"kind"`
	// Name is a guess from the User-Agent, such as "Firefox on Linux".
	Name string `json:"name" example:"Firefox on Linux"`
	// IP is the client's address when the login began; empty when unknown.
	IP         string    `json:"ip,omitempty" example:"203.0.113.7"`
	CreatedAt  time.Time `json:"created_at" format:"date-time"`
	LastSeenAt time.Time `json:"last_seen_at" format:"date-time"`
	ExpiresAt  time.Time `json:"expires_at" format:"date-time"`
	// Current says that this login sent the request.
	Current bool `json:"current"`
	// Methods are how the user has proved who they are, by the names of RFC 8176; empty when
	// unknown.
	Methods []driver.Method `json:"methods" swaggertype:"array,string" enums:"pwd,otp,hwk,user,mail,fed" example:"pwd"`
} //	@name	ginauth.Device

// ListLogins returns the live sessions of the current user, and also the logins by refresh tokens
// if the store is a driver.RefreshTokens. The one used last comes first. It returns the errors of
// CurrentUser, ErrForbidden for a credential with scopes, and ErrNotMounted if the store is not a
// driver.Logins or only RetrieveUser knows whose a session is.
func ListLogins(c *gin.Context) ([]LoginRecord, error) {
	st, manager, err := managed(c, (*engine.Mount).Manager)
	if err != nil {
		return nil, err
	}
	ctx, user, current := c.Request.Context(), st.Proof().Account.ID, st.LoginID()
	records, err := manager.UserSessions(ctx, user)
	if err != nil {
		return nil, err
	}
	logins := make([]LoginRecord, 0, len(records))
	for _, r := range records {
		logins = append(logins, loginRecord("session", r.ID, r.Origin, r.CreatedAt, r.LastSeenAt, r.ExpiresAt, current, r.Methods))
	}
	if tokens, ok := manager.(driver.RefreshTokens); ok {
		families, err := tokens.UserRefreshFamilies(ctx, user)
		if err != nil {
			return nil, err
		}
		for _, f := range families {
			logins = append(logins, loginRecord("token", f.ID, f.Origin, f.CreatedAt, f.LastUsedAt, f.ExpiresAt, current, f.Methods))
		}
	}
	slices.SortStableFunc(logins, func(a, b LoginRecord) int { return b.LastSeenAt.Compare(a.LastSeenAt) })
	return logins, nil
}

func loginRecord(kind string, id driver.SessionID, from driver.Origin, created, seen, expires time.Time, current driver.SessionID, methods driver.Methods) LoginRecord {
	d := LoginRecord{
		ID: id, Kind: kind, Name: browserName(from.UserAgent), CreatedAt: created, LastSeenAt: seen, ExpiresAt: expires, Current: id == current, Methods: methods.List(),
	}
	if from.Addr.IsValid() {
		d.IP = from.Addr.String()
	}
	return d
}

func browserName(userAgent string) string {
	ua := useragent.Parse(userAgent)
	switch {
	case ua.Name == "" || userAgent == "":
		return "Unknown device"
	case ua.OS == "":
		return ua.Name
	}
	return ua.Name + " on " + ua.OS
}

// Sessions returns the handler that answers 200 with the list of ListLogins as JSON. A page of the
// app's own calls ListLogins. It panics where ListLogins returns ErrNotMounted.
func Sessions[U any](cfg *ginauth.Config[U]) gin.HandlerFunc {
	m := compileManager("account.Sessions", cfg, (*engine.Mount).Manager)
	h := route.New(route.Info{Name: "sessions", For: route.Users, ChecksScopes: true, Mount: m, Cookie: m.Cookie.Name}, showSessions)
	return h.As(func(c *gin.Context) { h.Serve(c) })
}

// @Summary		List my sessions
// @Description	Returns the live sessions and logins by refresh tokens of the current user, the one used last first.
// @ID				sessions
// @Tags			sessions
// @Produce		json,application/problem+json
// @Success		200	{array}		LoginRecord
// @Failure		401	{object}	ginauth.Problem	"unauthenticated"
// @Failure		403	{object}	ginauth.Problem	"forbidden"
// @Failure		503	{object}	ginauth.Problem	"unavailable"
// @Security		sessionCookie
// @Router			/sessions [get]
func showSessions(c *gin.Context) {
	logins, err := ListLogins(c)
	if err != nil {
		ginauth.Fail(c, err)
		return
	}
	engine.Reply(c, http.StatusOK, logins)
}

// nobodysSessions: a list would be empty, and ending all sessions would end none (SEC-190).
const nobodysSessions = "only RetrieveUser knows whose a session is, so no store can find a user's sessions: keep them with store.NewExternal(pool) in Options.Sessions, or leave this handler out"

const keepsNoLists = "the sessions' store, a %T, is not a driver.Logins: use store.New or store.NewSessions, or give it that interface's methods"

// compileManager returns the mount for handlers that need a driver.Logins. It panics if there is
// none.
func compileManager[U any](name string, cfg *ginauth.Config[U], by func(*engine.Mount) driver.Logins) *engine.Mount {
	m := cfg.Engine().Mounted(name)
	if !m.KnowsOwner {
		panic(fmt.Sprintf("%s: %s", name, nobodysSessions)) //nolint:forbidigo // while routes are built
	}
	if by(m) == nil {
		panic(fmt.Sprintf("%s: "+keepsNoLists, name, m.Keeper)) //nolint:forbidigo // while routes are built
	}
	return m
}

// managed returns the state of the owner's request, and the store of the owner's logins. It refuses
// credentials with scopes, such as API keys: they may neither list logins nor end them.
func managed(c *gin.Context, by func(*engine.Mount) driver.Logins) (*engine.State, driver.Logins, error) {
	st, err := engine.LoggedIn(c)
	if err != nil {
		return nil, nil, err
	}
	if st.Proof().Scopes != nil {
		st.Mount.Event(c, driver.AccessDenied, "user_id", st.Proof().Account.ID, "via", st.Proof().Via, "reason", "credentials with scopes")
		return nil, nil, fmt.Errorf("%w: credentials with scopes see no logins and end none", ginauth.ErrForbidden)
	}
	if !st.Mount.KnowsOwner {
		return nil, nil, fmt.Errorf("%w: %s", ginauth.ErrNotMounted, nobodysSessions)
	}
	manager := by(st.Mount)
	if manager == nil {
		return nil, nil, fmt.Errorf("%w: "+keepsNoLists, ginauth.ErrNotMounted, st.Mount.Keeper)
	}
	return st, manager, nil
}
