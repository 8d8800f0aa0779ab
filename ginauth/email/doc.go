// Package email proves addresses, resets passwords, changes addresses and logs in, by links in
// mails.
//
//	mails, err := email.New(cfg, email.Options[User]{
//		BaseURL: "https://app.example.com", From: "Example <hello@example.com>",
//		Sender: smtp.New(smtp.Options{Host: "mail.example.com"}),
//		Pages:  email.Pages{Verify: "/verify", Reset: "/reset"},
//	})
//	if err != nil {
//		return err
//	}
//	r.POST("/forgot", email.ForgotPassword(mails))
//	r.Match([]string{"GET", "POST"}, "/reset", email.ResetPassword(mails))
//	go func() { stopped <- mails.Run(ctx) }()
//
// Mount the handlers that you want; docs/email.md shows all of them.
//
// # How a mail is sent
//
// A handler stores the request for a mail, in one statement that does not look at accounts, and
// answers. Run claims the request, finds the account of its address, makes the link's token, stores
// its SHA-256, and sends the mail. So a slow or broken mail server changes neither answers nor
// their timing, nobody learns who has an account, and the database never contains a token: there
// are no texts to encrypt or to delete. Each attempt to send has a token of its own, and each one
// that arrives works.
//
// # Links
//
// A token is 256 random bits, for one purpose, one account and one address. It can be used once,
// until it expires. A newer mail of the same kind voids it, and so do another link that is used, a
// new password and a new address. The link that undoes a change of address stays, because it must
// outlive what a thief does next, even if the thief archives or deletes the account. A GET never
// uses a token up: it moves the token into a cookie and shows a page with a button.
package email
