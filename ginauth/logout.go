package ginauth

import (
	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/engine"
	"github.com/ginauth/ginauth/ginauth/internal/route"
)

// Logout returns the handler that ends the session: its row is deleted and its cookie
// cleared. It answers 204, with a session and without one, so its route need not be excluded;
// 403 session_required to a token or key, which ends in other ways, unless it has no scopes and comes with a session
// of the same user; 503 when the store cannot be asked, and then the session may still be alive. Mount it
// with POST: a GET would let any page log the user out.
func Logout[U any](cfg *Config[U]) gin.HandlerFunc {
	m := cfg.Engine().Mounted("ginauth.Logout")
	h := route.New(route.Info{Name: "logout", For: route.Everyone, Mount: m, Cookie: m.Cookie.Name, Redirects: m.Pages.AfterLogout != ""}, func(c *gin.Context) {
		if err := logOut(c, m); err != nil {
			Fail(c, err)
			return
		}
		m.Farewell(c)
	})
	return h.As(func(c *gin.Context) { h.Serve(c) })
}

// @Summary		Log out
// @Description	Ends the session and clears its cookie. Answers the same without a session. A token or key is refused: it is ended in other ways.
// @ID				logout
// @Tags			account
// @Produce		application/problem+json
// @Success		204
// @Failure		403	{object}	Problem	"cross_origin, session_required"
// @Failure		503	{object}	Problem	"unavailable"
// @Router			/logout [post]
func logOut(c *gin.Context, m *engine.Mount) error {
	st, err := m.StateFor(c)
	if err != nil {
		return err
	}
	if err := st.OwnSession(c); err != nil {
		return err
	}
	_, _ = st.CurrentUser(c) // for the log: without one, too, the cookie is cleared
	id, session := st.Proof().Account.ID, st.Digest()
	if err := st.SignOut(c); err != nil {
		return err
	}
	if id != "" {
		m.Event(c, driver.LoggedOut, "user_id", id, "session", session)
	}
	return nil
}
