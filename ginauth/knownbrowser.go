package ginauth

import (
	"context"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// browserCookie holds a random token that says "somebody has logged in here before". It logs nobody in: all
// it does is that its user's attempts are not counted together with a stranger's (SEC-43).
const browserCookie = "device"

func (k Cookie) compileBrowser() cookie {
	k.Name, k.Domain = browserCookie, "" // a browser is known to one host
	return k.compile()
}

// browserKey names a known browser of one user. Without its token nobody can tell that there is one.
func browserKey(token driver.Digest, identifier string) driver.LimitKey {
	return limitKey("device", identifier, string(token[:]))
}

// KnowBrowser makes the browser known to u's account, as Login does: from then on, wrong passwords that
// others try for this account do not keep this browser out. It is for other proofs of ownership, such as a
// reset or a login by mail. A browser that is known already stays the one that it is, without its failures; another
// account's is forgotten there. Call it before the answer begins, on a route
// that Session covers. Where no Limiter keeps known browsers it does nothing. An error is no reason to turn the user away.
func KnowBrowser[U any](c *gin.Context, cfg *Config[U], u U) error {
	if err := cfg.made(); err != nil {
		return err
	}
	st, err := changing(c)
	if err != nil {
		return err
	}
	return cfg.m.throttle.remember(c, st, cfg.account(&u))
}

func (t *attempts) remember(c *gin.Context, st *state, a driver.Account) error {
	canonical, err := driver.CanonicalEmail(a.Identifier)
	if err != nil {
		return fmt.Errorf("knowing a browser: %w", err)
	}
	ctx := context.WithoutCancel(c.Request.Context()) // what it is for is done, whoever has hung up
	r, err := t.recognise(ctx, c, canonical)
	if err != nil {
		return err
	}
	s := r.settling(a.ID, true)
	known, err := t.limiter.SettleAttempt(ctx, s.Settlement)
	if known && err == nil {
		s.sendBrowser(st)
	}
	return err
}

// recognise finds out whether the browser is known to the account, by an attempt as at a login, which is the only
// way that a Limiter has to tell. A refused one counts for nothing.
func (t *attempts) recognise(ctx context.Context, c *gin.Context, canonical string) (tried, error) {
	a := tried{attempts: t, identifier: canonical}
	if t.browserOf(c.Request, canonical) == (driver.LimitKey{}) {
		return a, nil
	}
	attempt := driver.Attempt{Guess: t.guessAt(c, canonical)}
	v, err := t.limiter.CountAttempt(ctx, attempt)
	if err == nil && v.Wait <= 0 {
		a.attempt, a.known = attempt, v.Known
	}
	return a, err
}

// passwordChanged records the change, and that the browser of its owner is known still: the change has ended all known browsers.
func (m *mount) passwordChanged(c *gin.Context, st *state, auth Auth, by string) {
	m.event(c, driver.LoginPasswordChanged, "user_id", auth.Account.ID, "session", by)
	if auth.Via != sessionScheme {
		return
	}
	if err := m.throttle.remember(c, st, auth.Account); err != nil {
		m.logger().WarnContext(c.Request.Context(), "ginauth: a browser was not made known", "error", err)
	}
}

// ForgetGuesses takes back all wrong passwords that anybody has tried for u's account, so that every client of its
// owner may log in, also one without cookies. It is for after a new password whose owner a mail, say, has proved: the
// guesses were about another. After any other login it would give attackers as many guesses as they had before. An
// error is no reason to turn the user away.
func ForgetGuesses[U any](ctx context.Context, cfg *Config[U], u U) error {
	if err := cfg.made(); err != nil {
		return err
	}
	account := cfg.account(&u)
	canonical, err := driver.CanonicalEmail(account.Identifier)
	if err != nil {
		return fmt.Errorf("forgetting guesses: %w", err)
	}
	guesses := driver.Attempt{Guess: driver.GuessLimit{Key: guessKey(canonical)}}
	_, err = cfg.o.Limiter.SettleAttempt(ctx, driver.Settlement{Attempt: guesses, All: true, User: account.ID})
	return err
}

// browserOf is zero for a request without the cookie of a known browser.
func (t *attempts) browserOf(r *http.Request, identifier string) driver.LimitKey {
	digest, _, ok := t.browser.read(r)
	if !ok {
		return driver.LimitKey{}
	}
	return browserKey(digest, identifier)
}

// sendBrowser makes the answer bring the cookie of a known browser. One that the browser has already is sent once more, so
// that it is kept. The session's comes first.
func (st *state) sendBrowser(value string) {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.browser = value
}

// settled is what CreateSession did about the attempt.
func (st *state) settled() (settled, known bool) {
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.record.Settled, st.record.KnownBrowser
}

func (t *attempts) sentBrowser(r *http.Request) string {
	if sent := r.CookiesNamed(t.browser.name); len(sent) == 1 {
		return sent[0].Value
	}
	return ""
}
