package store_test

import (
	"testing"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store"
)

// A thief who moves the account while a notice waits does not get the notice, and the owner still
// gets it.
func TestNoticesGoToTheAddressOfTheirTime(t *testing.T) { // SEC-111
	t.Parallel()
	s := newSetup(t)
	u := s.user(t)
	s.verify(t, u)
	s.db = store.New[store.User](s.pool, store.WithNow(s.clock.now), unhurried, store.WithMail())
	if err := s.db.QueueMail(t.Context(), driver.MailOrder{Kind: driver.MailNewBrowser, UserID: u.ID, Email: u.Email, Canonical: orderFor(u, driver.MailReset).Canonical}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.db.SetPassword(t.Context(), driver.PasswordChange{UserID: u.ID, Old: hash('a'), New: hash('b')}); err != nil {
		t.Fatal(err)
	}
	mails, err := s.db.ClaimMail(t.Context(), 10, 24*time.Hour)
	if err != nil || len(mails) != 2 {
		t.Fatalf("%v, %v", mails, err)
	}
	change := s.mailed(t, driver.MailOrder{Kind: driver.MailChange, UserID: u.ID, Email: "thief@example.com", Canonical: "thief@example.com"})
	if _, err := s.db.UseEmailToken(t.Context(), driver.EmailTokenUse{Kind: driver.MailChange, Digest: change}); err != nil {
		t.Fatal(err)
	}
	for _, m := range mails {
		if to, err := s.db.PrepareMail(t.Context(), m.ID, driver.Digest{}, 0); err != nil || to.Email != u.Email {
			t.Errorf("%s: to %q, %v", m.Kind, to.Email, err)
		}
	}
}
