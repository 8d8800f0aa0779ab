package engine

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/identifier"
	"github.com/ginauth/ginauth/ginauth/internal/proxy"
)

// Each purpose has its own budgets.
const (
	purposeLogin  = "login"
	purposeSignUp = "sign_up"
)

// maxRetryAfter is the longest wait that is reported to a client.
const maxRetryAfter = 24 * time.Hour

// Attempts counts and limits the attempts of a mount.
type Attempts struct {
	Limiter driver.Limiter
	limits  Limits
	proxies proxy.Trusted
	browser Cookie
	mount   *Mount
	log     *slog.Logger
	names   identifier.Rules
	Finds   bool // the limiter is the store of users, which finds a user while it counts
}

// NewAttempts expects limits with their defaults.
func NewAttempts(limiter driver.Limiter, limits Limits, browser Cookie, m *Mount) *Attempts {
	return &Attempts{Limiter: limiter, limits: limits, proxies: m.Proxies, browser: browser, mount: m, log: m.Log, names: m.Names, Finds: Same(limiter, m.Users)}
}

// Tried is an attempt that was counted.
type Tried struct {
	*Attempts
	attempt    driver.Attempt
	known      bool
	realm      string
	identifier string
	user       driver.UserID // for a guess at a secret other than a password
}

// signUp counts an attempt to make an account.
func (t *Attempts) signUp(ctx context.Context, c *gin.Context, canonical string) (Tried, error) {
	a := t.limits.SignUp.attempt(t.clientOf(c), purposeSignUp, inRealm(driver.Realm(ctx), canonical))
	_, err := t.count(ctx, c, driver.BudgetSignUp, canonical, a)
	return Tried{Attempts: t, attempt: a, identifier: canonical}, err
}

// App counts an attempt for code of the app.
func (t *Attempts) App(c *gin.Context, purpose, identifier string, l Limit) error {
	canonical, _ := t.names.Canonical(identifier) // without one, the client's address counts alone
	ctx := c.Request.Context()
	a := l.attempt(t.clientOf(c), "app "+purpose, inRealm(driver.Realm(ctx), canonical))
	_, err := t.count(ctx, c, budgetOf(purpose), identifier, a)
	return err
}

// CountGuess counts a guess at a user's secret other than the password.
func (t *Attempts) CountGuess(c *gin.Context, purpose string, user driver.UserID) (Tried, error) {
	if c.Request == nil {
		return Tried{}, ErrNoRequest
	}
	client := t.clientOf(c)
	a := Limit{PerAddress: t.limits.LoginPerAddress}.attempt(client, "guess "+purpose, "")
	a.Guess = driver.GuessLimit{
		Key: limitKey("guess", purpose, inRealm(driver.Realm(c.Request.Context()), string(user))), Client: limitKey("client", client),
		Free: t.limits.FreeFailures, MaxWait: t.limits.MaxWait, Max: t.limits.MaxFailures, Memory: failureMemory,
	}
	_, err := t.count(c.Request.Context(), c, driver.BudgetSecret, string(user), a)
	return Tried{Attempts: t, attempt: a, user: user}, err
}

// TakeBack settles an attempt whose guess was right. It does nothing for a Tried that was not
// counted.
func (a Tried) TakeBack(ctx context.Context) error {
	if a.Attempts == nil || a.limits.Unlimited {
		return nil
	}
	_, err := a.Limiter.SettleAttempt(context.WithoutCancel(ctx), driver.Settlement{Attempt: a.attempt, User: a.user})
	return err
}

type counting func(context.Context, driver.Attempt) (driver.Verdict, error)

// budgetOf returns the constant that names the budget of a purpose in samples.
func budgetOf(purpose string) string {
	switch {
	case purpose == "link":
		return driver.BudgetLink
	case strings.HasPrefix(purpose, "mail"):
		return driver.BudgetMail
	}
	return driver.BudgetApp
}

func (t *Attempts) count(ctx context.Context, c *gin.Context, budget, identifier string, a driver.Attempt) (driver.Verdict, error) {
	return t.admit(ctx, c, budget, identifier, a, t.Limiter.CountAttempt)
}

func (t *Attempts) admit(ctx context.Context, c *gin.Context, budget, identifier string, a driver.Attempt, count counting) (driver.Verdict, error) {
	if _, entered := c.Get(driver.RealmKey); t.mount.Realm != nil && !entered { // the name would be looked up in another realm
		return driver.Verdict{}, fmt.Errorf("%w: Options.Realm is set, and no ginauth.Session or Authenticate runs before this handler", ErrNotMounted)
	}
	if t.limits.Unlimited || len(a.Rates) == 0 && a.Guess.Key == (driver.LimitKey{}) {
		return driver.Verdict{}, nil
	}
	v, err := count(ctx, a)
	if err != nil || v.Wait <= 0 {
		return v, err
	}
	if v.Guesses && budget == driver.BudgetLogin {
		budget = driver.BudgetPassword
	}
	t.mount.count(ctx, driver.ThrottleRefusals, budget, "")
	t.report(c, identifier, v) //nolint:contextcheck // the request's own
	return v, waiting(ErrTooManyAttempts, v.Wait)
}

