package email

import (
	"strings"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// builtIn are all mails in English.
var builtIn = Texts{
	driver.MailVerify: english("Confirm your e-mail address for {{.Site}}",
		"To confirm that this is your address, open this link:",
		"It is good for {{.Lifetime}}. If you did not sign up, do nothing, or use "+forgot+" to take the account over."),
	driver.MailReset: english("Set a new password for {{.Site}}",
		"Somebody, you we hope, forgot the password of your account. To set a new one, open this link:",
		"It is good for {{.Lifetime}} and works once. A new password logs out all devices and ends all API keys. If it was not you, do nothing: your password stays as it is."),
	driver.MailLogin: english("Log in to {{.Site}}",
		"To log in, open this link:",
		"It is good for {{.Lifetime}} and works once. If you did not ask for it, do nothing, and do not pass it on."),
	driver.MailChange: english("Confirm your new e-mail address for {{.Site}}",
		"To use this address for your account from now on, open this link:",
		"It is good for {{.Lifetime}}. If you did not ask for it, do nothing."),
	driver.MailUndo: english("Your e-mail address for {{.Site}} was changed",
		"Your account has another e-mail address now. If you did not want that, open this link to get the account back:",
		"It is good for {{.Lifetime}}, whatever else happens to the account until then. If it was you, do nothing."),
	driver.MailTaken: english("You already have an account with {{.Site}}",
		"Somebody, you we hope, tried to sign up with this address, which has an account already.",
		"Log in, or use "+forgot+" if you do not know your password, never confirmed this address, or want a deleted account back. If it was not you, do nothing."),
	driver.MailPassword: english("Your password for {{.Site}} was changed",
		"The password of your account was changed, and all other devices were logged out.",
		"If it was not you, use "+forgot+" at once, which logs out all devices and ends all API keys, and look after your mailbox."),
	driver.MailNewBrowser: english("New login to {{.Site}}",
		"There was a login to your account on a device that had not been used for it before.",
		"If it was you, do nothing. If not, use "+forgot+" at once, which logs out all devices and ends all API keys."),
	driver.MailReuse: english("A login to {{.Site}} was ended",
		"A login to your account was ended: a key of it came back that had been replaced before, so somebody else may have a copy.",
		"Log in again on that device. If you do not know how this came about, use "+forgot+" at once, which logs out all devices and ends all API keys."),
}

// forgot names the page, and links to it if the app has set its path.
const (
	forgot     = `"forgot password"{{with .ForgotPage}} ({{.}}){{end}}`
	forgotHTML = `"forgot password"{{with .ForgotPage}} (<a href="{{.}}">{{.}}</a>){{end}}`
)

func english(subject, before, after string) Text {
	return Text{
		Subject: subject,
		Plain:   before + "\n\n{{with .Link}}{{.}}\n\n{{end}}" + after + "\n\n{{.Site}}\n{{.BaseURL}}\n",
		HTML: `<!doctype html><html lang="en"><meta charset="utf-8"><title>` + subject + `</title><body>` +
			`<p>` + before + `</p>{{with .Link}}<p><a href="{{.}}">{{.}}</a></p>{{end}}<p>` + strings.ReplaceAll(after, forgot, forgotHTML) + `</p>` +
			`<p>{{.Site}}<br>{{.BaseURL}}</p></body></html>` + "\n",
	}
}
