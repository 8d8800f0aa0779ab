package ginauth

import (
	"context"
	"net/http"
	"reflect"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/route"
)

// SignUp returns the handler that creates an account from a Registration, sent as JSON or as a
// form, and logs the new user in. It answers 201 with the user, and 422 with the fields at fault.
// If the address already has an account it answers 409, so anybody can find out who has an account,
// as often as Limits.SignUp allows; email.SignUp does not reveal it, but needs mails. Mount it with
// POST. Its route is open and need not be excluded.
func SignUp[U any](cfg *Config[U]) gin.HandlerFunc {
	h := signUp("ginauth.SignUp", cfg, func(context.Context, Registration, *U) error { return nil })
	return h.As(func(c *gin.Context) { h.Serve(c) })
}

// SignUpWith is SignUp with the app's own payload, which embeds Registration or Credentials. Gin's
// binding tags check its fields, then fill copies them to the new user before it is stored. If fill
// fails, no user is stored and Fail answers with its error; Invalid names the fields at fault.
// Changes that fill makes to the account itself (id, e-mail address, password) are ignored. Work
// that needs the database belongs in store.AfterCreate, which runs in the transaction. As a form,
// the payload may have only text, numbers and bools.
func SignUpWith[U any, F Form](cfg *Config[U], fill func(ctx context.Context, f F, u *U) error) gin.HandlerFunc {
	if fill == nil {
		panic("ginauth.SignUpWith: fill is nil: use SignUp") //nolint:forbidigo // while routes are built
	}
	h := signUp("ginauth.SignUpWith", cfg, fill)
	return h.As(func(c *gin.Context) { h.Serve(c) })
}

// @Summary		Sign up
// @Description	Creates an account and starts a session, whose cookie comes with the answer.
// @ID				signUp
// @Tags			account
// @Accept			json,x-www-form-urlencoded
// @Produce		json,application/problem+json
// @Param			registration	body		Registration	true	"Name, e-mail address and password"
// @Success		201				{object}	store.User
// @Failure		400				{object}	Problem	"malformed_body"
// @Failure		403				{object}	Problem	"cross_origin"
// @Failure		409				{object}	Problem	"email_taken, username_taken"
// @Failure		413				{object}	Problem	"body_too_large"
// @Failure		415				{object}	Problem	"unsupported_media_type"
// @Failure		422				{object}	Problem	"validation_failed"
// @Failure		429				{object}	Problem	"too_many_attempts"
// @Failure		503				{object}	Problem	"unavailable, busy"
// @Router			/signup [post]
func signUp[U any, F Form](constructor string, cfg *Config[U], fill func(context.Context, F, *U) error) *route.Handler {
	m := cfg.Engine().WithAccounts(constructor)
	return route.New(route.Info{
		Name: "signUp", For: route.LoggedOut, Mount: m, Cookie: m.Cookie.Name, User: m.Edge.ViewType, Form: reflect.TypeFor[F](), Redirects: m.Pages.AfterLogin != "",
	}, func(c *gin.Context) {
		u, err := register(c, cfg, fill)
		if err != nil {
			Fail(c, err)
			return
		}
		m.Welcome(c, http.StatusCreated, m.Edge.View(&u))
	})
}

func register[U any, F Form](c *gin.Context, cfg *Config[U], fill func(context.Context, F, *U) error) (u U, err error) {
	m := cfg.m
	st, err := m.StateFor(c)
	if err != nil {
		return u, err
	}
	var form F
	n, attempt, err := m.BindRegistration(c, &form)
	if err != nil {
		return u, err
	}
	ctx := AuditContext(c)
	u, err = cfg.o.Users.CreateUser(ctx, n, func(u *U) error { return fill(ctx, form, u) })
	if err != nil {
		return u, err
	}
	account := cfg.account(&u)
	done := attempt.Settling(account.ID, true)
	session := driver.NewSession{Credential: n.Hash, Methods: driver.Methods(driver.ByPassword), Persistent: form.registration().Remember, Settles: done.Within(st.Store)}
	if err := st.SignIn(c, &u, account, session); err != nil {
		return u, err
	}
	done.Finish(ctx, st)
	m.Event(c, driver.UserCreated, "user_id", account.ID, "session", st.Digest())
	return u, nil
}
