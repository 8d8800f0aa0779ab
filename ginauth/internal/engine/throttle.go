package engine

import (
	"context"
	"crypto/sha256"
	"log/slog"
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
	Limiter driver.Limiter
	limits  Limits
	proxies proxy.Trusted
	browser Cookie
	log     *slog.Logger
	Finds   bool // the limiter is the store of users
}

func NewAttempts(limiter driver.Limiter, limits Limits, browser Cookie, m *Mount) *attempts {
	return &attempts{Limiter: limiter, limits: limits, proxies: m.Proxies, browser: browser, log: m.Log, Finds: Same(limiter, m.Users)}
}

// Tried is an attempt that was counted.
type Tried struct {
	*attempts
	attempt    driver.Attempt
	known      bool
	identifier string
}

// signUp counts an attempt to make an account.
func (t *attempts) signUp(ctx context.Context, c *gin.Context, canonical string) (Tried, error) {
	a := t.limits.SignUp.attempt(t.clientOf(c), purposeSignUp, canonical)
	_, err := t.count(ctx, c, canonical, a)
	return Tried{attempts: t, attempt: a, identifier: canonical}, err
}

// App counts an attempt of the app's own.
func (t *attempts) App(c *gin.Context, purpose, identifier string, l Limit) error {
	_, err := t.count(c.Request.Context(), c, identifier, l.attempt(t.clientOf(c), "app "+purpose, identifier))
	return err
}

type counting func(context.Context, driver.Attempt) (driver.Verdict, error)

func (t *attempts) count(ctx context.Context, c *gin.Context, identifier string, a driver.Attempt) (driver.Verdict, error) {
	return t.admit(ctx, c, identifier, a, t.Limiter.CountAttempt)
}

func (t *attempts) admit(ctx context.Context, c *gin.Context, identifier string, a driver.Attempt, count counting) (driver.Verdict, error) {
	if t.limits.Unlimited || len(a.Rates) == 0 && a.Guess.Key == (driver.LimitKey{}) {
		return driver.Verdict{}, nil
	}
	v, err := count(ctx, a)
	if err != nil || v.Wait <= 0 {
		return v, err
	}
	t.report(c, identifier, v) //nolint:contextcheck // the request's own
	return v, waiting(ErrTooManyAttempts, v.Wait)
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
	Tried
	driver.Settlement
	token driver.Token
}

// Settling makes the browser known to the account where there is one to get a cookie.
func (a Tried) Settling(user driver.UserID, browser bool) settling {
	s := settling{Tried: a, Settlement: driver.Settlement{Attempt: a.attempt, Known: a.known, User: user, Keep: browserMemory, Limit: maxBrowsers}}
	if browser && !a.known && a.identifier != "" {
		s.token = driver.NewToken()
		s.Browser, s.Identifier = browserKey(s.token.Digest(), a.identifier), a.identifier
	}
	return s
}

// Within hands the settlement to a session's store that is the Limiter, too.
func (s settling) Within(store driver.Sessions) *driver.Settlement {
	if s.limits.Unlimited || !Same(store, s.Limiter) {
		return nil
	}
	return &s.Settlement
}

// newBrowser: the user logs in by a browser that is not known. Who keeps no known browsers cannot tell.
func (s settling) newBrowser(store driver.Sessions) bool {
	return !s.known && s.Within(store) != nil
}

// Finish settles what was not settled with the session. The user is in already, so that a failure is not
// worth more than a line in the log.
func (s settling) Finish(ctx context.Context, st *State) {
	if s.limits.Unlimited {
		return
	}
	settled, known := false, false
	if st != nil {
		settled, known = st.settled()
	}
	if !settled {
		var err error
		known, err = s.Limiter.SettleAttempt(context.WithoutCancel(ctx), s.Settlement)
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
func (s settling) sendBrowser(st *State) {
	if s.known {
		st.sendBrowser(s.sentBrowser(st.request))
		return
	}
	st.sendBrowser(s.token.Reveal())
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
