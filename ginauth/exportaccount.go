package ginauth

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/route"
)

// Export is all that is known here of a user.
type Export struct {
	// User is what Options.View shows.
	User any `json:"user"`
	// Held is what ExportUser of driver.Accounts returns: account, sessions, API keys, logins.
	Held json.RawMessage `json:"held" swaggertype:"object"`
}

// ExportAccount returns the handler that answers 200 with all that ginauth holds of the current user, an
// Export, as a file to save. It has no secrets, neither as they are nor as digests, and none of the values that the
// app keeps in sessions. Put Require(Fresh(10*time.Minute)) in front where an unlocked screen is a worry. Mount
// it with GET. It panics when Users is no driver.Accounts.
func ExportAccount[U any](cfg *Config[U]) gin.HandlerFunc {
	const name = "ExportAccount"
	m := cfg.accounts(name)
	users := usersAs[driver.Accounts[U]](name, m)
	h := route.New(route.Info{Name: "exportAccount", For: route.Users, ChecksScopes: true, Mount: m, Cookie: m.cookie.name}, func(c *gin.Context) {
		export, err := exportAccount(c, cfg, users)
		if err != nil {
			Fail(c, err)
			return
		}
		c.Header("Content-Disposition", `attachment; filename="account.json"`)
		Reply(c, http.StatusOK, export)
	})
	return h.As(func(c *gin.Context) { h.Serve(c) })
}

// @Summary		Export my account
// @Description	Returns everything that is stored of the user, but for secrets.
// @ID				exportAccount
// @Tags			account
// @Produce		json,application/problem+json
// @Success		200	{object}	Export
// @Failure		401	{object}	Problem	"unauthenticated"
// @Failure		403	{object}	Problem	"forbidden"
// @Failure		503	{object}	Problem	"unavailable"
// @Security		sessionCookie
// @Router			/user/export [get]
func exportAccount[U any](c *gin.Context, cfg *Config[U], users driver.Accounts[U]) (Export, error) {
	m := cfg.m
	_, auth, err := m.owner(c, http.MethodGet)
	if err != nil {
		return Export{}, err
	}
	u, err := CurrentUser[U](c)
	if err != nil {
		return Export{}, err
	}
	held, err := users.ExportUser(c.Request.Context(), auth.Account.ID)
	if errors.Is(err, driver.ErrNoUser) {
		return Export{}, fmt.Errorf("%w: the account ended while the request ran", ErrUnauthenticated)
	}
	if err != nil {
		return Export{}, err
	}
	m.event(c, driver.UserExported, "user_id", auth.Account.ID)
	return Export{User: cfg.o.View(u), Held: held}, nil
}
