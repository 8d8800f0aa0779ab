// Package email proves addresses, resets passwords, changes addresses and logs in, by links in mails.
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
// Each constructor stands alone, and is mounted where the app likes; docs/email.md shows all of them.
//
// # A mail's way
//
// A handler writes down that a mail is wanted, in one statement that asks nothing about accounts, and
// answers. Run takes the wish up, looks at whose address it is, makes the link's token, stores its
// SHA-256, and hands the mail over. So a slow or dead mail server changes neither answers nor their
// timing, nobody learns who has an account, and the database never holds a token: there is no text
// to seal or to delete. Every attempt has a token of its own; any attempt that arrives is good.
//
// # Links
//
// A token is 256 random bits, good for one purpose, one account and one address, once, and until its
// end. A newer mail of the kind voids it, and so do another link that is used, a new password and a new address; but not
// the way back from a change of address, which must outlive what a thief does next, archiving the account and deleting it too. A GET never spends a token: it
// moves it into a cookie and shows a page with a button.
package email
