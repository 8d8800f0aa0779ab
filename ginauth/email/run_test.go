package email_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/email"
	authsmtp "github.com/ginauth/ginauth/ginauth/email/smtp"
)

// round sends what is due, whatever becomes of it.
func (a *app) round(tb testing.TB) int {
	tb.Helper()
	sent, err := a.mails.SendDue(context.Background())
	if err != nil {
		tb.Fatal(err)
	}
	return sent
}

// deadPort is taken until the test ends, so that nobody else listens there, and refuses connections.
func deadPort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn.LocalAddr().(*net.TCPAddr).Port //nolint:forcetypeassert,errcheck // it was dialled
}

// await waits for another goroutine's work, which no clock drives.
func await(t *testing.T, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it did not happen")
		}
	}
}

func TestMailServerThatIsDownLosesNothing(t *testing.T) { // SEC-34
	t.Parallel()
	a := newApp(t)
	a.verified(t)
	working := a.options.Sender
	a.change(t, func(f *flows) {
		f.Sender = authsmtp.New(authsmtp.Options{Host: "127.0.0.1", Port: deadPort(t), InsecurePlaintext: true})
	})
	a.accepted(t, "/forgot", adaMail)
	for _, pause := range []time.Duration{5 * time.Second, 10 * time.Second, 20 * time.Second, 40 * time.Second} {
		if n := a.round(t); n != 0 {
			t.Fatalf("%d mails were sent", n)
		}
		a.clock.Advance(pause - time.Second)
		before := a.count(t, `SELECT attempts FROM ginauth.outbox`)
		a.round(t)
		if a.count(t, `SELECT attempts FROM ginauth.outbox`) != before {
			t.Errorf("tried again before %s", pause)
		}
		a.clock.Advance(time.Second)
	}
	a.change(t, func(f *flows) { f.Sender = working })
	want(t, "reset", a.anyone().use("/reset", a.one(t).token(t), adaNew), http.StatusNoContent)
}

func TestMailIsGivenUpAfterItsLinksLife(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	a.verified(t)
	a.inbox.refusesAda(&smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "later"})
	a.accepted(t, "/forgot", adaMail)
	for range 20 {
		a.round(t)
		a.clock.Advance(5 * time.Minute)
	}
	if n := a.count(t, `SELECT attempts FROM ginauth.outbox WHERE failed_at IS NOT NULL`); n < 6 || n > 14 {
		t.Errorf("given up after %d attempts", n)
	}
	a.inbox.refusesAda(nil)
	a.none(t, "given up")
	a.accepted(t, "/forgot", adaMail)
	a.one(t)
}

