package email

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/flow"
	"github.com/ginauth/ginauth/ginauth/internal/accept"
	"github.com/ginauth/ginauth/ginauth/internal/route"
)

// MagicLink returns the handler of the link that logs in. A GET shows a page that names the
// account, with a button. Only the POST uses the token up and starts a session, so scanners of mail
// cannot use it up. It restores an archived account, answers 200 with the user, and sends a browser
// to Pages.AfterLogin of the Config, if that is set. The first such login proves the address, and
// removes the password and everything else that an earlier owner of the account left. The browser
// becomes known to the account (see docs/throttling.md). No notice is sent, because it would arrive
// in the same mailbox as the link. Mount it for GET and POST; its route is open. It panics when f
// is nil, or when Options.Pages has no Login.
func MagicLink[U any](f *Flows[U]) gin.HandlerFunc {
	f.mounted("MagicLink", "Login")
	f.needsProofs("MagicLink")
	l := link[U]{Flows: f, kind: driver.MailLogin, path: f.o.Pages.Login}
	l.use, l.done = f.logIn, f.welcome
	h := l.handler("magicLink", route.LoggedOut)
	return h.As(func(c *gin.Context) { h.Serve(c) })
}

// loggedIn is the key under which logIn leaves the user for welcome.
type loggedIn struct{}

// @Summary		Log in by a mailed link
// @Description	Starts a session, whose cookie comes with the answer.
// @ID				magicLink
// @Tags			mail
// @Accept			json,x-www-form-urlencoded
// @Produce		json,application/problem+json
// @Param			link	body	linkForm	true	"Token of the mail, unless the page's cookie has it, and password"
// @Success		200	{object}	store.User
// @Failure		400	{object}	ginauth.Problem	"malformed_body, link_cookie_missing"
// @Failure		401	{object}	ginauth.Problem	"cannot_sign_in"
// @Failure		403	{object}	ginauth.Problem	"cross_origin"
// @Failure		409	{object}	ginauth.Problem	"link_not_shown"
// @Failure		410	{object}	ginauth.Problem	"link_invalid"
// @Failure		413	{object}	ginauth.Problem	"body_too_large"
// @Failure		415	{object}	ginauth.Problem	"unsupported_media_type"
// @Failure		429	{object}	ginauth.Problem	"too_many_attempts"
// @Failure		503	{object}	ginauth.Problem	"unavailable"
// @Router			/magic [post]
func (f *Flows[U]) logIn(c *gin.Context, t found[U], _ string) error {
	if err := flow.CanSignIn(c); err != nil {
		return err
	}
	u, err := f.o.Store.UseEmailToken(ginauth.AuditContext(c), t.use)
	if err != nil {
		return err
	}
	if err := flow.SignIn(c, u, ginauth.Proved(driver.ByMail)); err != nil {
		return err
	}
	f.remember(c, u)
	c.Set(loggedIn{}, u)
	flow.LogEvent(c, driver.LoginSucceeded, "user_id", f.cfg.Account(u).ID)
	return nil
}

func (f *Flows[U]) welcome(c *gin.Context) {
	switch page := f.app.Pages.AfterLogin; {
	case !flow.PrefersHTML(c), page != "" && !accept.Navigates(c.Request.Header):
	case page == "":
		f.show(c, http.StatusOK, Page{Kind: driver.MailLogin, Step: StepDone})
		return
	default:
		setPageHeaders(c)
		site, err := f.siteFor(c)
		if err != nil {
			ginauth.Fail(c, err)
			return
		}
		c.Redirect(http.StatusSeeOther, site.path+page)
		return
	}
	found, _ := c.Get(loggedIn{})
	u, _ := found.(U)
	flow.Reply(c, http.StatusOK, f.app.View(u))
}
