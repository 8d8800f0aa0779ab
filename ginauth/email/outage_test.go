package email_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// losing is a store that fails at one of its calls, counted from one, before or after it did its work.
type losing struct {
	driver.Mails[user]
	calls, at atomic.Int64
	after     bool
	err       error
}

func (l *losing) lost() bool { return l.calls.Add(1) == l.at.Load() }

func (l *losing) ClaimMail(ctx context.Context, limit int, lease time.Duration) ([]driver.Mail, error) {
	lost := l.lost()
	if lost && !l.after {
		return nil, l.err
	}
	mails, err := l.Mails.ClaimMail(ctx, limit, lease)
	if lost {
		return nil, l.err
	}
	return mails, err
}

func (l *losing) PrepareMail(ctx context.Context, id driver.MailID, d driver.Digest, life time.Duration) (driver.Recipient[user], error) {
	lost := l.lost()
	if lost && !l.after {
		return driver.Recipient[user]{}, l.err
	}
	to, err := l.Mails.PrepareMail(ctx, id, d, life)
	if lost {
		return driver.Recipient[user]{}, l.err
	}
	return to, err
}

func (l *losing) SettleMail(ctx context.Context, id driver.MailID, attempt int, o driver.MailOutcome) error {
	lost := l.lost()
	if lost && !l.after {
		return l.err
	}
	err := l.Mails.SettleMail(ctx, id, attempt, o)
	if lost {
		return l.err
	}
	return err
}

// Wherever the database is lost while a mail is on its way, the mail arrives, and its link is good.
func TestALostDatabaseLosesNoMail(t *testing.T) { // SEC-154
	t.Parallel()
	for _, after := range []bool{false, true} {
		for call := int64(1); call <= 3; call++ {
			t.Run(fmt.Sprintf("call %d, after it %t", call, after), func(t *testing.T) {
				t.Parallel()
				a := newApp(t)
				a.verified(t)
				l := &losing{Mails: a.db, after: after, err: fmt.Errorf("gone: %w", driver.ErrUnavailable)}
				l.at.Store(call)
				a.change(t, func(f *flows) { f.Store = l })
				a.accepted(t, "/forgot", adaMail)
				if _, err := a.mails.SendDue(t.Context()); !errors.Is(err, driver.ErrUnavailable) {
					t.Fatalf("nothing was lost: %v", err)
				}
				a.clock.Advance(2 * time.Minute) // the lease
				a.round(t)
				arrived := a.inbox.all()
				if len(arrived) == 0 || len(arrived) > 2 || call < 3 && len(arrived) != 1 {
					t.Fatalf("%d mails", len(arrived))
				}
				if first, last := arrived[0], arrived[len(arrived)-1]; first.header.Get("Message-Id") != last.header.Get("Message-Id") {
					t.Error("the copies have different ids")
				}
				want(t, "reset", a.anyone().use("/reset", arrived[len(arrived)-1].token(t), adaNew), http.StatusNoContent)
				if n := a.count(t, `SELECT count(*) FROM ginauth.outbox WHERE kind = 'reset'`); n != 0 {
					t.Errorf("%d mails are still queued", n)
				}
			})
		}
	}
}

// Run outlives an outage, and ends for what would not pass by itself.
func TestRunWaitsForTheDatabase(t *testing.T) { // SEC-158
	t.Parallel()
	a := newApp(t)
	a.verified(t)
	a.accepted(t, "/forgot", adaMail)
	broken := errors.New("no such table")
	for _, test := range []struct{ err, ends error }{{driver.ErrUnavailable, context.Canceled}, {broken, broken}} {
		l := &losing{Mails: a.db, err: test.err}
		l.at.Store(1)
		a.change(t, func(f *flows) { f.Store = l })
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- a.mails.Run(ctx) }()
		if errors.Is(test.ends, context.Canceled) {
			await(t, func() bool { return len(a.inbox.all()) > 0 || len(ended) > 0 }) // it comes at the second look
			stop()
		}
		err := <-ended
		stop()
		if !errors.Is(err, test.ends) {
			t.Fatalf("Run ended with %v, want %v", err, test.ends)
		}
	}
}
