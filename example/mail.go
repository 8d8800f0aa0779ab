package main

import (
	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/email"
)

// mailPage is a page of a mail flow: what to show, and in which words.
type mailPage struct {
	email.Page
	Words mailWords
}

// mailWords are what the pages of one kind of link say.
type mailWords struct {
	Title        string
	Ask, Button  string // over the address, and on the button that does it
	Done         string
	Next, Onward string // where to go then, and in words
	Again        string // where to ask for another link
}

var mailKinds = map[driver.MailKind]mailWords{
	driver.MailVerify: {
		Title: "Confirm your address", Ask: "Is this your address?", Button: "Confirm",
		Done: "Your address is confirmed.", Next: "/account", Onward: "Go to your account", Again: "/account",
	},
	driver.MailReset: {
		Title: "Set a new password", Ask: "For the account of", Button: "Set the password",
		Done: "Your new password is set. All devices are logged out, and API keys have ended.", Next: "/login", Onward: "Log in with it", Again: "/forgot",
	},
	driver.MailLogin: {
		Title: "Log in by mail", Ask: "You will be logged in as", Button: "Log in",
		Done: "You are logged in.", Next: "/user", Onward: "See your profile", Again: "/magic/send",
	},
	driver.MailChange: {
		Title: "Change your address", Ask: "Your account will have the address", Button: "Use this address",
		Done: "Your account has its new address. A mail to the former one tells how to undo that.", Next: "/account", Onward: "Go to your account", Again: "/account",
	},
	driver.MailUndo: {
		Title: "Get your account back", Ask: "Your account will have its former address again. Its password goes, since others may know it, and all devices are logged out.", Button: "Undo the change",
		Done: "Your account has its former address again. Set a new password now.", Next: "/forgot", Onward: "Set a new password", Again: "/forgot",
	},
}

// showMailPage is Flows.Page. The headers are set already, and stricter than those of the other pages.
func showMailPage(c *gin.Context, p email.Page) {
	words := mailKinds[p.Kind]
	shown := page{Title: words.Title, Mail: mailPage{Page: p, Words: words}}
	if p.Problem != nil {
		shown.Form = form{Alert: p.Problem.Detail, Errors: map[string]string{}}
		for _, e := range p.Problem.Errors {
			shown.Form.Errors[e.Field] = e.Detail
		}
	}
	ended := p.Step == email.StepDone && (p.Kind == driver.MailReset || p.Kind == driver.MailUndo)
	if u, err := ginauth.CurrentUser[User](c); err == nil && !ended {
		shown.User = &u
	}
	fillIn(c, p.Status, "mail", shown)
}
