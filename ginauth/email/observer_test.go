package email_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/email"
	"github.com/ginauth/ginauth/ginauth/ginauthtest"
)

// ofMails are the samples of mails and logins, in short.
func ofMails(s *ginauthtest.Samples) (list []string) {
	for _, sample := range s.Take() {
		switch sample.Metric { //nolint:exhaustive // others have tests of their own
		case driver.MailsHandled, driver.SignIns:
			list = append(list, fmt.Sprint(sample.Metric, " ", sample.Kind, " ", sample.Outcome, " ", sample.Value))
		case driver.MailOldest:
			if sample.Value > 0 {
				list = append(list, fmt.Sprint(sample.Metric, " ", sample.Value))
			}
		}
	}
	return list
}

func TestMailsAreMeasuredOnce(t *testing.T) {
	t.Parallel()
	samples := &ginauthtest.Samples{}
	var failure error
	a := newApp(t, func(f *flows) {
		f.Config.Observer = samples
		real := f.Sender
		f.Sender = email.SenderFunc(func(ctx context.Context, m email.Message) error {
			if failure != nil {
				return failure
			}
			return real.Send(ctx, m)
		})
	})
	want := func(what string, want ...string) {
		t.Helper()
		if got := ofMails(samples); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	send := func() {
		t.Helper()
		if _, err := a.mails.SendDue(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	a.verified(t)
	samples.Take()
	a.accepted(t, "/send", adaMail)
	a.clock.Advance(90 * time.Second)
	failure = errors.New("the server is away")
	send()
	want("a failure", "ginauth.mail.oldest 90", "ginauth.mail login retried 1")
	failure = nil
	a.clock.Advance(10 * time.Second)
	token := a.one(t).token(t)
	want("a success", "ginauth.mail.oldest 100", "ginauth.mail login success 1")
	failure = email.ErrRefused
	a.accepted(t, "/send", adaMail)
	send()
	failure = nil
	want("a refusal", "ginauth.mail login given_up 1")
	a.accepted(t, "/send", `{"email":"nobody@example.com"}`)
	send()
	want("nobody", "ginauth.mail login void 1")
	send()
	want("nothing is due")

	a.accepted(t, "/send", adaMail)
	a.clock.Advance(10 * time.Second)
	latest := a.one(t).token(t)
	samples.Take()
	if w := a.anyone().use("/magic", token); w.Code != http.StatusGone {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	want("a link that is void", "ginauth.sign_in mail failure 1")
	if w := a.anyone().use("/magic", latest); w.Code != http.StatusOK {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	want("a good link", "ginauth.sign_in mail success 1")
}
