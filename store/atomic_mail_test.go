package store_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store"
)

var tokenKinds = []driver.MailKind{driver.MailVerify, driver.MailReset, driver.MailLogin, driver.MailChange, driver.MailUndo}

// digestOf is the digest of the one token of a kind that withLinks gives to the owner of the address.
func digestOf(k driver.MailKind, canonical string) driver.Digest {
	return sha256.Sum256([]byte(string(k) + canonical))
}

// pendingOf is the mail of a change of address that withLinks queues.
func pendingOf(canonical string) driver.MailID {
	return driver.MailID(uuid.NewSHA1(uuid.NameSpaceDNS, []byte(canonical)).String())
}

// withLinks gives the user a token of each kind, and a pending change of address with its mail.
func (s *setup) withLinks(t *testing.T, u store.User) {
	t.Helper()
	canonical := orderFor(u, driver.MailReset).Canonical
	for _, k := range tokenKinds {
		d, address := digestOf(k, canonical), canonical
		if k == driver.MailChange || k == driver.MailUndo {
			address = string(k) + "." + canonical
		}
		s.exec(t, `INSERT INTO ginauth.email_tokens (digest, kind, user_id, mail_id, email, email_canonical, created_at, expires_at)
			VALUES ($1, $2, $3, gen_random_uuid(), $4, $4, $5, $6)`, d[:], string(k), string(u.ID), address, s.clock.now(), s.clock.now().Add(time.Hour))
	}
	s.exec(t, `INSERT INTO ginauth.outbox (id, kind, user_id, email, email_canonical, attempts, created_at, due_at)
		VALUES ($1, 'change', $2, $4, $4, 1, $3, $3)`, string(pendingOf(canonical)), string(u.ID), s.clock.now(), "later."+canonical)
}

func (s *setup) verify(t *testing.T, u store.User) {
	t.Helper()
	s.exec(t, `UPDATE ginauth.users SET verified_at = created_at WHERE id = $1`, string(u.ID))
}

// The backend is killed before or after each statement of a change that involves mail. All of it is
// done or nothing, and where nothing is done, the same request works again.
func TestDeathAtEveryStatementOfMailLeavesAllOrNothing(t *testing.T) { // SEC-152, SEC-154
	t.Parallel()
	fresh, ada, successor := newUser(), newUser(), newDigest()
	changes := map[string]change{
		"a quiet sign-up": func(ctx context.Context, db *store.DB[store.User], _ driver.UserID, _ driver.Session) error {
			created, err := db.CreateUserAndMail(ctx, fresh, nil, "")
			if err == nil && !created {
				return errors.New("the address is said to be taken")
			}
			return err
		},
		"a mail is made": func(ctx context.Context, db *store.DB[store.User], _ driver.UserID, _ driver.Session) error {
			_, err := db.PrepareMail(ctx, pendingOf(ada.Canonical), successor, time.Hour)
			return err
		},
		"a change of the password": func(ctx context.Context, db *store.DB[store.User], u driver.UserID, old driver.Session) error {
			_, err := db.SetPassword(ctx, driver.PasswordChange{UserID: u, Old: hash('a'), New: hash('b'), Session: old.ID, Digest: successor})
			return err
		},
		"a forced reset": func(ctx context.Context, db *store.DB[store.User], u driver.UserID, _ driver.Session) error {
			return db.ForcePasswordReset(ctx, u)
		},
		"disabling": func(ctx context.Context, db *store.DB[store.User], u driver.UserID, _ driver.Session) error {
			return db.DisableUser(ctx, u)
		},
		"a login on a new device": func(ctx context.Context, db *store.DB[store.User], u driver.UserID, old driver.Session) error {
			login := limitedOf(u, 2)
			login.Digest, login.Replaces, login.NewBrowser = successor, old.Digest, true
			_, err := db.CreateSession(ctx, login)
			return err
		},
	}
	for _, k := range tokenKinds {
		changes["a link of the kind "+string(k)] = func(ctx context.Context, db *store.DB[store.User], _ driver.UserID, _ driver.Session) error {
			_, err := db.UseEmailToken(ctx, driver.EmailTokenUse{Kind: k, Digest: digestOf(k, ada.Canonical), Hash: hash('b')})
			return err
		}
	}
	for name, change := range changes {
		for _, verified := range []bool{true, false} {
			if name == "a login on a new device" && !verified {
				continue
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				m := newMortal(t, store.WithMail())
				m.user, m.again = ada, true
				m.seed = func(t *testing.T, u store.User) {
					t.Helper()
					m.withLinks(t, u)
					if verified {
						m.verify(t, u)
					}
				}
				m.diesAtEveryMoment(t, change)
			})
		}
	}
}
