package email_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/mail"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/email"
	"github.com/ginauth/ginauth/ginauth/ginauthtest"
	"github.com/ginauth/ginauth/store"
)

// oneMail is a store in which one mail to one user is due.
type oneMail struct {
	driver.Mails[user]

	to  user
	due bool
}

func (s *oneMail) ClaimMail(context.Context, int, time.Duration) ([]driver.Mail, error) {
	if !s.due {
		return nil, nil
	}
	s.due = false
	at := time.Date(2030, 3, 4, 5, 6, 7, 0, time.UTC)
	return []driver.Mail{{ID: "7c6f1ad2-2f4c-4d3e-8a53-0a0b3c1d2e3f", Kind: driver.MailReset, Attempt: 1, OrderedAt: at, Now: at}}, nil
}

func (s *oneMail) PrepareMail(context.Context, driver.MailID, driver.Digest, time.Duration) (driver.Recipient[user], error) {
	return driver.Recipient[user]{User: s.to, Email: s.to.Email}, nil
}

func (*oneMail) SettleMail(context.Context, driver.MailID, int, driver.MailOutcome) error { return nil }

// Whatever a stored address, a name, a site or a subject made of them has in it, a mail has the headers that it should have,
// once each, and goes to that address alone. Nor can they forge a line of the log.
func FuzzMailHeaders(f *testing.F) { // SEC-137, SEC-162
	long := strings.Repeat("ä", 5000)
	for _, seed := range [][4]string{
		{"ada@example.com", "Ada", "Example", "Example"},
		{"ada@example.com\r\nBcc: eve@example.com", "Ada\r\nBcc: eve@example.com\r\n\r\nbody", "Example\nBcc: x", "A\r\nBcc: x"},
		{"ada@example.com, eve@example.com", "=?utf-8?q?=0d=0aBcc:_x?=", "=?utf-8?b?DQpCY2M6IHg=?=", "=?utf-8?q?=0d=0aBcc:_x?="},
		{"<ada@example.com> SIZE=1", "\u2028Bcc: x\u2029", "\u0085Bcc: x", `"`},
		{`"a\r\nb"@example.com`, "\xff\xfe\x00\x1b[31m", "\x7f", `\`},
		{strings.Repeat("a", 300) + "@example.com", long, strings.Repeat("x", 5000), long},
		{"ada@" + strings.Repeat("a.", 120) + "com", strings.Repeat("\r\n ", 300), strings.Repeat("=?", 300), "Grüße, \"Ada\""},
		{"ädä@example.com", `{"a":"b"}`, "例え", "例え"},
		{"Ada <ada@example.com>", "\t\v\f", " ", " "},
	} {
		f.Add(seed[0], seed[1], seed[2], seed[3])
	}
	box := newInbox(f)
	users := store.New[user](&pgxpool.Pool{})
	f.Fuzz(func(t *testing.T, address, name, site, sender string) {
		box.clear()
		log := &ginauthtest.Log{}
		from := (&mail.Address{Name: sender, Address: "hello@app.example.com"}).String()
		o := flows{Config: ginauth.Options[user]{Users: users, Logger: log.Logger()}, Options: email.Options[user]{
			Store: &oneMail{to: user{Name: name, Email: address}, due: true}, Sender: box.sender(), BaseURL: baseURL, From: from, Site: site,
			Pages: email.Pages{Reset: "/reset"},
			Texts: map[string]email.Texts{"": {driver.MailReset: {Subject: "{{.User.Name}} {{.Site}} {{.Email}}", Plain: "{{.User.Name}}\n{{.Link}}"}}},
		}}
		_, mails, err := o.build()
		if err != nil { // a site or a sender that is refused at construction
			o.Site, o.From = "Example", "Example <hello@app.example.com>"
			if _, mails, err = o.build(); err != nil {
				t.Fatal(err)
			}
		}
		sent, err := mails.SendDue(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		checkLog(t, log.String())
		canonical, invalid := driver.CanonicalEmail(address)
		letters := box.all()
		if invalid != nil {
			if sent+len(letters) > 0 {
				t.Fatalf("a mail went to %q", address)
			}
			return
		}
		if sent != 1 || len(letters) != 1 {
			t.Fatalf("%d mails were sent and %d arrived: %s", sent, len(letters), log)
		}
		checkLetter(t, letters[0], canonical)
	})
}

func checkLetter(t *testing.T, l letter, canonical string) {
	t.Helper()
	for _, name := range []string{
		"Auto-Submitted", "Content-Transfer-Encoding", "Content-Type", "Date", "From", "Message-Id", "Mime-Version", "Subject", "To",
	} {
		if len(l.header[name]) != 1 {
			t.Errorf("%d headers %s in %q", len(l.header[name]), name, l.raw)
		}
	}
	if len(l.header) != 9 {
		t.Errorf("%d headers in %q", len(l.header), l.raw)
	}
	to, err := l.header.AddressList("To")
	if err != nil || len(to) != 1 || strings.ToLower(to[0].Address) != canonical || strings.ToLower(l.to) != canonical {
		t.Errorf("it goes to %v and %q, want %q alone: %v", to, l.to, canonical, err)
	}
	from, err := l.header.AddressList("From")
	if err != nil || len(from) != 1 || from[0].Address != "hello@app.example.com" || l.from != "hello@app.example.com" {
		t.Errorf("it is from %v and %q: %v", from, l.from, err)
	}
	if strings.ContainsFunc(l.subject, unicode.IsControl) || utf8.RuneCountInString(l.subject) > 200 || !utf8.ValidString(l.subject) {
		t.Errorf("the subject is %q", l.subject)
	}
	head, _, _ := strings.Cut(l.raw, "\r\n\r\n")
	for line := range strings.SplitSeq(head, "\r\n") {
		if len(line) > 998 || strings.ContainsAny(line, "\r\n\x00") { // RFC 5322, 2.1.1
			t.Errorf("the header has the line %q", line)
		}
	}
}

func checkLog(t *testing.T, log string) {
	t.Helper()
	for lines := bufio.NewScanner(strings.NewReader(log)); lines.Scan(); {
		var line map[string]any
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Errorf("the line %q: %v", lines.Text(), err)
		}
	}
}
