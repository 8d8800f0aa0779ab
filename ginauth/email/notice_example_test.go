package email_test

import (
	"context"
	"fmt"
	"regexp"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/account"
	"github.com/ginauth/ginauth/ginauth/email"
	"github.com/ginauth/ginauth/store"
	"github.com/ginauth/ginauth/store/storetest"
)

// With store.WithMail the owner hears of every new password.
func Example_notices() {
	tb := &exampleTB{}
	defer tb.close()
	db := store.New[store.User](storetest.NewDB(tb), store.WithMail())
	cfg, err := ginauth.New(ginauth.Options[store.User]{Users: db, Exclude: []string{"/signup", "/magic", "/magic/send"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	var sent email.Message
	mails, err := email.New(cfg, email.Options[store.User]{
		BaseURL: "https://app.example.com", From: "Example <hello@example.com>",
		Pages:  email.Pages{Login: "/magic"},
		Sender: email.SenderFunc(func(_ context.Context, m email.Message) error { sent = m; return nil }),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	r := gin.New()
	r.Use(ginauth.Session(cfg))
	r.POST("/signup", ginauth.SignUp(cfg))
	r.POST("/magic/send", email.SendMagicLink(mails))
	r.POST("/magic", email.MagicLink(mails))
	r.POST("/password", account.SetPassword(cfg))

	visitor := newClient(r)
	visitor.post("/signup", `{"name":"Ada","email":"ada@example.com","password":"correct horse battery staple"}`)
	visitor.post("/magic/send", `{"email":"ada@example.com"}`)
	_, _ = mails.SendDue(context.Background())
	token := regexp.MustCompile(`token=(\S+)`).FindStringSubmatch(sent.Plain)[1]
	fmt.Println(visitor.use("/magic", token).Code) // proves the address, and takes the unproved owner's password away
	fmt.Println(visitor.post("/password", `{"new_password":"nanoseconds are short wires"}`).Code)
	n, err := mails.SendDue(context.Background())
	fmt.Println(n, err, sent.Subject)
	// Output:
	// 200
	// 204
	// 1 <nil> Your password for app.example.com was changed
}
