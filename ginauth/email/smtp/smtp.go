// Package smtp sends mails through an SMTP server.
package smtp

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/ginauth/ginauth/ginauth/email"
	"github.com/ginauth/ginauth/ginauth/internal/loopback"
)

const (
	// RFC 6409: submission, made safe by STARTTLS.
	submissionPort = 587
	// RFC 8314, 7.3: submission inside TLS.
	submissionsPort = 465
)

// Options name the server. Host is enough if the server needs no login.
type Options struct {
	// Host is the server's name, which its certificate must have. Required.
	Host string
	// Port. Default: 587, or 465 with ImplicitTLS.
	Port int
	// Username and Password log in, by the best method that the server offers. Default: no login.
	Username, Password string
	// ImplicitTLS begins with TLS at once. Default: STARTTLS, and an error if the server does not
	// offer it.
	ImplicitTLS bool
	// InsecurePlaintext sends without TLS. It is safe only for a server on this machine, localhost
	// or a loopback address, and refused for others: on a network, everybody who listens could read
	// the links. Default: false.
	InsecurePlaintext bool
	// TLS changes what TLS accepts. Default: TLS 1.2 or newer, the system's authorities, and Host.
	TLS *tls.Config
	// LocalName is the name that this machine gives itself. Default: its host name.
	LocalName string
}

// Sender is an email.Sender. It opens a connection for each mail, and is safe for concurrent use.
type Sender struct{ options Options }

var _ email.Sender = (*Sender)(nil)

// New returns a sender. It does not connect. It panics when the options cannot work.
func New(o Options) *Sender {
	switch {
	case o.Host == "":
		panic("smtp.New: set Options.Host to the name of the mail server") //nolint:forbidigo // construction
	case o.ImplicitTLS && o.InsecurePlaintext:
		panic("smtp.New: choose ImplicitTLS or InsecurePlaintext") //nolint:forbidigo // construction
	case o.InsecurePlaintext && !loopback.Is(o.Host):
		panic("smtp.New: InsecurePlaintext is for a server on this machine, named localhost or by a loopback address: use TLS, which is the default") //nolint:forbidigo // construction
	case o.Port < 0 || o.Port > 65535:
		panic("smtp.New: Options.Port must be between 1 and 65535, or zero for the default") //nolint:forbidigo // construction
	case (o.Username == "") != (o.Password == ""):
		panic("smtp.New: set both Username and Password, or neither") //nolint:forbidigo // construction
	case o.Password != "" && o.InsecurePlaintext:
		panic("smtp.New: a password must not be sent without TLS: leave InsecurePlaintext off, or the login") //nolint:forbidigo // construction
	}
	if o.Port == 0 {
		o.Port = submissionPort
		if o.ImplicitTLS {
			o.Port = submissionsPort
		}
	}
	if o.TLS == nil {
		o.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	o.TLS = o.TLS.Clone()
	o.TLS.ServerName = cmp.Or(o.TLS.ServerName, o.Host)
	s := &Sender{options: o}
	if _, err := s.client(context.Background()); err != nil {
		panic("smtp.New: " + err.Error()) //nolint:forbidigo // construction
	}
	return s
}

// Send gives a mail to the server. If the server refuses the mail with 5xx, the error wraps
// email.ErrRefused (RFC 5321, 4.2.1).
func (s *Sender) Send(ctx context.Context, m email.Message) error {
	message, err := compose(m)
	if err != nil {
		return fmt.Errorf("%w: %w", email.ErrRefused, err)
	}
	client, err := s.client(ctx)
	if err != nil {
		return err
	}
	err = client.DialAndSendWithContext(ctx, message)
	var refused *gomail.SendError
	switch {
	case err == nil, message.IsDelivered(): // an error after the delivery changes nothing
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &refused) && refused.ErrorCode() >= 500 && !refused.IsTemp():
		return fmt.Errorf("%w: the server answered %d %s", email.ErrRefused, refused.ErrorCode(), refused.EnhancedStatusCode())
	}
	return fmt.Errorf("sending by SMTP: %w", err)
}

func compose(m email.Message) (*gomail.Msg, error) {
	g := gomail.NewMsg(gomail.WithEncoding(gomail.EncodingQP), gomail.WithNoDefaultUserAgent())
	if err := g.From(m.From); err != nil {
		return nil, errors.New("the sender is no address")
	}
	if err := g.To(m.To); err != nil {
		return nil, errors.New("the recipient is no address")
	}
	g.Subject(m.Subject)
	g.SetMessageIDWithValue(m.ID)
	g.SetDateWithValue(m.Date)
	// RFC 3834: asks for no automatic replies.
	g.SetGenHeader("Auto-Submitted", "auto-generated")
	g.SetBodyString(gomail.TypeTextPlain, m.Plain)
	if m.HTML != "" {
		g.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	}
	return g, nil
}

// answerTimeout bounds each answer of the server.
const answerTimeout = 15 * time.Second

// client returns a client for one mail. Its connection ends with ctx, or inside TLS at the latest
// after answerTimeout.
func (s *Sender) client(ctx context.Context) (*gomail.Client, error) {
	o := s.options
	options := []gomail.Option{
		gomail.WithPort(o.Port), gomail.WithTLSConfig(o.TLS), gomail.WithTLSPolicy(gomail.TLSMandatory), gomail.WithTimeout(answerTimeout),
	}
	if o.InsecurePlaintext {
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	}
	if o.ImplicitTLS {
		options = append(options, gomail.WithSSL())
	} else {
		options = append(options, gomail.WithDialContextFunc(func(dialling context.Context, network, _ string) (net.Conn, error) {
			return s.dial(dialling, ctx, network)
		}))
	}
	if o.Username != "" {
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(o.Username), gomail.WithPassword(o.Password))
	}
	if o.LocalName != "" {
		options = append(options, gomail.WithHELO(o.LocalName))
	}
	client, err := gomail.NewClient(o.Host, options...)
	if err != nil {
		return nil, fmt.Errorf("making an SMTP client: %w", err)
	}
	return client, nil
}

// dial also closes the connection when sending is over; the client leaves it open after some
// failures.
func (s *Sender) dial(dialling, sending context.Context, network string) (net.Conn, error) {
	address := net.JoinHostPort(s.options.Host, strconv.Itoa(s.options.Port))
	conn, err := new(net.Dialer).DialContext(dialling, network, address)
	if err != nil {
		return nil, err
	}
	context.AfterFunc(sending, func() { _ = conn.Close() })
	return conn, nil
}
