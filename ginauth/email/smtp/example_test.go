package smtp_test

import (
	"os"

	"github.com/ginauth/ginauth/ginauth/email"
	"github.com/ginauth/ginauth/ginauth/email/smtp"
	"github.com/ginauth/ginauth/store"
)

func ExampleNew() {
	o := email.Options[store.User]{From: "Example <hello@example.com>"} // for email.New
	o.Sender = smtp.New(smtp.Options{
		Host: "mail.example.com", Username: "app", Password: os.Getenv("SMTP_PASSWORD") + "x",
	})
	// Output:
}
