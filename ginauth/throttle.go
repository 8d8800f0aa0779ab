package ginauth

import (
	"context"
	"crypto/sha256"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/proxy"
)

// Purposes, of which each has budgets of its own.
const (
	purposeLogin  = "login"
	purposeSignUp = "sign_up"
)

// maxRetryAfter is the longest wait that a client is told.
const maxRetryAfter = 24 * time.Hour

// attempts is how a mount limits attempts. It is compiled from a Config with defaults.
type attempts struct {
	limiter driver.Limiter
	limits  Limits
	proxies proxy.Trusted
	browser cookie
	log     *slog.Logger
	finds   bool // the limiter is the store of users
}

func newAttempts[U any](cfg *Config[U], trusted proxy.Trusted) *attempts {
	return &attempts{
		limiter: cfg.o.Limiter, limits: cfg.o.Limits, proxies: trusted, browser: cfg.o.Cookie.compileBrowser(), log: cfg.o.Logger,
		finds: same(cfg.o.Limiter, cfg.o.Users),
	}
}

// Throttle counts an attempt of the app's own, such as asking for a mail, and returns
// ErrTooManyAttempts when the limit is reached: before anything is done, and whether or not there is such an
// account. The purpose separates its budgets from others', of which "link" and what begins with "mail" are package
// email's; an identifier that is empty or no e-mail
// address only counts by its client's address. Other errors mean that nobody can count: do not go on.
func Throttle[U any](c *gin.Context, cfg *Config[U], purpose, identifier string, l Limit) error {
	if err := cfg.made(); err != nil {
		return err
	}
	if c.Request == nil {
		return errNoRequest
	}
	for _, rates := range [][]Rate{l.PerIdentifier, l.PerAddress} {
		if slices.ContainsFunc(rates, func(r Rate) bool { return !r.valid() }) {
			return errors.New("throttling: every Rate needs Attempts and Per above zero")
		}
	}
	t := cfg.m.throttle
	_, err := t.count(c.Request.Context(), c, identifier, l.attempt(t.clientOf(c), "app "+purpose, identifier))
	return err
}

// tried is an attempt that was counted.
type tried struct {
	*attempts
	attempt    driver.Attempt
	known      bool
	identifier string
}

// signUp counts an attempt to make an account.
func (t *attempts) signUp(ctx context.Context, c *gin.Context, canonical string) (tried, error) {
	a := t.limits.SignUp.attempt(t.clientOf(c), purposeSignUp, canonical)
	_, err := t.count(ctx, c, canonical, a)
	return tried{attempts: t, attempt: a, identifier: canonical}, err
}

type counting func(context.Context, driver.Attempt) (driver.Verdict, error)

func (t *attempts) count(ctx context.Context, c *gin.Context, identifier string, a driver.Attempt) (driver.Verdict, error) {
	return t.admit(ctx, c, identifier, a, t.limiter.CountAttempt)
}

func (t *attempts) admit(ctx context.Context, c *gin.Context, identifier string, a driver.Attempt, count counting) (driver.Verdict, error) {
	if t.limits.InsecureUnlimited || len(a.Rates) == 0 && a.Guess.Key == (driver.LimitKey{}) {
		return driver.Verdict{}, nil
	}
	v, err := count(ctx, a)
	if err != nil || v.Wait <= 0 {
		return v, err
	}
	t.report(c, identifier, v) //nolint:contextcheck // the request's own
	return v, waiting(errTooManyAttempts, v.Wait)
}

func (t *attempts) report(c *gin.Context, identifier string, v driver.Verdict) {
	name := driver.RateExceeded
	if v.Guesses {
		name = driver.LoginLockedOut
	}
	args := []any{"identifier", hideIdentifier(identifier), "wait", v.Wait.Round(time.Second)}
	LogEvent(c, name, args...)
}

// settling is an attempt that has succeeded, unless the session that it leads to cannot be stored.
type settling struct {
	tried
	driver.Settlement
	token driver.Token
}

// settling makes the browser known to the account where there is one to get a cookie.
func (a tried) settling(user driver.UserID, browser bool) settling {
	s := settling{tried: a, Settlement: driver.Settlement{Attempt: a.attempt, Known: a.known, User: user, Keep: browserMemory, Limit: maxBrowsers}}
	if browser && !a.known && a.identifier != "" {
		s.token = driver.NewToken()
		s.Browser, s.Identifier = browserKey(s.token.Digest(), a.identifier), a.identifier
	}
	return s
}

// within hands the settlement to a session's store that is the Limiter, too.
func (s settling) within(store driver.Sessions) *driver.Settlement {
	if s.limits.InsecureUnlimited || !same(store, s.limiter) {
		return nil
	}
	return &s.Settlement
}

// newBrowser: the user logs in by a browser that is not known. Who keeps no known browsers cannot tell.
func (s settling) newBrowser(store driver.Sessions) bool {
	return !s.known && s.within(store) != nil
}

// finish settles what was not settled with the session. The user is in already, so that a failure is not
// worth more than a line in the log.
func (s settling) finish(ctx context.Context, st *state) {
	if s.limits.InsecureUnlimited {
		return
	}
	settled, known := false, false
	if st != nil {
		settled, known = st.settled()
	}
	if !settled {
		var err error
		known, err = s.limiter.SettleAttempt(context.WithoutCancel(ctx), s.Settlement)
		if err != nil {
			s.log.WarnContext(ctx, "ginauth: a login was not settled: it counts as a failure", "user_id", s.User, "error", err)
			return
		}
	}
	if st != nil && known {
		s.sendBrowser(st)
	}
}

// sendBrowser sends the cookie of a browser that is known now, the same as before if it was known already.
func (s settling) sendBrowser(st *state) {
	if s.known {
		st.sendBrowser(s.sentBrowser(st.request))
		return
	}
	st.sendBrowser(s.token.Reveal())
}

// attempt counts by what is known of the attempt.
func (l Limit) attempt(client, purpose, identifier string) (a driver.Attempt) {
	add := func(rates []Rate, kind, what string) {
		for i, r := range rates {
			a.Rates = append(a.Rates, driver.RateLimit{
				Key: limitKey(purpose, kind, strconv.Itoa(i), what), Every: r.Per / time.Duration(r.Attempts), Burst: r.Attempts,
			})
		}
	}
	add(l.PerAddress, "address", client)
	if canonical, err := driver.CanonicalEmail(identifier); err == nil {
		add(l.PerIdentifier, "identifier", canonical)
	}
	return a
}

// clientOf is the part of the client's address that others cannot choose: IPv4 as it is, IPv6 by its
// /64. All whose address is unknown, as behind a unix socket, are one.
func (t *attempts) clientOf(c *gin.Context) string {
	return addressPrefix(t.proxies.Origin(c.Request).Addr)
}

// limitKey separates its parts by a byte that no identifier, address or purpose has.
func limitKey(parts ...string) (k driver.LimitKey) {
	h := sha256.New()
	h.Write([]byte("ginauth limit"))
	for _, part := range parts {
		h.Write([]byte{0})
		h.Write([]byte(part))
	}
	copy(k[:], h.Sum(nil))
	return k
}
