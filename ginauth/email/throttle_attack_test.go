package email_test

import (
	"net/http"
	"testing"

	"github.com/ginauth/ginauth/ginauth"
)

// A stranger asks for mails that are never sent, so that the owner gets none either.
func TestMailsThatNobodyGetsDoNotKeepTheOwnerFromAReset(t *testing.T) { // SEC-43, SEC-47
	t.Parallel()
	a := newApp(t, func(f *flows) { f.Config.Limits = ginauth.Limits{} })
	a.verified(t)
	for range 6 {
		a.anyone().post("/resend", adaMail)
	}
	a.none(t, "of a verified address")
	a.accepted(t, "/forgot", adaMail)
	if mail := a.one(t); mail.to != "Ada@Example.com" {
		t.Errorf("the mail went to %s", mail.to)
	}
}

// What is left to a stranger is to have the owner's links sent, which are good.
func TestEachKindOfMailIsLimited(t *testing.T) { // SEC-47, SEC-115
	t.Parallel()
	a := newApp(t, func(f *flows) { f.Config.Limits = ginauth.Limits{} })
	a.verified(t)
	accepted := map[string]int{}
	sent := 0
	for range 8 {
		for _, path := range []string{"/forgot", "/send", "/resend"} {
			if a.anyone().post(path, adaMail).Code == http.StatusAccepted {
				accepted[path]++
			}
		}
		sent += len(a.deliver(t))
	}
	if accepted["/forgot"] != 5 || accepted["/send"] != 5 || accepted["/resend"] != 5 || sent != 10 {
		t.Errorf("%v were accepted and %d mails sent, want 5 each and 10", accepted, sent)
	}
}
