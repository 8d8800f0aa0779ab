package email

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/flow"
	"github.com/ginauth/ginauth/ginauth/internal/route"
)

// linkForm is the form of a link's page. A browser has the token in a cookie of the page; other
// clients send the token in the body.
type linkForm struct {
	Token    string `json:"token"`
	Password string `json:"password" format:"password"`
} //	@name	Link

// link is the handler of a link: a GET shows a page with a button, and only the POST has an effect
// (SEC-85), because scanners and previews of mail programs follow links.
type link[U any] struct {
	*Flows[U]
	kind driver.MailKind
	path string // the page's path, with that of its site once it is served
	site site   // of the request's realm
	// cookie is the cookie of the kind's pages. Each page has its own, so that two open pages do
	// not mix, and nobody can plant a token for another page (SEC-187). It is Lax because the
	// browser comes from a mail.
	cookie flow.Cookie
	// password says whether the page asks for a password.
	password func(*gin.Context, U) bool
	// use uses up a valid token.
	use func(*gin.Context, found[U], string) error
	// done answers after the token was used.
	done func(*gin.Context)
}

// found is a valid token with its user.
type found[U any] struct {
	use   driver.EmailTokenUse
	user  U
	email string
}

func (l link[U]) handler(operation string, audience route.Audience) *route.Handler {
	l.cookie, _ = flow.NewCookie(l.cfg, "mail-"+string(l.kind)+"-") // the name is valid
	redirects := l.kind == driver.MailLogin && l.app.Pages.AfterLogin != ""
	return route.New(route.Info{Mails: true, Enter: l.cfg.Engine().Enter, Name: operation, For: audience, ProvesAddress: l.kind != driver.MailUndo, Redirects: redirects}, func(c *gin.Context) {
		err := route.CheckMethod(c, http.MethodGet, http.MethodPost)
		l := l
		if err == nil {
			l.site, err = l.siteFor(c)
		}
		if err != nil {
			ginauth.Fail(c, err)
			return
		}
		l.path = l.site.path + l.path
		if c.Request.Method == http.MethodPost {
			l.post(c)
		} else {
			l.land(c)
		}
	})
}

// land moves a token from the URL into a cookie, so that neither the page's address nor its
// referrer contains it (SEC-114), and then shows the page. It changes nothing, and only counts the
// tokens that it looks up.
func (l link[U]) land(c *gin.Context) {
	if c.Request.URL.Query().Has("token") {
		page := l.keep(c, c.Query("token"))
		setPageHeaders(c)
		c.Redirect(http.StatusSeeOther, l.action(page))
		return
	}
	token, _, err := l.shown(c)
	if err == nil {
		err = l.count(c)
	}
	if err != nil {
		l.refuse(c, err, Page{})
		return
	}
	t, err := l.find(c, token)
	switch {
	case errors.Is(err, errLink):
		l.refuseLink(c)
	case err != nil:
		l.refuse(c, err, Page{})
	default:
		l.show(c, http.StatusOK, l.page(c, t, token))
	}
}

// action returns the URL to which a page sends its form.
func (l link[U]) action(page string) string { return l.path + "?page=" + page }

// count limits how many links one client address may try, by GET or POST (SEC-115).
func (l link[U]) count(c *gin.Context) error {
	return flow.Throttle(c, l.cfg, "link", "", ginauth.Limit{PerAddress: l.app.Limits.LinkPerAddress})
}

func (l link[U]) page(c *gin.Context, t found[U], token string) Page {
	p := Page{Kind: l.kind, Step: StepConfirm, Action: l.path, Email: t.email}
	if parsed, ok := driver.ParseToken(token); ok {
		p.Action = l.action(pageOf(parsed))
	}
	p.Password = l.password != nil && l.password(c, t.user)
	return p
}