func (t *Attempts) report(c *gin.Context, identifier string, v driver.Verdict) {
	name := driver.RateExceeded
	if v.Guesses {
		name = driver.LoginLockedOut
	}
	args := []any{"identifier", hideIdentifier(identifier), "wait", v.Wait.Round(time.Second)}
	LogEvent(c, name, args...)
}

// settling is the settlement of a successful attempt. It takes effect once the session is stored.
type settling struct {
	Tried
	driver.Settlement
	token driver.Token
}

// Settling returns the settlement of an attempt. With browser, it also makes the browser known to
// the account.
func (a Tried) Settling(user driver.UserID, browser bool) settling {
	s := settling{Tried: a, Settlement: driver.Settlement{Attempt: a.attempt, Known: a.known, User: user, Keep: browserMemory, Limit: maxBrowsers}}
	if browser && !a.known && a.identifier != "" {
		s.token = driver.NewToken()
		s.Browser, s.Identifier = browserKey(s.token.Digest(), inRealm(a.realm, a.identifier)), a.identifier
	}
	return s
}

// Within returns the settlement if the sessions' store is also the Limiter, which then settles it
// together with the session. Otherwise it returns nil.
func (s settling) Within(store driver.Sessions) *driver.Settlement {
	if s.limits.Unlimited || !Same(store, s.Limiter) {
		return nil
	}
	return &s.Settlement
}

// newBrowser says whether the user logs in with an unknown browser. Without a store of known
// browsers it is false.
func (s settling) newBrowser(store driver.Sessions) bool {
	return !s.known && s.Within(store) != nil
}

// Finish settles the attempt unless the session's store did. The user is already logged in, so an
// error is only logged.
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

// sendBrowser sends the cookie of the known browser: a new one, or the old one if the browser was
// known.
func (s settling) sendBrowser(st *State) {
	if s.known {
		st.sendBrowser(s.sentBrowser(st.request))
		return
	}
	st.sendBrowser(s.token.Reveal())
}

// clientOf returns the part of the client's address that the client cannot choose: IPv4 as it is,
// the /64 of IPv6. All clients without an address, as behind a unix socket, count as one.
func (t *Attempts) clientOf(c *gin.Context) string {
	return addressPrefix(t.proxies.Origin(c.Request).Addr)
}

// inRealm returns the name of somebody in a realm, for a key: each tenant's users have budgets of
// their own. No realm and no name contains a zero byte.
func inRealm(realm, name string) string {
	if realm == "" || name == "" {
		return name
	}
	return realm + "\x00\x00" + name
}

// limitKey hashes its parts, separated by a byte that no identifier, address or purpose contains.
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

// attempt returns the counters of an attempt.
func (l Limit) attempt(client, purpose, canonical string) (a driver.Attempt) {
	add := func(rates []Rate, kind, what string) {
		for i, r := range rates {
			a.Rates = append(a.Rates, driver.RateLimit{
				Key: limitKey(purpose, kind, strconv.Itoa(i), what), Every: r.Per / time.Duration(r.Attempts), Burst: r.Attempts,
			})
		}
	}
	add(l.PerAddress, "address", client)
	if canonical != "" {
		add(l.PerIdentifier, "identifier", canonical)
	}
	return a
}

// Rate is a number of attempts in a time; package ginauth exports it.
type Rate struct {
	Attempts int
	Per      time.Duration
}

// Limit says how many attempts of one purpose are allowed.
type Limit struct{ PerIdentifier, PerAddress []Rate }

// Limits say how many attempts to log in and sign up are allowed. All fields are set.
type Limits struct {
	FreeFailures, MaxFailures, BrowserFailures int
	MaxWait                                    time.Duration
	LoginPerAddress                            []Rate
	SignUp                                     Limit
	Unlimited                                  bool
}

// NewLimit converts the rates of the exported Limit.
func NewLimit[R ~struct {
	Attempts int
	Per      time.Duration
}](perIdentifier, perAddress []R) Limit {
	rates := func(list []R) []Rate {
		converted := make([]Rate, len(list))
		for i, r := range list {
			converted[i] = Rate(r)
		}
		return converted
	}
	return Limit{PerIdentifier: rates(perIdentifier), PerAddress: rates(perAddress)}
}

// Valid says whether every rate is possible.
func (l Limit) Valid() bool {
	bad := func(r Rate) bool { return r.Attempts <= 0 || r.Per < time.Duration(r.Attempts) }
	return !slices.ContainsFunc(l.PerIdentifier, bad) && !slices.ContainsFunc(l.PerAddress, bad)
}

const (
	// Rows about guesses at random addresses disappear soon; that of an account under attack stays.
	failureMemory = 24 * time.Hour
	// A browser is forgotten if it was not used for a year. Browsers keep no cookie longer than 400
	// days.
	browserMemory = 365 * 24 * time.Hour
	maxBrowsers   = 20
)
