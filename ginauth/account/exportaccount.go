package account

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/engine"
	"github.com/ginauth/ginauth/ginauth/internal/route"
)

// Export is all data about a user.
type Export struct {
	// User is the user in the form of Options.View.
	User any `json:"user"`
	// Held is the result of ExportUser of driver.Accounts: account, sessions, API keys and logins.
	Held json.RawMessage `json:"held,omitempty" swaggertype:"object"`
	// Kept is the result of ExportUser of driver.External, for an account that is kept elsewhere:
	// sessions, API keys and logins.
	Kept json.RawMessage `json:"kept,omitempty" swaggertype:"object"`
}

// ExportAccount returns the handler that answers 200 with all data that ginauth holds of the
// current user, an Export, as a file to save. The Export contains no secrets, not even their
// digests, and no session values of the app. Put Require(Fresh(10*time.Minute)) in front if
// unlocked screens are a risk. Mount it with GET. It panics unless Users is a driver.Accounts or
// Sessions is a driver.External.
func ExportAccount[U any](cfg *ginauth.Config[U]) gin.HandlerFunc {
	const name = "account.ExportAccount"
	m := cfg.Engine().Mounted(name)
	users, _ := m.Users.(driver.Accounts[U])
	if users == nil && m.External == nil {
		engine.UsersAs[driver.Accounts[U]](name, m.WithAccounts(name))
	}
	h := route.New(route.Info{Name: "exportAccount", For: route.Users, ChecksScopes: true, Mount: m, Cookie: m.Cookie.Name}, func(c *gin.Context) {
		export, err := exportAccount(c, cfg, users)
		if err != nil {
			ginauth.Fail(c, err)
			return
		}
		c.Header("Content-Disposition", `attachment; filename="account.json"`)
		engine.Reply(c, http.StatusOK, export)
	})
	return h.As(func(c *gin.Context) { h.Serve(c) })
}

// @Summary		Export my account
// @Description	Returns everything that is stored of the user, without secrets.
// @ID				exportAccount
// @Tags			account
// @Produce		json,application/problem+json
// @Success		200	{object}	Export
// @Failure		401	{object}	ginauth.Problem	"unauthenticated"
// @Failure		403	{object}	ginauth.Problem	"forbidden"
// @Failure		503	{object}	ginauth.Problem	"unavailable"
// @Security		sessionCookie
// @Router			/user/export [get]
func exportAccount[U any](c *gin.Context, cfg *ginauth.Config[U], users driver.Accounts[U]) (Export, error) {
	m := cfg.Engine()
	_, auth, err := m.Owner(c, http.MethodGet)
	if err != nil {
		return Export{}, err
	}
	u, err := ginauth.CurrentUser[U](c)
	if err != nil {
		return Export{}, err
	}
	export := Export{User: m.Edge.View(&u)}
	if users != nil {
		export.Held, err = users.ExportUser(c.Request.Context(), auth.Account.ID)
		if errors.Is(err, driver.ErrNoUser) {
			return Export{}, fmt.Errorf("%w: the account ended while the request ran", ginauth.ErrUnauthenticated)
		}
	}
	if m.External != nil && err == nil {
		export.Kept, err = m.External.ExportUser(c.Request.Context(), auth.Account.ID)
		if errors.Is(err, driver.ErrNoUser) { // a user without a session here may still have an account elsewhere
			err = nil
		}
	}
	if err != nil {
		return Export{}, err
	}
	m.Event(c, driver.UserExported, "user_id", auth.Account.ID)
	return export, nil
}
