package engine

import (
	"context"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// BrowserCookie holds a random token that says "somebody has logged in here before". It logs nobody in: all
// it does is that its user's attempts are not counted together with a stranger's (SEC-43).
const BrowserCookie = "device"

// browserKey names a known browser of one user. Without its token nobody can tell that there is one.
func browserKey(token driver.Digest, identifier string) driver.LimitKey {
	return limitKey("device", identifier, string(token[:]))
}

func (t *Attempts) Remember(c *gin.Context, st *State, a driver.Account) error {
	canonical, err := driver.CanonicalEmail(a.Identifier)
	if err != nil {
		return fmt.Errorf("knowing a browser: %w", err)
	}
	ctx := context.WithoutCancel(c.Request.Context()) // what it is for is done, whoever has hung up
	r, err := t.recognise(ctx, c, canonical)
	if err != nil {
		return err
	}
	s := r.Settling(a.ID, true)
	known, err := t.Limiter.SettleAttempt(ctx, s.Settlement)
	if known && err == nil {
		s.sendBrowser(st)
	}
	return err
}

// recognise finds out whether the browser is known to the account, by an attempt as at a login, which is the only
// way that a Limiter has to tell. A refused one counts for nothing.
func (t *Attempts) recognise(ctx context.Context, c *gin.Context, canonical string) (Tried, error) {
	a := Tried{Attempts: t, identifier: canonical}
	if t.browserOf(c.Request, canonical) == (driver.LimitKey{}) {
		return a, nil
	}
	attempt := driver.Attempt{Guess: t.guessAt(c, canonical)}
	v, err := t.Limiter.CountAttempt(ctx, attempt)
	if err == nil && v.Wait <= 0 {
		a.attempt, a.known = attempt, v.Known
	}
	return a, err
}

// PasswordChanged records the change, and that the browser of its owner is known still: the change has ended all known browsers.
func (m *Mount) PasswordChanged(c *gin.Context, st *State, account driver.Account, by string) {
	m.Event(c, driver.LoginPasswordChanged, "user_id", account.ID, "session", by)
	if st.Proof().Via != SessionScheme {
		return
	}
	if err := m.Throttle.Remember(c, st, account); err != nil {
		m.logger().WarnContext(c.Request.Context(), "ginauth: a browser was not made known", "error", err)
	}
}

// browserOf is zero for a request without the cookie of a known browser.
func (t *Attempts) browserOf(r *http.Request, identifier string) driver.LimitKey {
	digest, _, ok := t.browser.read(r)
	if !ok {
		return driver.LimitKey{}
	}
	return browserKey(digest, identifier)
}

// sendBrowser makes the answer bring the cookie of a known browser. One that the browser has already is sent once more, so
// that it is kept. The session's comes first.
func (st *State) sendBrowser(value string) {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.browser = value
}

// settled is what CreateSession did about the attempt.
func (st *State) settled() (settled, known bool) {
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.record.Settled, st.record.KnownBrowser
}

func (t *Attempts) sentBrowser(r *http.Request) string {
	if sent := r.CookiesNamed(t.browser.Name); len(sent) == 1 {
		return sent[0].Value
	}
	return ""
}

// ForgetGuesses takes back all wrong passwords that anybody has tried for the account.
func (t *Attempts) ForgetGuesses(ctx context.Context, account driver.Account) error {
	canonical, err := driver.CanonicalEmail(account.Identifier)
	if err != nil {
		return fmt.Errorf("forgetting guesses: %w", err)
	}
	guesses := driver.Attempt{Guess: driver.GuessLimit{Key: guessKey(canonical)}}
	_, err = t.Limiter.SettleAttempt(ctx, driver.Settlement{Attempt: guesses, All: true, User: account.ID})
	return err
}
