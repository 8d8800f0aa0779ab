package engine

import (
	"context"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// BrowserCookie is the cookie of known browsers: a random token that says "somebody has logged in
// here before". It logs nobody in; it only counts its user's attempts apart from those of strangers
// (SEC-43).
const BrowserCookie = "device"

// browserKey returns the key of a known browser of one user. It cannot be guessed without the
// token.
func browserKey(token driver.Digest, named string) driver.LimitKey {
	return limitKey("device", named, string(token[:]))
}

// Remember makes the request's browser known to the account and sends its cookie.
func (t *Attempts) Remember(c *gin.Context, st *State, a driver.Account) error {
	canonical, err := t.names.Canonical(a.Identifier)
	if err != nil {
		return fmt.Errorf("knowing a browser: %w", err)
	}
	ctx := context.WithoutCancel(c.Request.Context()) // the login is done, even if the client has hung up
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

// recognise asks whether the account knows the browser. A Limiter can only tell by counting an
// attempt, as at a login. If that attempt is refused, the browser counts as unknown.
func (t *Attempts) recognise(ctx context.Context, c *gin.Context, canonical string) (Tried, error) {
	a := Tried{Attempts: t, realm: driver.Realm(ctx), identifier: canonical}
	if t.browserOf(c.Request, inRealm(a.realm, canonical)) == (driver.LimitKey{}) {
		return a, nil
	}
	attempt := driver.Attempt{Guess: t.guessAt(ctx, c, canonical)}
	v, err := t.Limiter.CountAttempt(ctx, attempt)
	if err == nil && v.Wait <= 0 {
		a.attempt, a.known = attempt, v.Known
	}
	return a, err
}

// PasswordChanged logs the change and makes the owner's browser known again: the change has removed
// all known browsers.
func (m *Mount) PasswordChanged(c *gin.Context, st *State, account driver.Account, by string) {
	m.Event(c, driver.LoginPasswordChanged, "user_id", account.ID, "session", by)
	if st.Proof().Via != SessionScheme {
		return
	}
	if err := m.Throttle.Remember(c, st, account); err != nil {
		m.logger().WarnContext(c.Request.Context(), "ginauth: a browser was not made known", "error", err)
	}
}

// browserOf returns the key of the request's known browser, or zero without its cookie.
func (t *Attempts) browserOf(r *http.Request, named string) driver.LimitKey {
	digest, _, ok := t.browser.read(r)
	if !ok {
		return driver.LimitKey{}
	}
	return browserKey(digest, named)
}

// sendBrowser sets the cookie of a known browser in the answer, after the session's cookie. A
// cookie that the browser already has is sent again, so that the browser keeps it.
func (st *State) sendBrowser(value string) {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.browser = value
}

// settled returns what CreateSession did about the attempt.
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

// ForgetGuesses removes all failed guesses at the account's password, whoever made them.
func (t *Attempts) ForgetGuesses(ctx context.Context, account driver.Account) error {
	list, err := t.names.OfAccount(account)
	if err != nil {
		return fmt.Errorf("forgetting guesses: %w", err)
	}
	for _, canonical := range list {
		guesses := driver.Attempt{Guess: driver.GuessLimit{Key: guessKey(inRealm(driver.Realm(ctx), canonical))}}
		if _, err := t.Limiter.SettleAttempt(ctx, driver.Settlement{Attempt: guesses, All: true, User: account.ID}); err != nil {
			return err
		}
	}
	return nil
}
