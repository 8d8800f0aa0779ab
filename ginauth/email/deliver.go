package email

import (
	"context"
	"errors"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// handed is the result of one delivery. Its error is the store's.
type handed struct {
	taken bool
	err   error
}

// deliver sends up to together mails at the same time, so that a server that hangs on one does not
// delay the others. With stay it keeps looking for due mails until ctx ends, even while the store
// is unavailable. Otherwise it ends when nothing is due, or at the first error. Either way it waits
// for mails under way.
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

// bear returns err if it must end the delivery, otherwise it logs it and returns nil.
func (f *Flows[U]) bear(ctx context.Context, stay bool, err error) error {
	if stay && err != nil && ctx.Err() == nil && errors.Is(err, driver.ErrUnavailable) {
		f.app.Logger.WarnContext(ctx, "ginauth: the outbox cannot be reached", "error", err)
		return nil
	}
	return err
}

// start claims mails and sends them. Each delivery may outlive ctx, by at most sendTimeout plus
// twice storeTimeout, so that a mail that was handed over is also recorded as sent.
func (f *Flows[U]) start(ctx context.Context, most int, done chan<- handed) (n int, err error) {
	mails, err := f.o.Store.ClaimMail(ctx, most, lease)
	if err == nil {
		var oldest time.Duration
		for _, m := range mails {
			oldest = max(oldest, m.Now.Sub(m.OrderedAt))
		}
		f.cfg.Engine().Observe(ctx, driver.Sample{Metric: driver.MailOldest, Value: oldest.Seconds()})
	}
	for _, m := range mails {
		go func() {
			taken, err := f.sendOne(context.WithoutCancel(ctx), m)
			done <- handed{taken, err}
		}()
	}
	return len(mails), err
}
