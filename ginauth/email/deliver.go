package email

import (
	"context"
	"errors"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// handed is the result of one delivery; the error is the store's.
type handed struct {
	taken bool
	err   error
}

// deliver keeps up to together mails under way, so that a server that hangs on one holds up no
// other. To stay is to look for more every so often until ctx ends, whatever is unavailable;
// otherwise it ends when nothing is due, or at the first error. It waits for what is under way
// then.
func (f *Flows[U]) deliver(ctx context.Context, stay bool) (sent int, err error) {
	if f == nil {
		return 0, errors.New("email: the Flows are nil: check the error of email.New")
	}
	done, busy := make(chan handed), 0
	arrive := func(h handed) error {
		busy--
		if h.taken {
			sent++
		}
		return f.bear(ctx, stay, h.err)
	}
	defer func() {
		for busy > 0 {
			if late := arrive(<-done); late != nil {
				err = errors.Join(err, late)
			}
		}
	}()
	look := time.NewTicker(pollEvery)
	defer look.Stop()
	for due := true; ; {
		if due && busy < together {
			n, err := f.start(ctx, together-busy, done)
			busy += n
			due = busy == together // with all places taken, more may be due
			if err := f.bear(ctx, stay, err); err != nil {
				return sent, err
			}
		}
		if !stay && busy == 0 {
			return sent, ctx.Err()
		}
		select {
		case <-ctx.Done():
			return sent, ctx.Err()
		case h := <-done:
			if err := arrive(h); err != nil {
				return sent, err
			}
		case <-look.C:
			due = due || stay
		}
	}
}

// bear returns the errors that end the delivery.
func (f *Flows[U]) bear(ctx context.Context, stay bool, err error) error {
	if stay && err != nil && ctx.Err() == nil && errors.Is(err, driver.ErrUnavailable) {
		f.app.Logger.WarnContext(ctx, "ginauth: the outbox cannot be reached", "error", err)
		return nil
	}
	return err
}

// start claims mails and sends them. Each outlives ctx by sendTimeout and twice storeTimeout at
// most: one that was handed over should be written down as sent.
func (f *Flows[U]) start(ctx context.Context, most int, done chan<- handed) (n int, err error) {
	mails, err := f.o.Store.ClaimMail(ctx, most, lease)
	for _, m := range mails {
		go func() {
			taken, err := f.sendOne(context.WithoutCancel(ctx), m)
			done <- handed{taken, err}
		}()
	}
	return len(mails), err
}
