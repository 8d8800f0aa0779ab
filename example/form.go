package main

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
)

// form is what one of the pages' forms holds, empty or as it came back. It never holds a password.
type form struct {
	Name, Email string
	Next        string            // where the user wanted to go
	Alert       string            // what is wrong as a whole
	Errors      map[string]string // what is wrong with a field
	Focus       string            // the field to begin with
}

// formPage is a page with a form.
type formPage struct {
	template, title string
	focus           string // the field to begin with
	loggedIn        bool   // only who is logged in gets there
}

var (
	accountPage = formPage{template: "account", title: "Your account", loggedIn: true}
	confirmPage = formPage{template: "confirm", title: "Confirm your password", focus: "password", loggedIn: true}
)

// forms are the pages with forms, by the paths to which these are sent.
var forms = map[string]formPage{
	"/signup":          {template: "signup", title: "Sign up", focus: "name"},
	"/login":           {template: "login", title: "Log in", focus: "email"},
	"/forgot":          {template: "forgot", title: "Forgot your password", focus: "email"},
	"/magic/send":      {template: "magic", title: "Log in by mail", focus: "email"},
	"/restore":         {template: "restore", title: "Restore your account", focus: "email"},
	"/reauthenticate":  confirmPage,
	"/user":            accountPage,
	"/email":           accountPage,
	"/password/change": accountPage,
}

// showForm shows a form to people who are not logged in.
func showForm(path string) gin.HandlerFunc {
	f := forms[path]
	return func(c *gin.Context) {
		u, answered := visitor(c)
		switch {
		case answered:
		case u != nil && path != "/forgot": // those who are logged in may have forgotten it too
			c.Header("Cache-Control", "no-store")
			c.Redirect(http.StatusSeeOther, "/user")
		default:
			show(c, http.StatusOK, f.template, page{Title: f.title, User: u, Form: form{Next: c.Query("next"), Focus: f.focus}})
		}
	}
}

// showProblem is Options.Render: a browser that posted a form gets it back with messages,
// or else a page about the problem. Other clients get JSON, since nothing is written for them.
func showProblem(c *gin.Context, p *ginauth.Problem) {
	if !wantsPage(c) {
		return
	}
	f, fields, ok := comesBack(c, p)
	shown := page{Title: f.title, Form: fields}
	if ok && f.loggedIn {
		u, err := ginauth.CurrentUser[User](c)
		ok = err == nil
		shown.User, shown.Fresh = &u, isFresh(c)
	}
	if !ok {
		show(c, p.Status, "problem", page{Title: p.Title, Problem: p})
		return
	}
	show(c, p.Status, f.template, shown)
}

// comesBack is the page with the form that helps, if there is one.
func comesBack(c *gin.Context, p *ginauth.Problem) (f formPage, fields form, ok bool) {
	f = forms[c.FullPath()]
	posted := c.Request.PostForm // nil when the body could not be read
	switch {
	case p.Code == "reauthentication_required":
		return confirmPage, form{Next: pageOf(c.FullPath()), Focus: confirmPage.focus}, true
	case f.template == "" || posted == nil:
		return f, form{}, false
	}
	return f, returned(posted, p), true
}

// returned is a form with what is wrong with it.
func returned(posted url.Values, p *ginauth.Problem) form {
	f := form{
		Name: posted.Get("name"), Email: posted.Get("email"), Next: posted.Get("next"),
		Alert: p.Detail, Errors: map[string]string{}, Focus: "password",
	}
	for _, e := range p.Errors {
		f.Errors[e.Field] = e.Detail
	}
	switch {
	case p.Code == "email_taken":
		f.Errors["email"] = "this address has an account: log in instead, or use another one"
	case p.Code == "invalid_credentials" && posted.Has("current_password"):
		f.Alert, f.Errors["current_password"] = "Nothing was changed.", "this is not your password"
	case p.Code == "invalid_credentials" && !posted.Has("email"):
		f.Alert = "This is not your password."
	}
	for _, field := range []string{"password", "new_password", "current_password", "email", "name"} { // the topmost wins
		if f.Errors[field] != "" {
			f.Focus = field
		}
	}
	return f
}

// pageOf is the page from which a form is sent that wants the password to be confirmed first.
func pageOf(path string) string {
	if strings.HasPrefix(path, "/tokens") {
		return "/tokens"
	}
	return "/account"
}
