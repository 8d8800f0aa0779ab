package ginauthtest_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/ginauth/ginauth/ginauth/ginauthtest"
)

func TestWaitSendsAndSweeps(t *testing.T) {
	t.Parallel()
	for name, options := range stores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := ginauthtest.New(t, shop, append(options, ginauthtest.WithMail())...)
			outbox := &counting{left: 3}
			app.Mail.Collect(outbox)
			app.As(User{Email: "ada@example.com"})
			app.Clock.Advance(25 * time.Hour)
			app.Wait()
			if outbox.left != 0 {
				t.Errorf("%d mails are left", outbox.left)
			}
			if app.Pool != nil {
				var left int
				if err := app.Pool.QueryRow(t.Context(), `SELECT count(*) FROM ginauth.sessions`).Scan(&left); err != nil || left > 0 {
					t.Errorf("%d sessions are left: %v", left, err)
				}
			}
			app.Wait() // and has nothing to do
		})
	}
}

// counting is an outbox that sends one mail at a time.
type counting struct{ left int }

func (c *counting) SendDue(context.Context) (int, error) {
	if c.left == 0 {
		return 0, nil
	}
	c.left--
	return 1, nil
}

func TestWaitSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for want, outbox := range map[string]ginauthtest.Outbox{"it is stuck": stuck{}, "after 100 rounds": &counting{left: 1000}} {
		got := complaintsOf(t, func(tb *recorder) {
			app := ginauthtest.New(tb, shop, ginauthtest.InMemory())
			app.Mail.Collect(outbox)
			app.Wait()
		})
		if !strings.Contains(got, want) {
			t.Errorf("the complaint is %q, want %q in it", got, want)
		}
	}
}
