package main

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
)

// form is the sign-up or login form, empty or as it came back. It never holds a password.
type form struct {
	Name, Email string
	Next        string            // where the user wanted to go
	Alert       string            // what is wrong as a whole
	Errors      map[string]string // what is wrong with a field
	Focus       string            // the field to begin with
}

var formTitles = map[string]string{"signup": "Sign up", "login": "Log in"}

// showForm shows a form to people who are not logged in.
func showForm(name string) gin.HandlerFunc {
	first := map[string]string{"signup": "name", "login": "email"}[name]
	return func(c *gin.Context) {
		u, answered := visitor(c)
		switch {
		case answered:
		case u != nil:
			c.Header("Cache-Control", "no-store")
			c.Redirect(http.StatusSeeOther, "/user")
		default:
			show(c, http.StatusOK, name, page{Title: formTitles[name], Form: form{Next: c.Query("next"), Focus: first}})
		}
	}
}

// showProblem is Config.Render: a browser that posted a form gets it back with messages,
// or else a page about the problem. Other clients get JSON, since nothing is written for them.
func showProblem(c *gin.Context, p *ginauth.Problem) {
	if !wantsPage(c) {
		return
	}
	name := map[string]string{"/signup": "signup", "/login": "login"}[c.FullPath()]
	posted := c.Request.PostForm // nil when the body could not be read
	if name == "" || posted == nil {
		show(c, p.Status, "problem", page{Title: p.Title, Problem: p})
		return
	}
	f := form{
		Name: posted.Get("name"), Email: posted.Get("email"), Next: posted.Get("next"),
		Alert: p.Detail, Errors: map[string]string{}, Focus: "password",
	}
	for _, e := range p.Errors {
		f.Errors[e.Field] = e.Detail
	}
	if p.Code == "email_taken" {
		f.Errors["email"] = "this address has an account: log in instead, or use another one"
	}
	for _, field := range []string{"password", "email", "name"} { // the topmost wins
		if f.Errors[field] != "" {
			f.Focus = field
		}
	}
	show(c, p.Status, name, page{Title: formTitles[name], Form: f})
}