func TestARefusedAddressHoldsUpNobody(t *testing.T) { // SEC-34
	t.Parallel()
	a := newApp(t)
	a.verified(t)
	want(t, "sign-up", a.anyone().post("/signup", `{"name":"Grace","email":"grace@example.com","password":"nanoseconds are short wires"}`), http.StatusCreated)
	a.inbox.refusesAda(&smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user Ada@Example.com"})
	a.accepted(t, "/forgot", adaMail)
	a.accepted(t, "/forgot", `{"email":"grace@example.com"}`)
	if mail := a.one(t); mail.to != "grace@example.com" {
		t.Errorf("the mail went to %s", mail.to)
	}
	var failure string
	if err := a.pool.QueryRow(t.Context(), `SELECT failure FROM ginauth.outbox WHERE failed_at IS NOT NULL`).Scan(&failure); err != nil || !strings.Contains(failure, "550 5.1.1") || strings.Contains(failure, "@") {
		t.Errorf("the failure is %q (%v)", failure, err)
	}
	if strings.Contains(a.log.String(), "Ada@Example.com") {
		t.Error("the log has the address") // SEC-165
	}
}

func TestAUserWhoCannotBeReadHoldsUpNobody(t *testing.T) { // SEC-34
	t.Parallel()
	a := newApp(t)
	a.verified(t)
	want(t, "sign-up", a.anyone().post("/signup", `{"name":"Grace","email":"grace@example.com","password":"nanoseconds are short wires"}`), http.StatusCreated)
	a.accepted(t, "/forgot", adaMail)
	a.accepted(t, "/forgot", `{"email":"grace@example.com"}`)
	a.exec(t, `ALTER TABLE ginauth.users ALTER COLUMN name DROP NOT NULL`)
	a.exec(t, `UPDATE ginauth.users SET name = NULL WHERE email_canonical = 'ada@example.com'`)
	if mail := a.one(t); mail.to != "grace@example.com" {
		t.Errorf("the mail went to %s", mail.to)
	}
	if n := a.count(t, `SELECT count(*) FROM ginauth.outbox WHERE failure LIKE '%cannot scan NULL%' AND failed_at IS NULL`); n != 1 {
		t.Errorf("%d mails wait for another attempt", n)
	}
	if strings.Contains(a.log.String(), "Ada@Example.com") {
		t.Error("the log has the address") // SEC-165
	}
	a.exec(t, `UPDATE ginauth.users SET name = 'Ada' WHERE email_canonical = 'ada@example.com'`)
	a.clock.Advance(5 * time.Second)
	if mail := a.one(t); mail.to != "Ada@Example.com" {
		t.Errorf("the mail went to %s", mail.to)
	}
}

func TestAHangingServerDelaysNoAnswer(t *testing.T) { // SEC-34
	t.Parallel()
	a := newApp(t)
	a.verified(t)
	until := make(chan struct{})
	a.inbox.hangs(until)
	a.accepted(t, "/forgot", adaMail)
	running, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.mails.Run(running) }()
	await(t, func() bool { return a.count(t, `SELECT attempts FROM ginauth.outbox`) > 0 })
	for range 10 { // while the server has the mail in its hands
		a.accepted(t, "/forgot", adaMail)
	}
	if n := a.count(t, `SELECT requests FROM ginauth.outbox`); n != 11 {
		t.Errorf("%d requests, want 11 for one mail", n)
	}
	close(until)
	stop()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("Run ended with %v", err)
	}
	a.inbox.hangs(nil)
	a.clock.Advance(2 * time.Minute)
	want(t, "reset", a.anyone().use("/reset", a.one(t).token(t), adaNew), http.StatusNoContent)
}

// While one mail hangs, those that are asked for later go out.
func TestAHangingMailHoldsUpNoOther(t *testing.T) { // SEC-34
	t.Parallel()
	a := newApp(t)
	a.verified(t)
	want(t, "sign-up", a.anyone().post("/signup", `{"name":"Grace","email":"grace@example.com","password":"nanoseconds are short wires"}`), http.StatusCreated)
	working, until := a.inbox.sender(), make(chan struct{})
	hanging := email.SenderFunc(func(ctx context.Context, m email.Message) error {
		if m.To == "Ada@Example.com" {
			<-until
		}
		return working.Send(ctx, m)
	})
	a.change(t, func(f *flows) { f.Sender = hanging })
	a.accepted(t, "/forgot", adaMail)
	running, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.mails.Run(running) }()
	await(t, func() bool { return a.count(t, `SELECT attempts FROM ginauth.outbox`) > 0 })
	a.accepted(t, "/forgot", `{"email":"grace@example.com"}`)
	await(t, func() bool { return len(a.inbox.all()) > 0 })
	if to := a.inbox.all()[0].to; to != "grace@example.com" {
		t.Errorf("the first mail went to %s", to)
	}
	close(until)
	stop()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("Run ended with %v", err)
	}
	if n := len(a.inbox.all()); n != 2 {
		t.Errorf("%d mails went out before Run ended", n)
	}
}

func TestWorkerThatDiesLosesNothing(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	a.verified(t)
	a.accepted(t, "/forgot", adaMail)
	claimed, err := a.db.ClaimMail(t.Context(), 10, 2*time.Minute) // and then the process is gone
	if err != nil || len(claimed) != 1 {
		t.Fatalf("%v, %v", claimed, err)
	}
	a.none(t, "somebody has it")
	a.clock.Advance(2 * time.Minute)
	a.one(t)
}

