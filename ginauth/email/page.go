package email

import (
	"html/template"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
)

// Step says which step of a flow a page shows.
type Step string

// The steps.
const (
	// StepSent comes after the form that asks for a mail.
	StepSent Step = "sent"
	// StepConfirm has the button that sends the form. A link leads here, and changes nothing.
	StepConfirm Step = "confirm"
	// StepDone comes after that form.
	StepDone Step = "done"
)

// Page is the content that Options.Page shows to a browser. Its headers are set already: the page
// may not be cached, framed, or load anything from another site, and no other site learns its
// address.
type Page struct {
	Kind driver.MailKind
	Step Step
	// Status is the HTTP status to answer with.
	Status int
	// Action is where the form of StepConfirm is sent, by POST: a path with a query that binds the
	// form to this page. The token is in a cookie that the page cannot read.
	Action string
	// Email is the address that the link proves, to show at StepConfirm.
	Email string
	// Password says that the form needs a field "password": the new password for driver.MailReset,
	// otherwise the account's.
	Password bool
	// Problem says why the form was refused or the link is invalid. If Action is empty too, the
	// user cannot go on.
	Problem *ginauth.Problem
}

// pageHeaders allow a page its own style sheets and a form to this site. Without a referrer a form
// would have no Origin header (SEC-114, SEC-139).
var pageHeaders = map[string]string{
	"Cache-Control":                "no-store",
	"Content-Security-Policy":      "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
	"Cross-Origin-Resource-Policy": "same-origin",
	"Referrer-Policy":              "same-origin",
	"Vary":                         "Cookie, Accept",
	"X-Content-Type-Options":       "nosniff",
	"X-Robots-Tag":                 "noindex",
}

func setPageHeaders(c *gin.Context) {
	for name, value := range pageHeaders {
		c.Header(name, value)
	}
	if c.Request.URL.Query().Has("token") {
		c.Header("Referrer-Policy", "no-referrer")
	}
}

func (f *Flows[U]) show(c *gin.Context, status int, p Page) {
	setPageHeaders(c)
	p.Status = status
	if f.o.Page != nil {
		f.o.Page(c, p)
		return
	}
	c.Status(status)
	c.Header("Content-Type", "text/html; charset=utf-8")
	words := pageWords[p.Kind]
	_ = pageTemplate.Execute(c.Writer, struct { // the client may be gone
		Page
		Title, Button, Done, Field, Complete, Forgot string
	}{p, words.title, words.button, words.done, words.field, words.complete, f.forgotPath(c)})
}

// forgotPath returns the path of Pages.Forgot as browsers see it.
func (f *Flows[U]) forgotPath(c *gin.Context) string {
	site, err := f.siteFor(c)
	if f.o.Pages.Forgot == "" || err != nil {
		return ""
	}
	return site.path + f.o.Pages.Forgot
}

var pageWords = map[driver.MailKind]struct{ title, button, done, field, complete string }{
	driver.MailVerify: {"Confirm your address", "Confirm", "Your address is confirmed.", "Your password", "current-password"},
	driver.MailReset:  {"Set a new password", "Set password", "Your password is set. Log in with it.", "New password", "new-password"},
	driver.MailLogin:  {"Log in", "Log in", "You are logged in.", "", ""},
	driver.MailChange: {"Confirm your new address", "Confirm", "Your account has the new address.", "Your password", "current-password"},
	driver.MailUndo:   {"Get your account back", "Undo the change", "Your account has its former address. Set a new password by \"forgot password\".", "", ""},
	driver.MailTaken:  {"Sign up", "", "", "", ""},
}

var pageTemplate = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{{.Title}}</title>
<main>
<h1>{{.Title}}</h1>
{{with .Problem}}<p role="alert">{{.Detail}}{{range .Errors}} {{.Detail}}.{{end}}</p>
{{end}}{{if eq .Step "sent"}}<p>If there is something to send, a mail is on its way. Look into your mailbox.</p>
{{else if eq .Step "done"}}<p>{{.Done}}</p>
{{if and .Forgot (eq .Kind "undo")}}<p><a href="{{.Forgot}}">Set a new password</a></p>
{{end}}{{else if .Action}}<p>{{.Email}}</p>
<form method="post" action="{{.Action}}">
{{if .Password}}<p><label>{{.Field}} <input type="password" name="password" required autocomplete="{{.Complete}}"></label></p>
{{end}}<p><button>{{.Button}}</button></p>
</form>
{{end}}</main>
</html>
`))