func (l link[U]) post(c *gin.Context) {
	var form linkForm
	err := l.site.origins.Check(c.Request)
	if err != nil {
		ginauth.Fail(c, ginauth.ErrCrossOrigin)
		return
	}
	if err := flow.Bind(c, &form); err != nil {
		ginauth.Fail(c, err)
		return
	}
	bound := true
	if form.Token == "" {
		form.Token, bound, err = l.shown(c)
	}
	if err == nil {
		err = l.count(c)
	}
	if err != nil {
		l.refuse(c, err, Page{})
		return
	}
	t, err := l.find(c, form.Token)
	if err == nil && !bound {
		err = errLinkPage
	}
	if err == nil {
		err = l.use(c, t, form.Password)
	}
	switch {
	case errors.Is(err, driver.ErrNoEmailToken), errors.Is(err, errLink):
		l.refuseLink(c)
	case err != nil:
		l.refuse(c, err, l.page(c, t, form.Token))
	default:
		l.forget(c, form.Token)
		l.done(c)
	}
}

// find returns the owner of a valid token. Text that is not a token is not looked up (SEC-106).
func (l link[U]) find(c *gin.Context, token string) (t found[U], err error) {
	parsed, ok := driver.ParseToken(token)
	if !ok {
		return t, errLink
	}
	t.use = driver.EmailTokenUse{Kind: l.kind, Digest: parsed.Digest().In(driver.Realm(c.Request.Context())), Locale: l.locale(c)}
	t.user, t.email, err = l.o.Store.FindEmailToken(c.Request.Context(), l.kind, t.use.Digest)
	if errors.Is(err, driver.ErrNoEmailToken) {
		return t, errLink
	}
	return t, err
}

// refuseLink answers a request with an invalid token.
func (l link[U]) refuseLink(c *gin.Context) {
	if l.kind == driver.MailLogin {
		l.cfg.Engine().ObserveSignIn(c.Request.Context(), driver.ByMail, driver.Failure)
	}
	flow.LogEvent(c, driver.LinkRefused, "kind", string(l.kind))
	l.refuse(c, errLink, Page{})
}

// refuse answers with a problem, as a page for a browser.
func (l link[U]) refuse(c *gin.Context, err error, p Page) {
	problem := flow.ProblemOf(err)
	if problem.Status >= http.StatusInternalServerError || !flow.PrefersHTML(c) {
		ginauth.Fail(c, err)
		return
	}
	if wait := problem.RetryAfter; wait > 0 {
		c.Header("Retry-After", strconv.Itoa(int(wait/time.Second)))
	}
	p.Kind, p.Step, p.Problem = l.kind, StepConfirm, &problem
	l.show(c, problem.Status, p)
	c.Abort()
}

func (l link[U]) finish(c *gin.Context) {
	if flow.PrefersHTML(c) {
		l.show(c, http.StatusOK, Page{Kind: l.kind, Step: StepDone})
		return
	}
	setPageHeaders(c)
	c.Status(http.StatusNoContent)
}

// proves returns nil if the sender of the request has the account already: by a session or token of
// the account that is good for everything, or by its password.
func (f *Flows[U]) proves(c *gin.Context, t found[U], plain string) error {
	if f.signedInAs(c, t.user) {
		return nil
	}
	if plain == "" {
		return errProofNeeded
	}
	if t.use.Kind == driver.MailVerify { // someone with the link knows already that the account exists
		hash, err := f.o.Store.FindPendingPassword(c.Request.Context(), t.use.Digest)
		if err != nil {
			return err
		}
		if !hash.IsZero() {
			return flow.VerifyPasswordHash(c, f.cfg, t.user, hash, plain)
		}
	}
	_, err := flow.VerifyPassword(c, f.cfg, f.cfg.Account(t.user).Identifier, plain)
	return err
}

// renew gives the owner's session a new token before the account gets more rights. If it fails,
// nothing has changed. If it succeeds, a stolen old token is invalid, at the latest after
// RotationGrace (SEC-64).
func (f *Flows[U]) renew(c *gin.Context, owner U) error {
	if !f.signedInAs(c, owner) {
		return nil
	}
	err := ginauth.Renew(c)
	if errors.Is(err, ginauth.ErrNotMounted) { // an app with tokens only
		return nil
	}
	return err
}

func (f *Flows[U]) signedInAs(c *gin.Context, owner U) bool {
	auth, err := ginauth.CurrentAuth(c)
	return err == nil && auth.Scopes == nil && auth.Account.ID != "" && auth.Account.ID == f.cfg.Account(owner).ID
}

func (f *Flows[U]) notSignedIn(c *gin.Context, owner U) bool { return !f.signedInAs(c, owner) }
