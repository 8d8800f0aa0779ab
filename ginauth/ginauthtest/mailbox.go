package ginauthtest

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/email"
)

// Mailbox is an email.Sender that keeps every mail. Whoever reads it gets what is due by then: the
// outbox is sent on demand, and nobody has to wait. It is safe for concurrent use.
type Mailbox struct {
	tb testing.TB

	sending sync.Mutex // held while the outbox is sent
	mu      sync.Mutex // guards what follows
	outs    []Outbox
	mails   []Mail
}

// Outbox is what has mails to send, such as an *email.Flows.
type Outbox interface {
	// SendDue sends all that is due, and returns how many mails that were.
	SendDue(ctx context.Context) (sent int, err error)
}

// Mail is one that was sent.
type Mail struct {
	email.Message
	// Link is the link with a token in the plain text, or else its first link. Empty: there is
	// none.
	Link string
	// Token is the token in Link, for clients that post it as JSON. Empty: there is none.
	Token string
}

// Collect names an outbox whose mails come here. Kit.Mails calls it.
func (m *Mailbox) Collect(o Outbox) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.outs = append(m.outs, o)
}

// Send implements email.Sender.
func (m *Mailbox) Send(_ context.Context, message email.Message) error {
	mail := Mail{Message: message}
	mail.Link, mail.Token = linkIn(message.Plain)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mails = append(m.mails, mail)
	return nil
}

// All sends what is due and returns every mail so far, the oldest first.
func (m *Mailbox) All() []Mail {
	m.tb.Helper()
	if _, err := m.sendDue(); err != nil {
		m.tb.Errorf("ginauthtest: %v", err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]Mail(nil), m.mails...)
}

func (m *Mailbox) sendDue() (sent int, err error) {
	m.sending.Lock()
	defer m.sending.Unlock()
	m.mu.Lock()
	outs := m.outs
	m.mu.Unlock()
	for _, o := range outs {
		n, failed := o.SendDue(m.tb.Context())
		if sent += n; failed != nil {
			err = fmt.Errorf("sending what is due: %w", failed)
		}
	}
	return sent, err
}

// To is All for one address, however its letters were typed.
func (m *Mailbox) To(address string) Inbox {
	m.tb.Helper()
	in := Inbox{tb: m.tb, address: address}
	for _, mail := range m.All() {
		if mail.To == address || canonical(mail.To) == canonical(address) {
			in.mails = append(in.mails, mail)
		}
	}
	return in
}

// Inbox is what one address has got.
type Inbox struct {
	tb      testing.TB
	address string
	mails   []Mail
}

// All returns the mails, the oldest first.
func (i Inbox) All() []Mail { return i.mails }

// Last returns the newest mail. It ends the test when there is none.
func (i Inbox) Last() Mail {
	i.tb.Helper()
	if len(i.mails) == 0 {
		i.tb.Fatalf("ginauthtest: no mail went to %s: mails come from Kit.Mails or Mailbox.Collect, and those that a store writes by itself need WithMail", i.address)
	}
	return i.mails[len(i.mails)-1]
}

func canonical(address string) string {
	c, err := driver.CanonicalEmail(address)
	if err != nil {
		return address
	}
	return c
}

var (
	links     = regexp.MustCompile(`https?://[^\s<>"]+`)
	tokenIn   = regexp.MustCompile(`[?&]token=([\w-]+)`)
	sentences = ".,;:!?)"
)

// linkIn finds the link of a text that matters.
func linkIn(text string) (link, token string) {
	for _, found := range links.FindAllString(text, -1) {
		found = strings.TrimRight(found, sentences)
		if t := tokenIn.FindStringSubmatch(found); t != nil {
			return found, t[1]
		}
		if link == "" {
			link = found
		}
	}
	return link, ""
}
