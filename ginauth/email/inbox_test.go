package email_test

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-smtp"

	authsmtp "github.com/ginauth/ginauth/ginauth/email/smtp"
)

// inbox is a real SMTP server on a port of its own that keeps what it gets.
type inbox struct {
	address string

	mu      sync.Mutex
	letters []letter
	refuse  map[string]error // by recipient
	hang    chan struct{}    // not nil: DATA waits for it
}

// letter is a mail as it arrived.
type letter struct {
	from, to     string // of the envelope
	header       mail.Header
	plain, html  string
	raw, subject string
}

func newInbox(tb testing.TB) *inbox {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	box := &inbox{address: listener.Addr().String(), refuse: map[string]error{}}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &session{box: box}, nil }))
	server.Domain = "localhost"
	stopped := make(chan error, 1)
	go func() { stopped <- server.Serve(listener) }()
	// Close alone would miss a listener that Serve has not taken yet, and Serve would never end.
	tb.Cleanup(func() { _ = errors.Join(server.Close(), listener.Close(), <-stopped) })
	return box
}

func (b *inbox) sender() *authsmtp.Sender {
	host, port, _ := net.SplitHostPort(b.address)
	number, _ := strconv.Atoi(port)
	return authsmtp.New(authsmtp.Options{Host: host, Port: number, InsecurePlaintext: true, LocalName: "localhost"})
}

func (b *inbox) all() []letter {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]letter{}, b.letters...)
}

func (b *inbox) clear() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.letters = nil
}

func (b *inbox) refusesAda(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refuse["Ada@Example.com"] = err
}

func (b *inbox) hangs(until chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.hang = until
}

type session struct {
	box      *inbox
	from, to string
}

func (s *session) Reset()        {}
func (s *session) Logout() error { return nil }

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.from = from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.box.mu.Lock()
	defer s.box.mu.Unlock()
	s.to = to
	return s.box.refuse[to]
}

func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.box.mu.Lock()
	hang := s.box.hang
	s.box.mu.Unlock()
	if hang != nil {
		<-hang
		return &smtp.SMTPError{Code: 451, Message: "too late"}
	}
	l, err := parseLetter(string(raw))
	if err != nil {
		return err
	}
	l.from, l.to = s.from, s.to
	s.box.mu.Lock()
	defer s.box.mu.Unlock()
	s.box.letters = append(s.box.letters, l)
	return nil
}

func parseLetter(raw string) (l letter, err error) {
	message, err := mail.ReadMessage(strings.NewReader(raw))
	if err != nil {
		return l, err
	}
	l.raw, l.header = raw, message.Header
	if l.subject, err = new(mime.WordDecoder).DecodeHeader(message.Header.Get("Subject")); err != nil {
		return l, err
	}
	kind, params, err := mime.ParseMediaType(message.Header.Get("Content-Type"))
	if err != nil {
		return l, err
	}
	if kind == "text/plain" {
		text, err := io.ReadAll(quotedprintable.NewReader(message.Body))
		l.plain = string(text)
		return l, err
	}
	for parts := multipart.NewReader(message.Body, params["boundary"]); ; {
		part, err := parts.NextPart() // decodes quoted-printable
		if errors.Is(err, io.EOF) {
			return l, nil
		}
		if err != nil {
			return l, err
		}
		text, err := io.ReadAll(part)
		if err != nil {
			return l, err
		}
		if strings.HasPrefix(part.Header.Get("Content-Type"), "text/html") {
			l.html = string(text)
		} else {
			l.plain = string(text)
		}
	}
}
