package store_test

import (
	"testing"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// The owner's mail server is slow: the link that undoes a thief's first change arrives after the
// link of the second.
func TestAThiefCannotOutrunALateUndoLink(t *testing.T) { // SEC-112
	t.Parallel()
	s := newSetup(t)
	u := s.user(t)
	owner := orderFor(u, driver.MailReset)
	s.verify(t, u)
	moveTo := func(address string) {
		t.Helper()
		s.clock.add(time.Minute)
		change := s.mailed(t, driver.MailOrder{Kind: driver.MailChange, UserID: u.ID, Email: address, Canonical: address})
		s.clock.add(time.Minute)
		if _, err := s.db.UseEmailToken(t.Context(), driver.EmailTokenUse{Kind: driver.MailChange, Digest: change}); err != nil {
			t.Fatal(err)
		}
	}
	claim := func() driver.Mail {
		t.Helper()
		mails, err := s.db.ClaimMail(t.Context(), 10, 24*time.Hour)
		if err != nil || len(mails) != 1 || mails[0].Kind != driver.MailUndo {
			t.Fatalf("%v, %v", mails, err)
		}
		return mails[0]
	}

	moveTo("thief@example.com")
	late := claim()
	moveTo("thief2@example.com")
	thiefs, owners := newDigest(), newDigest()
	if _, err := s.db.PrepareMail(t.Context(), claim().ID, thiefs, time.Hour); err != nil {
		t.Fatal(err)
	}
	s.clock.add(time.Minute)
	to, err := s.db.PrepareMail(t.Context(), late.ID, owners, time.Hour)
	if err != nil || to.Email != owner.Email {
		t.Fatalf("%+v, %v", to, err)
	}

	if _, err := s.db.UseEmailToken(t.Context(), driver.EmailTokenUse{Kind: driver.MailUndo, Digest: thiefs}); err != nil {
		t.Fatal(err)
	}
	back, err := s.db.UseEmailToken(t.Context(), driver.EmailTokenUse{Kind: driver.MailUndo, Digest: owners})
	if err != nil || back.Email != owner.Email {
		t.Errorf("the owner gets %q back, %v", back.Email, err)
	}
}
