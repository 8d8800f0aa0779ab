package email_test

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/email"
	"github.com/ginauth/ginauth/store"
	"github.com/ginauth/ginauth/store/storetest"
)

// exampleTB lets an example have a database as a test has one.
type exampleTB struct {
	testing.TB
	cleanups []func()
}

func (*exampleTB) Helper()            {}
func (*exampleTB) Name() string       { return "Example" }
func (e *exampleTB) Cleanup(f func()) { e.cleanups = append(e.cleanups, f) }

func (e *exampleTB) close() {
	for i := len(e.cleanups) - 1; i >= 0; i-- {
		e.cleanups[i]()
	}
}

// A forgotten password, from the wish to the new one.
func Example() {
	tb := &exampleTB{}
	defer tb.close()
	pool := storetest.NewDB(tb) // in an app: pgxpool.New and migrations.Up
	db := store.New[store.User](pool)
	cfg, err := ginauth.New(ginauth.Options[store.User]{Users: db, Exclude: []string{"/signup", "/forgot", "/reset"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	var mailbox []email.Message
	mails, err := email.New(cfg, email.Options[store.User]{
		BaseURL: "https://app.example.com", From: "Example <hello@example.com>",
		Pages:  email.Pages{Reset: "/reset"},
		Sender: email.SenderFunc(func(_ context.Context, m email.Message) error { mailbox = append(mailbox, m); return nil }),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	r := gin.New()
	r.Use(ginauth.Session(cfg))
	r.POST("/signup", ginauth.SignUp(cfg))
	r.POST("/forgot", email.ForgotPassword(mails))
	r.Match([]string{http.MethodGet, http.MethodPost}, "/reset", email.ResetPassword(mails))

	visitor := newClient(r)
	fmt.Println(visitor.post("/signup", `{"name":"Ada","email":"ada@example.com","password":"correct horse battery staple"}`).Code)
	fmt.Println(visitor.post("/forgot", `{"email":"ada@example.com"}`).Body)
	fmt.Println(visitor.post("/forgot", `{"email":"nobody@example.com"}`).Body)
	sent, err := mails.SendDue(context.Background()) // Run does it all the time
	fmt.Println(sent, err, mailbox[0].To, mailbox[0].Subject)
	token := regexp.MustCompile(`token=(\S+)`).FindStringSubmatch(mailbox[0].Plain)[1]
	fmt.Println(strings.HasPrefix(mailbox[0].Plain, "Somebody"), visitor.use("/reset", token, "nanoseconds are short wires").Code)
	// Output:
	// 201
	// {"detail":"If there is something to send, a mail is on its way."}
	// {"detail":"If there is something to send, a mail is on its way."}
	// 1 <nil> ada@example.com Set a new password for app.example.com
	// true 204
}

// A login without a password. Looking at the page spends nothing; its button does.
func ExampleMagicLink() {
	tb := &exampleTB{}
	defer tb.close()
	db := store.New[store.User](storetest.NewDB(tb))
	cfg, err := ginauth.New(ginauth.Options[store.User]{Users: db, Exclude: []string{"/signup", "/magic", "/magic/send"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	var sent email.Message
	mails, err := email.New(cfg, email.Options[store.User]{
		BaseURL: "https://app.example.com", From: "Example <hello@example.com>",
		Pages:  email.Pages{Login: "/magic", Verify: "/verify"},
		Sender: email.SenderFunc(func(_ context.Context, m email.Message) error { sent = m; return nil }),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	r := gin.New()
	r.Use(ginauth.Session(cfg))
	r.POST("/signup", email.SignUp(mails)) // tells nobody whether the address has an account
	r.POST("/magic/send", email.SendMagicLink(mails))
	r.Match([]string{http.MethodGet, http.MethodPost}, "/magic", email.MagicLink(mails))
	r.GET("/user", ginauth.Me(cfg))

	visitor := newClient(r)
	visitor.header = http.Header{"Accept": {"text/html"}}
	fmt.Println(visitor.post("/signup", `{"name":"Ada","email":"ada@example.com","password":"correct horse battery staple"}`).Code)
	_, _ = mails.SendDue(context.Background()) // the link to /verify
	visitor.post("/magic/send", `{"email":"ada@example.com"}`)
	_, err = mails.SendDue(context.Background())
	link := regexp.MustCompile(`/magic\?token=\S+`).FindString(sent.Plain)
	fmt.Println(err, sent.Subject)
	page := visitor.get(link).Header().Get("Location")
	fmt.Println(page[:len("/magic?page=")], visitor.get(page).Code, visitor.get("/user").Code)
	fmt.Println(visitor.form(page, nil).Code, visitor.get("/user").Code)
	// Output:
	// 202
	// <nil> Log in to app.example.com
	// /magic?page= 200 401
	// 200 200
}
