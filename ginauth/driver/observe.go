package driver

import (
	"context"
	"fmt"
	"log/slog"
)

// Observer gets measurements, such as for metrics. Nothing in a Sample can be chosen by a client or
// says who it is about, so that the number of series stays small. Observe runs in the request, or in
// the worker, that is measured: it must return quickly, must not call ginauth or the store, and must
// be safe for concurrent use. A panic in it is logged and changes nothing.
type Observer interface {
	// Observe gets one sample. The context is that of the request or worker, for links to traces.
	Observe(ctx context.Context, s Sample)
}

// Sample is one measurement.
type Sample struct {
	Metric Metric
	// Value is a number of seconds for the metrics whose name ends in "duration" or "oldest",
	// otherwise a count.
	Value float64
	// Kind and Outcome are constants, which docs/observer.md lists for each metric. They are empty
	// for a metric without them.
	Kind    string
	Outcome Outcome
}

// Metric names what was measured.
type Metric string

// The metrics.
const (
	// SignIns counts logins, by method and outcome.
	SignIns Metric = "ginauth.sign_in"
	// SessionChecks counts the requests whose session was looked at, by outcome.
	SessionChecks Metric = "ginauth.session.check"
	// HashDuration is how long one password was hashed or compared, without the wait for it.
	HashDuration Metric = "ginauth.password.hash.duration"
	// HashQueueDuration is how long one password waited for its turn.
	HashQueueDuration Metric = "ginauth.password.queue.duration"
	// HashBusy counts requests that were answered 503 because too many passwords were waiting.
	HashBusy Metric = "ginauth.password.busy"
	// ThrottleRefusals counts attempts that a limit has refused, by budget.
	ThrottleRefusals Metric = "ginauth.throttle.refused"
	// MailsHandled counts attempts to send a mail, by kind and outcome.
	MailsHandled Metric = "ginauth.mail"
	// MailOldest is the age of the oldest mail that was due when a worker looked, or zero.
	MailOldest Metric = "ginauth.mail.oldest"
	// SweptRows counts rows that the sweeper deleted, by table.
	SweptRows Metric = "ginauth.sweep.rows"
	// LookupBatch is how many requests shared a statement that finds sessions.
	LookupBatch Metric = "ginauth.lookup.batch"
)

// Outcomes of samples, besides Success and Failure.
const (
	// SessionValid: the session has a user.
	SessionValid Outcome = "valid"
	// SessionNone: the request has no session cookie.
	SessionNone Outcome = "none"
	// SessionEnded: the cookie names no live session of a user. It has expired, was revoked or never
	// existed; a store cannot tell afterwards.
	SessionEnded Outcome = "ended"
	// Unavailable: the store could not be asked.
	Unavailable Outcome = "unavailable"
	// MailRetried: the mail was not sent and will be tried again.
	MailRetried Outcome = "retried"
	// MailGivenUp: the mail was not sent and never will be.
	MailGivenUp Outcome = "given_up"
	// MailVoid: there is nobody to send the mail to, or no reason any more.
	MailVoid Outcome = "void"
)

// Budgets of ThrottleRefusals. A budget of the app's own, see flow.Throttle, is BudgetApp.
const (
	BudgetPassword       = "password" // guesses at the password of one account
	BudgetLogin          = "login"    // logins from one address
	BudgetSignUp         = "sign_up"
	BudgetMail           = "mail"
	BudgetLink           = "link"
	BudgetSecret         = "secret" // guesses at a secret other than a password
	BudgetBadCredentials = "bad_credentials"
	BudgetApp            = "app"
)

// OtherMethod is the Kind of a login in SignIns whose Method is not known, such as one of the app's
// own.
const OtherMethod = "other"

// Report gives a sample to an observer, unless it is nil. If the observer panics, that is logged; a
// nil logger is slog.Default.
func Report(ctx context.Context, o Observer, log *slog.Logger, s Sample) {
	if o == nil {
		return
	}
	defer func() {
		if p := recover(); p != nil {
			if log == nil {
				log = slog.Default()
			}
			log.ErrorContext(ctx, "ginauth: the observer panicked", "metric", string(s.Metric), "panic", fmt.Sprint(p))
		}
	}()
	o.Observe(ctx, s)
}
