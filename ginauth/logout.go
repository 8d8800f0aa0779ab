package ginauth

import (
	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/engine"
	"github.com/ginauth/ginauth/ginauth/internal/route"
)

// Logout returns the handler that ends the session: it deletes the row and clears the cookie. It
// answers 204 with or without a session, so its route need not be excluded. It answers 403
// session_required to a token or key, unless the credential has no scopes and the request also has
// a session of the same user. It answers 503 when the store cannot be asked; the session may then
// still be alive. Mount it with POST: a GET would let any page log the user out.
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
	_, _ = st.CurrentUser(c) // for the log only: without a user the cookie is cleared too
	id, session := st.Proof().Account.ID, st.Digest()
	if err := st.SignOut(c); err != nil {
		return err
	}
	if id != "" {
		m.Event(c, driver.LoggedOut, "user_id", id, "session", session)
	}
	return nil
}
