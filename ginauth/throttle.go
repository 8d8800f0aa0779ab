package ginauth

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
)

// Purposes, of which each has budgets of its own.
const (
	purposeLogin  = "login"
	purposeSignUp = "sign_up"
)

// maxRetryAfter is the longest wait that a client is told.
const maxRetryAfter = 24 * time.Hour

// throttle is how a mount limits attempts. It is compiled from a Config with defaults.
type throttle struct {
	limiter Limiter
	limits  Limits
	proxies proxies
	device  cookie
	log     *slog.Logger
}

func newThrottle[U User](cfg Config[U]) *throttle {
	trusted, _ := parseProxies(cfg.TrustedProxies) // validated
	return &throttle{limiter: cfg.Limiter, limits: cfg.Limits, proxies: trusted, device: cfg.Cookie.compileDevice(), log: cfg.Logger}
}

// Throttle counts an attempt of the app's own, such as asking for a mail, and returns
// ErrTooManyAttempts when the limit is reached: before anything is done, and whether or not there is such an
// account. The purpose separates its budgets from others'; an identifier that is empty or no e-mail
// address only counts by its client's address. Other errors mean that nobody can count: do not go on.
func Throttle[U User](c *gin.Context, cfg Config[U], purpose, identifier string, l Limit) error {
	for _, rates := range [][]Rate{l.PerIdentifier, l.PerAddress} {
		if slices.ContainsFunc(rates, func(r Rate) bool { return !r.valid() }) {
			return errors.New("throttling: every Rate needs Attempts and Per above zero")
		}
	}
	t := newThrottle(cfg.WithDefaults())
	_, err := t.count(c.Request.Context(), c, identifier, l.attempt(t.clientOf(c), "app "+purpose, identifier))
	return err
}

// tried is an attempt that was counted.
type tried struct {
	*throttle
	attempt    Attempt
	known      bool
	identifier string
}

// guess counts an attempt to know the password of identifier. All ways to try one share its budget (SEC-41).
// Without a request, nothing is counted by address.
func (t *throttle) guess(ctx context.Context, c *gin.Context, identifier string) (tried, error) {
	client := t.clientOf(c)
	l := Limit{PerAddress: t.limits.LoginPerAddress}
	a := l.attempt(client, purposeLogin, "")
	canonical, err := CanonicalEmail(identifier)
	if err == nil { // anything else has no account to guess at
		a.Guess = GuessLimit{
			Key: limitKey(purposeLogin, "identifier", canonical), Client: limitKey("client", client),
			Free: t.limits.FreeFailures, MaxWait: t.limits.MaxWait, Max: t.limits.MaxFailures,
			MaxOnDevice: t.limits.DeviceFailures, Memory: failureMemory,
		}
		if c != nil {
			a.Guess.Device = t.deviceOf(c.Request, canonical)
		}
	}
	v, err := t.count(ctx, c, identifier, a)
	return tried{throttle: t, attempt: a, known: v.Known, identifier: canonical}, err
}

// signUp counts an attempt to make an account.
func (t *throttle) signUp(ctx context.Context, c *gin.Context, canonical string) (tried, error) {
	a := t.limits.SignUp.attempt(t.clientOf(c), purposeSignUp, canonical)
	_, err := t.count(ctx, c, canonical, a)
	return tried{throttle: t, attempt: a, identifier: canonical}, err
}

func (t *throttle) count(ctx context.Context, c *gin.Context, identifier string, a Attempt) (Verdict, error) {
	if t.limits.InsecureUnlimited || len(a.Rates) == 0 && a.Guess.Key == (LimitKey{}) {
		return Verdict{}, nil
	}
	v, err := t.limiter.CountAttempt(ctx, a)
	if err != nil || v.Wait <= 0 {
		return v, err
	}
	t.report(ctx, c, identifier, v) //nolint:contextcheck // the request's own
	return v, tooManyAttempts(v.Wait)
}

func (t *throttle) report(ctx context.Context, c *gin.Context, identifier string, v Verdict) {
	name := eventRateExceeded
	if v.Guesses {
		name = eventLoginFailMax
	}
	args := []any{"identifier", hideIdentifier(identifier), "wait", v.Wait.Round(time.Second)}
	if c == nil {
		t.log.Log(ctx, eventLevels[name], "ginauth: security event", append([]any{"event", name}, args...)...)
		return
	}
	RecordEvent(c, name, args...)
}

// succeeded takes the attempt back, and makes the browser known to the account where there is one to get a cookie.
// The user is in already, so that a failure is not worth more than a line in the log.
func (a tried) succeeded(ctx context.Context, st *state, account Account) {
	if a.limits.InsecureUnlimited {
		return
	}
	s := Success{Known: a.known, User: account.ID, Keep: deviceMemory, Limit: maxDevices}
	var token Token
	if st != nil && !a.known && a.identifier != "" {
		token = NewToken()
		s.Device = deviceKey(token.Digest(), a.identifier)
	}
	known, err := a.limiter.SettleAttempt(context.WithoutCancel(ctx), a.attempt, s)
	switch {
	case err != nil:
		a.log.WarnContext(ctx, "ginauth: a login was not settled: it counts as a failure", "user_id", account.ID, "error", err)
	case st != nil && a.known:
		st.sendDevice(a.sentDevice(st.request))
	case st != nil && known:
		st.sendDevice(token.Reveal())
	}
}

// attempt counts by what is known of the attempt.
func (l Limit) attempt(client, purpose, identifier string) (a Attempt) {
	add := func(rates []Rate, kind, what string) {
		for i, r := range rates {
			a.Rates = append(a.Rates, RateLimit{
				Key: limitKey(purpose, kind, strconv.Itoa(i), what), Every: r.Per / time.Duration(r.Attempts), Burst: r.Attempts,
			})
		}
	}
	if client != "" {
		add(l.PerAddress, "address", client)
	}
	if canonical, err := CanonicalEmail(identifier); err == nil {
		add(l.PerIdentifier, "identifier", canonical)
	}
	return a
}

// clientOf is the part of the client's address that others cannot choose: IPv4 as it is, IPv6 by its
// /64. All whose address is unknown, as behind a unix socket, are one. It is empty without a request.
func (t *throttle) clientOf(c *gin.Context) string {
	if c == nil {
		return ""
	}
	return addressPrefix(t.proxies.origin(c.Request).Addr)
}

func addressPrefix(addr netip.Addr) string {
	if !addr.IsValid() {
		return "unknown"
	}
	addr = addr.Unmap().WithZone("")
	bits := 64
	if addr.Is4() {
		bits = 32
	}
	return netip.PrefixFrom(addr, bits).Masked().String()
}

// requestOf finds the request that a context belongs to, or nil.
func requestOf(ctx context.Context) *gin.Context {
	if c, ok := ctx.(*gin.Context); ok {
		return c
	}
	c, _ := ctx.Value(gin.ContextKey).(*gin.Context)
	return c
}

func tooManyAttempts(wait time.Duration) error {
	var p *Problem
	errors.As(ErrTooManyAttempts, &p)
	told := *p
	seconds := (min(wait, maxRetryAfter) + time.Second - 1) / time.Second
	return told.retryAfter(strconv.Itoa(int(seconds)))
}
