package email

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
)

const (
	// sendTimeout limits one hand-over; RFC 5321's own limits are minutes per command.
	sendTimeout = 30 * time.Second
	// storeTimeout limits each of the two calls of the store about a mail.
	storeTimeout = 10 * time.Second
	// lease is the time after which another process may try a mail whose sender has not reported
	// back.
	lease = 2 * time.Minute
	// together is how many mails one process sends at the same time.
	together = 4
	// pollEvery is the longest time that a mail waits for an idle worker.
	pollEvery = time.Second
	// firstRetry doubles with every attempt up to lastRetry.
	firstRetry = 5 * time.Second
	lastRetry  = 5 * time.Minute
	// noticeLife is how long mails without a link are tried.
	noticeLife = 3 * 24 * time.Hour
)

// Run sends what is due, four mails at a time, and looks again every second, until ctx ends. Then
// it returns ctx's error. Mails that are being sent at that moment are finished, or time out after
// 50 s: 30 for the Sender, and twice 10 for the store. A mail server that hangs on one mail does
// not delay the others. Any number of processes may call Run.
//
// While the store does not answer, Run waits. A mail that the store cannot prepare, for example
// because the user's row does not fit the user type, is tried again later. If the store cannot hand
// out mails, or cannot note their result, for a reason that will not pass, Run returns the error:
// otherwise it would send the same mails again and again. It returns an error at once when f is
// nil. The caller starts and ends the goroutine:
//
//	go func() { stopped <- mails.Run(ctx) }()
func (f *Flows[U]) Run(ctx context.Context) error {
	_, err := f.deliver(ctx, true)
	return err
}

// SendDue tries every due mail once and returns how many were sent. Run does so all the time;
// SendDue is for tests, and for apps that send from a job.
func (f *Flows[U]) SendDue(ctx context.Context) (sent int, err error) {
	return f.deliver(ctx, false)
}

// sendOne returns only errors of the store, and only those that are not about this mail alone.
func (f *Flows[U]) sendOne(ctx context.Context, m driver.Mail) (taken bool, err error) {
	path, lifetime := f.target(m.Kind)
	if path == "" && lifetime > 0 {
		f.observe(ctx, m, driver.MailGivenUp)
		return false, f.settle(ctx, m, driver.MailOutcome{Failure: "Options.Pages names no page for its link"})
	}
	token := driver.NewToken()
	to, err := f.prepare(driver.WithRealm(ctx, m.Realm), m, token, lifetime)
	if errors.Is(err, driver.ErrNoMail) {
		f.observe(ctx, m, driver.MailVoid)
		return false, f.settle(ctx, m, driver.MailOutcome{})
	}
	if errors.Is(err, driver.ErrUnavailable) {
		return false, err
	}
	var message Message
	if err == nil {
		message, err = f.write(m, to, path, lifetime, token)
	}
	if err == nil {
		err = f.handOver(ctx, message)
	}
	o := f.outcome(m, lifetime, err)
	switch {
	case o.Failure == "":
		f.observe(ctx, m, driver.Success)
	case o.RetryIn == 0:
		f.observe(ctx, m, driver.MailGivenUp)
	default:
		f.observe(ctx, m, driver.MailRetried)
	}
	return o.Failure == "", f.settle(ctx, m, o)
}

// observe counts an attempt to send a mail.
func (f *Flows[U]) observe(ctx context.Context, m driver.Mail, outcome driver.Outcome) {
	f.cfg.Engine().Observe(ctx, driver.Sample{Metric: driver.MailsHandled, Value: 1, Kind: string(m.Kind), Outcome: outcome})
}

func (f *Flows[U]) prepare(ctx context.Context, m driver.Mail, token driver.Token, lifetime time.Duration) (driver.Recipient[U], error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	return f.o.Store.PrepareMail(ctx, m.ID, token.Digest().In(m.Realm), lifetime)
}

