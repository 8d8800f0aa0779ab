package account

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/engine"
	"github.com/ginauth/ginauth/ginauth/internal/route"
)

// ChangeUsername returns the handler that gives the current user another username, or a first one.
// The rules are those of a sign-up. It needs a fresh login, and answers 200 with the user, or 409
// username_taken. Sessions continue; known browsers are forgotten, unless only upper and lower case
// change. The former name is free for others at once. Mount it with POST, PUT or PATCH. It panics if
// Options.Identifier has no usernames, or if Users is not a driver.Usernames.
func ChangeUsername[U any](cfg *ginauth.Config[U]) gin.HandlerFunc {
	const name = "account.ChangeUsername"
	m := cfg.Engine().WithAccounts(name)
	if names, _ := m.TakesUsernames(); !names {
		panic(name + ": users log in with e-mail addresses alone: set Options.Identifier to driver.UsernameIdentifier or driver.EitherIdentifier") //nolint:forbidigo // while routes are built
	}
	users := engine.UsersAs[driver.Usernames[U]](name, m)
	h := route.New(route.Info{Name: "changeUsername", For: route.Users, ChecksScopes: true, Mount: m, Cookie: m.Cookie.Name}, func(c *gin.Context) {
		u, err := changeUsername(c, m, users)
		if err != nil {
			ginauth.Fail(c, err)
			return
		}
		if !m.SendOn(c) {
			engine.Reply(c, http.StatusOK, m.Edge.View(&u))
		}
	})
	return h.As(func(c *gin.Context) { h.Serve(c) })
}

type usernameForm struct {
	Username string `json:"username" binding:"required"`
} //	@name	UsernameForm

// @Summary		Change my username
// @Description	The former username is free for others at once. Sessions continue.
// @ID				changeUsername
// @Tags			account
// @Accept			json,x-www-form-urlencoded
// @Produce		json,application/problem+json
// @Param			username	body		usernameForm	true	"The new username"
// @Success		200			{object}	store.User
// @Failure		400			{object}	ginauth.Problem	"malformed_body"
// @Failure		401			{object}	ginauth.Problem	"unauthenticated"
// @Failure		403			{object}	ginauth.Problem	"cross_origin, forbidden, reauthentication_required"
// @Failure		409			{object}	ginauth.Problem	"username_taken"
// @Failure		413			{object}	ginauth.Problem	"body_too_large"
// @Failure		415			{object}	ginauth.Problem	"unsupported_media_type"
// @Failure		422			{object}	ginauth.Problem	"validation_failed"
// @Failure		503			{object}	ginauth.Problem	"unavailable"
// @Security		sessionCookie
// @Router			/username [post]
func changeUsername[U any](c *gin.Context, m *engine.Mount, users driver.Usernames[U]) (u U, err error) {
	st, auth, err := m.FreshOwner(c, http.MethodPost, http.MethodPut, http.MethodPatch)
	if err != nil {
		return u, err
	}
	var form usernameForm
	var username, canonical string
	err = engine.Bind(c, &form, func() (faults []ginauth.FieldError) {
		username, canonical, faults = m.Names.OfChange(form.Username)
		return faults
	})
	if err != nil {
		return u, err
	}
	if _, err := st.Recheck(c, c); err != nil { // the body may come long after the first check
		return u, err
	}
	u, err = users.ChangeUsername(ginauth.AuditContext(c), auth.Account.ID, username, canonical)
	if errors.Is(err, driver.ErrNoUser) {
		return u, fmt.Errorf("%w: the account ended while the request ran", ginauth.ErrUnauthenticated)
	}
	if err != nil {
		return u, err
	}
	st.Refresh(&u)
	m.Event(c, driver.UserUsernameChanged, "user_id", auth.Account.ID)
	return u, nil
}
