package account

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/engine"
	"github.com/ginauth/ginauth/ginauth/internal/route"
)

// Profile is the payload of UpdateProfile. An app whose users may change more uses
// UpdateProfileWith and a type of its own, which may embed Profile.
type Profile struct {
	// Name is the new name; nil leaves the old one.
	Name *string `json:"name" example:"Ada King"`
}

func (p Profile) profile() Profile { return p }

// UpdateProfile returns the handler that changes the current user's name, sent as JSON or as a
// form. It answers 200 with the user, and 422 with the fields at fault. A field that is not sent
// stays as it is. Mount it with POST, PUT or PATCH. It panics if Users is not a driver.Accounts, and
// if the users' table has no column for the name.
func UpdateProfile[U any](cfg *ginauth.Config[U]) gin.HandlerFunc {
	h := profileHandler("account.UpdateProfile", cfg, func(context.Context, Profile, *U) error { return nil })
	return h.As(func(c *gin.Context) { h.Serve(c) })
}

// UpdateProfileWith is UpdateProfile with the app's own payload, a struct. Gin's binding tags check
// its fields, then fill copies them to the user as stored now. Clients can change only the
// payload's fields; use pointers to see which were not sent. If fill fails, nothing is stored and
// Fail answers with its error; Invalid names the fields at fault. Changes of fill to the id, e-mail
// address, password, or whether the account is verified or disabled, are ignored. As a form, the
// payload may have only text, numbers and bools.
func UpdateProfileWith[U any, F any](cfg *ginauth.Config[U], fill func(ctx context.Context, f F, u *U) error) gin.HandlerFunc {
	if fill == nil {
		panic("account.UpdateProfileWith: fill is nil: use UpdateProfile") //nolint:forbidigo // while routes are built
	}
	if reflect.TypeFor[F]().Kind() != reflect.Struct {
		panic("account.UpdateProfileWith: the payload must be a struct") //nolint:forbidigo // while routes are built
	}
	h := profileHandler("account.UpdateProfileWith", cfg, fill)
	return h.As(func(c *gin.Context) { h.Serve(c) })
}

// @Summary		Change my profile
// @Description	What is not sent stays as it is.
// @ID				updateProfile
// @Tags			account
// @Accept			json,x-www-form-urlencoded
// @Produce		json,application/problem+json
// @Param			profile	body		Profile	true	"What changes"
// @Success		200		{object}	store.User
// @Failure		400		{object}	ginauth.Problem	"malformed_body"
// @Failure		401		{object}	ginauth.Problem	"unauthenticated"
// @Failure		403		{object}	ginauth.Problem	"cross_origin, forbidden"
// @Failure		413		{object}	ginauth.Problem	"body_too_large"
// @Failure		415		{object}	ginauth.Problem	"unsupported_media_type"
// @Failure		422		{object}	ginauth.Problem	"validation_failed"
// @Failure		503		{object}	ginauth.Problem	"unavailable"
// @Security		sessionCookie
// @Router			/user [patch]
func profileHandler[U any, F any](constructor string, cfg *ginauth.Config[U], fill func(context.Context, F, *U) error) *route.Handler {
	m := cfg.Engine().WithAccounts(constructor)
	users := engine.UsersAs[driver.Accounts[U]](constructor, m)
	var form F
	_, named := any(form).(interface{ profile() Profile })
	if store, ok := any(users).(interface{ KeepsNames() bool }); ok && named && !store.KeepsNames() {
		panic(constructor + ": the users' table has no column for the name: set Columns.Name, or use UpdateProfileWith with a payload that does not embed Profile") //nolint:forbidigo // while routes are built
	}
	return route.New(route.Info{Name: "updateProfile", For: route.VerifiedUsers, ChecksScopes: true, Mount: m, Cookie: m.Cookie.Name}, func(c *gin.Context) {
		u, err := updateProfile(c, m, users, fill)
		if err != nil {
			ginauth.Fail(c, err)
			return
		}
		if !m.SendOn(c) {
			engine.Reply(c, http.StatusOK, m.Edge.View(&u))
		}
	})
}

func updateProfile[U any, F any](c *gin.Context, m *engine.Mount, users driver.Accounts[U], fill func(context.Context, F, *U) error) (u U, err error) {
	st, auth, err := m.Owner(c, http.MethodPost, http.MethodPut, http.MethodPatch)
	if err != nil {
		return u, err
	}
	var form F
	var name *string
	err = engine.Bind(c, &form, func() (faults []ginauth.FieldError) {
		name, faults = newName(form)
		return faults
	})
	if err != nil {
		return u, err
	}
	if _, err := st.Recheck(c, c); err != nil { // the body may come long after the first check
		return u, err
	}
	ctx := ginauth.AuditContext(c)
	u, err = users.UpdateUser(ctx, auth.Account.ID, name, func(u *U) error { return fill(ctx, form, u) })
	if errors.Is(err, driver.ErrNoUser) {
		return u, fmt.Errorf("%w: the account ended while the request ran", ginauth.ErrUnauthenticated)
	}
	if err != nil {
		return u, err
	}
	st.Refresh(&u)
	m.Event(c, driver.UserUpdated, "user_id", auth.Account.ID)
	return u, nil
}

// newName returns the cleaned name of a payload that embeds Profile, or nil if it has none.
func newName(form any) (*string, []ginauth.FieldError) {
	p, ok := form.(interface{ profile() Profile })
	if !ok || p.profile().Name == nil {
		return nil, nil
	}
	name, faults := engine.CleanName(*p.profile().Name)
	if name == "" && faults == nil {
		faults = []ginauth.FieldError{{Field: "name", Code: "required", Detail: "name is required"}}
	}
	return &name, faults
}