func (f *Flows[U]) settle(ctx context.Context, m driver.Mail, o driver.MailOutcome) error {
	if o.Failure != "" {
		f.app.Logger.WarnContext(ctx, "ginauth: a mail was not sent", "kind", string(m.Kind), "mail", string(m.ID),
			"attempt", m.Attempt, "given_up", o.RetryIn == 0, "error", o.Failure)
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	return f.o.Store.SettleMail(ctx, m.ID, m.Attempt, o)
}

// write makes a mail with its own link.
func (f *Flows[U]) write(m driver.Mail, to driver.Recipient[U], path string, lifetime time.Duration, token driver.Token) (Message, error) {
	if _, _, err := f.cfg.Engine().Names.Address(to.Email); err != nil {
		return Message{}, fmt.Errorf("%w: the stored address is not an e-mail address", ErrRefused)
	}
	site, err := f.siteOf(m.Realm)
	if err != nil {
		return Message{}, err
	}
	d := Data{Site: site.name, BaseURL: site.url, Realm: m.Realm, Email: to.Email, User: to.User}
	if f.o.Pages.Forgot != "" {
		d.ForgotPage = site.url + f.o.Pages.Forgot
	}
	if path != "" {
		d.Link, d.Lifetime = site.url+path+"?token="+token.Reveal(), inWords(lifetime)
	}
	subject, plain, html, err := f.texts.find(m.Locale, m.Kind).write(d)
	if err != nil {
		return Message{}, fmt.Errorf("%w: a template failed: %w", ErrRefused, err)
	}
	return Message{
		ID: string(m.ID) + "@" + site.domain, From: f.o.From, To: to.Email, Date: m.Now,
		Subject: subject, Plain: plain, HTML: html,
	}, nil
}

// handOver survives a Sender that panics (SEC-164).
func (f *Flows[U]) handOver(ctx context.Context, m Message) (err error) {
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			err = errors.New("the sender panicked")
		}
	}()
	return f.o.Sender.Send(ctx, m)
}

func (f *Flows[U]) outcome(m driver.Mail, lifetime time.Duration, err error) driver.MailOutcome {
	if err == nil {
		return driver.MailOutcome{}
	}
	lifetime = cmp.Or(lifetime, noticeLife)
	o := driver.MailOutcome{Failure: reason(err), RetryIn: backOff(m.Attempt)}
	if errors.Is(err, ErrRefused) || m.Now.Add(o.RetryIn).Sub(m.OrderedAt) > lifetime {
		o.RetryIn = 0
	}
	return o
}

// backOff is 5 s, 10 s, 20 s and so on, up to 5 min.
func backOff(attempt int) time.Duration {
	d := firstRetry
	for range min(attempt, 10) - 1 {
		d = min(2*d, lastRetry)
	}
	return d
}

// maxReason is the limit of MailOutcome.Failure, in characters.
const maxReason = 200

// reason returns an error's text without words that look like an address or a link: a server's
// answer often quotes the address.
func reason(err error) string {
	words := strings.Fields(oneLine(err.Error()))
	for i, w := range words {
		if strings.Contains(w, "@") || strings.Contains(w, "token=") || strings.Contains(w, "://") {
			words[i] = "[hidden]"
		}
	}
	text := []rune(strings.Join(words, " "))
	return string(text[:min(len(text), maxReason)])
}

// inWords returns "30 minutes", "24 hours" or "7 days", rounded down.
func inWords(d time.Duration) string {
	const day = 24 * time.Hour
	for _, unit := range []struct {
		length time.Duration
		name   string
	}{{day, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}} {
		switch n := int(d / unit.length); {
		case n == 1 && unit.length == day:
			continue // "24 hours" says when
		case n == 1:
			return "1 " + unit.name
		case n > 1:
			return fmt.Sprintf("%d %ss", n, unit.name)
		}
	}
	return "less than a minute"
}
