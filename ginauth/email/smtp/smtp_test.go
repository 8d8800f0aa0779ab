package smtp_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	gosmtp "github.com/emersion/go-smtp"

	"github.com/ginauth/ginauth/ginauth/email"
	"github.com/ginauth/ginauth/ginauth/email/smtp"
)

var message = email.Message{
	ID: "7@app.example.com", From: "Example <hello@app.example.com>", To: "ada@example.com",
	Subject: "Grüße", Plain: "Hello\n.\n.dot\n", HTML: "<p>Hello", Date: time.Date(2030, 3, 4, 5, 6, 7, 0, time.UTC),
}

// server is a real SMTP server; got has what it took.
type server struct {
	port  int
	roots *x509.CertPool
	got   chan string
	data  error
}

type backend struct{ s *server }

func (b backend) NewSession(*gosmtp.Conn) (gosmtp.Session, error) { return &session{s: b.s}, nil }

type session struct {
	s      *server
	header string
}

func (*session) Reset()        {}
func (*session) Logout() error { return nil }

func (*session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, username, password string) error {
		if username != "app" || password != "secret" {
			return gosmtp.ErrAuthFailed
		}
		s.header = "as " + username + ": "
		return nil
	}), nil
}

func (*session) Mail(string, *gosmtp.MailOptions) error { return nil }
func (*session) Rcpt(string, *gosmtp.RcptOptions) error { return nil }

func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err == nil {
		err = s.s.data
	}
	if err == nil {
		s.s.got <- s.header + string(raw)
	}
	return err
}

// newServer speaks STARTTLS, or TLS from the start.
func newServer(t *testing.T, implicit bool, name string) *server {
	t.Helper()
	s := &server{got: make(chan string, 8)}
	certificate, roots := certify(t, name)
	s.roots = roots
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.port = portOf(t, listener)
	g := gosmtp.NewServer(backend{s})
	if certificate != nil {
		g.TLSConfig = &tls.Config{Certificates: []tls.Certificate{*certificate}, MinVersion: tls.VersionTLS12}
	}
	if implicit {
		listener = tls.NewListener(listener, g.TLSConfig)
	}
	stopped := make(chan error, 1)
	go func() { stopped <- g.Serve(listener) }()
	t.Cleanup(func() { _ = errors.Join(g.Close(), <-stopped) })
	return s
}

func portOf(t *testing.T, listener net.Listener) int {
	t.Helper()
	address, ok := listener.Addr().(*net.TCPAddr)
	if !ok {
		t.Fatal(listener.Addr())
	}
	return address.Port
}