// A worker that dies between the server's yes and writing it down sends the mail twice.
func TestBothCopiesOfAMailWork(t *testing.T) {
	t.Parallel()
	for _, use := range []int{0, 1} {
		a := newApp(t)
		a.verified(t)
		sent := a.inbox.sender()
		a.change(t, func(f *flows) { f.Store, f.Sender = forgetful{a.db}, sent })
		a.accepted(t, "/forgot", adaMail)
		for range 2 {
			if _, err := a.mails.SendDue(t.Context()); !errors.Is(err, errForgot) {
				t.Fatal(err)
			}
			a.clock.Advance(2 * time.Minute)
		}
		copies := a.inbox.all()
		if len(copies) != 2 || copies[0].header.Get("Message-Id") == "" || copies[0].header.Get("Message-Id") != copies[1].header.Get("Message-Id") {
			t.Fatalf("%d copies", len(copies))
		}
		want(t, "one copy's link", a.anyone().use("/reset", copies[use].token(t), adaNew), http.StatusNoContent)
		wantProblem(t, "the other's", a.anyone().use("/reset", copies[1-use].token(t), adaNew), http.StatusGone, "link_invalid")
	}
}

var errForgot = errors.New("the process died")

type forgetful struct{ driver.Mails[user] }

func (forgetful) SettleMail(context.Context, driver.MailID, int, driver.MailOutcome) error {
	return errForgot
}

func TestManyWorkersSendEachMailOnce(t *testing.T) {
	t.Parallel()
	const mails = 40
	a := newApp(t)
	for range mails {
		name := strings.ToLower(driver.NewToken().Reveal()[:12])
		name = strings.Trim(strings.NewReplacer("-", "x", "_", "y").Replace(name), ".")
		want(t, "sign-up", a.anyone().post("/quiet", strings.Replace(ada, "Ada@", name+"@", 1)), http.StatusAccepted)
	}
	together(6, func(int) int {
		sent, err := a.mails.SendDue(t.Context())
		if err != nil {
			t.Error(err)
		}
		return sent
	})
	seen := map[string]int{}
	for _, l := range a.inbox.all() {
		seen[l.to]++
	}
	for to, n := range seen {
		if n != 1 {
			t.Errorf("%s got %d mails", to, n)
		}
	}
	if len(seen) != mails || a.count(t, `SELECT count(*) FROM ginauth.outbox`) != 0 {
		t.Errorf("%d of %d got a mail", len(seen), mails)
	}
}

func TestSenderThatPanicsStopsNobody(t *testing.T) { // SEC-164
	t.Parallel()
	a := newApp(t)
	a.verified(t)
	a.change(t, func(f *flows) {
		f.Sender = email.SenderFunc(func(context.Context, email.Message) error { panic("token=secret") })
	})
	a.accepted(t, "/forgot", adaMail)
	a.round(t)
	a.change(t, func(f *flows) { f.Sender = a.inbox.sender() })
	a.clock.Advance(time.Minute)
	a.one(t)
}

func TestFailedMailsAreBounded(t *testing.T) { // SEC-148
	t.Parallel()
	a := newApp(t)
	a.verified(t)
	a.exec(t, `INSERT INTO ginauth.outbox (id, kind, email, email_canonical, created_at, due_at, failed_at)
		SELECT gen_random_uuid(), 'reset', 'x', 'x', $1, $1, $1::timestamptz - make_interval(secs => n) FROM generate_series(1, 1200) AS n`, a.clock.Now())
	a.inbox.refusesAda(&smtp.SMTPError{Code: 550, Message: "no"})
	a.accepted(t, "/forgot", adaMail)
	a.round(t)
	if n := a.count(t, `SELECT count(*) FROM ginauth.outbox`); n != 1000 {
		t.Errorf("%d failed mails are kept", n)
	}
	a.clock.Advance(7*24*time.Hour + time.Second)
	a.accepted(t, "/forgot", adaMail)
	a.round(t)
	if n := a.count(t, `SELECT count(*) FROM ginauth.outbox`); n != 1 {
		t.Errorf("%d failed mails are kept after a week", n)
	}
}

// A process that runs nothing else learns it there when it did not look at the error of New.
func TestRunNeedsFlows(t *testing.T) {
	t.Parallel()
	var none *email.Flows[user]
	if err := none.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "check the error of email.New") {
		t.Errorf("Run: %v", err)
	}
	if _, err := none.SendDue(t.Context()); err == nil || !strings.Contains(err.Error(), "check the error of email.New") {
		t.Errorf("SendDue: %v", err)
	}
}
