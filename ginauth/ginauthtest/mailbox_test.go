package ginauthtest_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/email"
	"github.com/ginauth/ginauth/ginauth/ginauthtest"
)

func TestMailsComeOnDemand(t *testing.T) {
	t.Parallel()
	for name, options := range stores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := ginauthtest.New(t, shop, append(options, ginauthtest.WithMail())...)
			ada := app.Anonymous()
			ada.POST("/signup", gin.H{"name": "Ada", "email": "Ada@Example.com", "password": ginauthtest.Password}).Status(201)
			mail := app.Mail.To("ada@example.com").Last()
			if mail.To != "Ada@Example.com" || !strings.HasPrefix(mail.Link, "https://example.com/verify?token="+mail.Token) || mail.Token == "" || mail.Subject == "" {
				t.Errorf("the mail is %+v", mail)
			}
			ada.POST("/verify", gin.H{"token": mail.Token}).Status(204)
			ada.GET("/verified").Status(200)
			ada.POST("/forgot", gin.H{"email": "ada@example.com"}).Status(202)
			if n := len(app.Mail.To("ada@example.com").All()); n != 2 || len(app.Mail.All()) != n || len(app.Mail.To("grace@example.com").All()) != 0 {
				t.Errorf("%d mails", n)
			}
			app.Clock.Advance(31 * time.Minute)
			token := app.Mail.To("ada@example.com").Last().Token
			ada.POST("/reset", gin.H{"token": token, "password": "nanoseconds are short wires"}).Problem("link_invalid")
		})
	}
}

func TestVerifiedUsersAreNotAskedForTheProof(t *testing.T) {
	t.Parallel()
	for name, options := range stores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := ginauthtest.New(t, shop, append(options, ginauthtest.WithMail())...)
			app.As(User{Email: "ada@example.com"})
			app.As(User{Email: "grace@example.com"}, ginauthtest.Verified())
			if mails := app.Mail.All(); len(mails) != 1 || mails[0].To != "ada@example.com" {
				t.Errorf("the mails are %+v", mails)
			}
		})
	}
}

// stuck is an outbox that cannot send.
type stuck struct{}

func (stuck) SendDue(context.Context) (int, error) { return 0, errors.New("it is stuck") }

func TestMailboxSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	got := complaintsOf(t, func(tb *recorder) {
		app := ginauthtest.New(tb, shop, ginauthtest.InMemory())
		app.Mail.Collect(stuck{})
		app.Mail.To("ada@example.com").Last()
	})
	for _, want := range []string{"it is stuck", "no mail went to ada@example.com"} {
		if !strings.Contains(got, want) {
			t.Errorf("the complaint is %q, want %q in it", got, want)
		}
	}
}

func TestLinkIsTheOneWithAToken(t *testing.T) {
	t.Parallel()
	app := ginauthtest.New(t, shop, ginauthtest.InMemory())
	for text, want := range map[string]string{
		"Hello.": "",
		"See https://example.com/help.\nClick https://example.com/reset?token=abc-_1.": "https://example.com/reset?token=abc-_1",
		"See https://example.com/forgot, and <https://example.com/help>":               "https://example.com/forgot",
	} {
		if err := app.Mail.Send(t.Context(), email.Message{To: "ada@example.com", Plain: text}); err != nil {
			t.Fatal(err)
		}
		if got := app.Mail.To("ada@example.com").Last().Link; got != want {
			t.Errorf("the link in %q is %q, want %q", text, got, want)
		}
	}
}