func certify(t *testing.T, name string) (*tls.Certificate, *x509.CertPool) {
	t.Helper()
	if name == "" {
		return nil, nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
}

func (s *server) options() smtp.Options {
	return smtp.Options{
		Host: "localhost", Port: s.port, Username: "app", Password: "secret", LocalName: "localhost",
		TLS: &tls.Config{RootCAs: s.roots, MinVersion: tls.VersionTLS12},
	}
}

func TestMailGoesOverTLSAfterALogin(t *testing.T) {
	t.Parallel()
	for _, implicit := range []bool{false, true} {
		t.Run(fmt.Sprintf("implicit=%v", implicit), func(t *testing.T) {
			t.Parallel()
			s := newServer(t, implicit, "localhost")
			o := s.options()
			o.ImplicitTLS = implicit
			if err := smtp.New(o).Send(t.Context(), message); err != nil {
				t.Fatal(err)
			}
			got := <-s.got
			for _, want := range []string{
				"as app: ", "Message-ID: <7@app.example.com>\r\n", "To: <ada@example.com>\r\n", "Date: Mon, 04 Mar 2030 05:06:07 +0000\r\n",
				"Subject: =?UTF-8?q?Gr=C3=BC=C3=9Fe?=\r\n", "Auto-Submitted: auto-generated\r\n", "\r\n.\r\n.dot\r\n", "<p>Hello",
			} {
				if !strings.Contains(got, want) {
					t.Errorf("no %q in %s", want, got)
				}
			}
			o.Password = "wrong"
			if err := smtp.New(o).Send(t.Context(), message); err == nil || errors.Is(err, email.ErrRefused) || strings.Contains(err.Error(), "wrong") {
				t.Errorf("a wrong password: %v", err)
			}
		})
	}
}

func TestNoMailGoesWithoutGoodTLS(t *testing.T) {
	t.Parallel()
	stranger, plain := newServer(t, false, "mail.example.org"), newServer(t, false, "")
	for name, s := range map[string]*server{"another's certificate": stranger, "no STARTTLS": plain} {
		if err := smtp.New(s.options()).Send(t.Context(), message); err == nil || errors.Is(err, email.ErrRefused) {
			t.Errorf("%s: %v", name, err)
		}
		if len(s.got) > 0 {
			t.Errorf("%s: a mail was sent", name)
		}
	}
}

func TestRefusalsAreTold(t *testing.T) {
	t.Parallel()
	s := newServer(t, false, "localhost")
	for code, final := range map[int]bool{550: true, 554: true, 451: false, 421: false} {
		s.data = &gosmtp.SMTPError{Code: code, EnhancedCode: gosmtp.EnhancedCode{code / 100, 1, 1}, Message: "not ada@example.com"}
		if err := smtp.New(s.options()).Send(t.Context(), message); err == nil || errors.Is(err, email.ErrRefused) != final {
			t.Errorf("%d: %v", code, err)
		}
	}
	s.data = nil
	for _, bad := range []email.Message{{From: message.From, To: "no address"}, {From: "", To: message.To}, {From: message.From, To: "a@example.com, b@example.com"}} {
		if err := smtp.New(s.options()).Send(t.Context(), bad); !errors.Is(err, email.ErrRefused) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

func TestSendEndsWithItsContext(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0") // accepts, and says nothing
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	sender := smtp.New(smtp.Options{Host: "127.0.0.1", Port: portOf(t, listener), InsecurePlaintext: true})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	begun := time.Now()
	if err := sender.Send(ctx, message); !errors.Is(err, context.DeadlineExceeded) || time.Since(begun) > 10*time.Second { // its own patience is 15 s
		t.Errorf("after %s: %v", time.Since(begun), err)
	}
}

func TestOptionsThatCannotWork(t *testing.T) {
	t.Parallel()
	for text, o := range map[string]smtp.Options{
		"set Options.Host":    {},
		"choose ImplicitTLS":  {Host: "localhost", ImplicitTLS: true, InsecurePlaintext: true},
		"between 1 and 65535": {Host: "x", Port: 70000},
		"set both Username":   {Host: "x", Username: "x"},
		"must not be sent":    {Host: "localhost", Username: "x", Password: "y", InsecurePlaintext: true},
	} {
		if said := panics(o); !strings.Contains(said, text) {
			t.Errorf("%q: %q", text, said)
		}
	}
}

func TestPlaintextStaysOnThisMachine(t *testing.T) {
	t.Parallel()
	for _, host := range []string{"mail.example.com", "10.0.0.1", "0.0.0.0", "192.168.1.2", "2001:db8::1", "localhost.example.com", "notlocalhost", "::", "127.0.0.1.example.com"} {
		if said := panics(smtp.Options{Host: host, InsecurePlaintext: true}); !strings.Contains(said, "this machine") || !strings.Contains(said, "TLS") {
			t.Errorf("%s: %q", host, said)
		}
	}
	for _, host := range []string{"localhost", "LOCALHOST", "mail.localhost", "127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"} {
		if said := panics(smtp.Options{Host: host, InsecurePlaintext: true}); said != "" {
			t.Errorf("%s: %q", host, said)
		}
	}
}

func panics(o smtp.Options) (said string) {
	defer func() {
		if p := recover(); p != nil {
			said = fmt.Sprint(p)
		}
	}()
	smtp.New(o)
	return ""
}
