package ginauth

import (
	"context"
	"errors"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/password"
)

// claim is what somebody says to know: the password of an identifier.
type claim struct {
	identifier, plain string
	from              credentials
	// owner, unless it is zero, is whose the password must be.
	owner driver.Account
	// counted is the attempt, where it was counted before; nil otherwise.
	counted *tried
}

// credentials are where the password hash of an identifier is found.
type credentials interface {
	// count counts the attempt, and may find the credential with it.
	count(ctx context.Context, a driver.Attempt, canonical string) (driver.Verdict, error)
	// find returns driver.ErrNoUser for an unknown identifier.
	find(ctx context.Context, canonical string) (driver.Account, password.Hash, error)
}

// proved is a claim that is true.
type proved struct {
	tried
	account driver.Account
	hash    password.Hash
}

// prove counts an attempt to know a password, compares the password after the same work for everybody, and records a
// failure. All ways to try a password go through it. The context has a place to hash, see enterHasher; the attempt is
// the caller's to settle.
func (m *mount) prove(ctx context.Context, c *gin.Context, k claim) (p proved, err error) {
	if k.counted != nil {
		p.tried = *k.counted
	} else if p.tried, err = m.throttle.guess(ctx, c, k.identifier, k.from); err != nil {
		return p, err
	}
	p.account, p.hash, err = m.compare(ctx, k, p.identifier)
	if errors.Is(err, ErrInvalidCredentials) {
		m.recordGuess(c, k, p.account) //nolint:contextcheck // the request's own
	}
	return p, err
}

// guess counts an attempt to know the password of identifier. All ways to try one share its budget (SEC-41).
func (t *attempts) guess(ctx context.Context, c *gin.Context, identifier string, from credentials) (tried, error) {
	l := Limit{PerAddress: t.limits.LoginPerAddress}
	a := l.attempt(t.clientOf(c), purposeLogin, "")
	canonical, err := driver.CanonicalEmail(identifier)
	if err == nil { // anything else has no account to guess at
		a.Guess = t.guessAt(c, canonical)
	}
	v, err := t.admit(ctx, c, identifier, a, func(ctx context.Context, a driver.Attempt) (driver.Verdict, error) {
		return from.count(ctx, a, canonical)
	})
	return tried{attempts: t, attempt: a, known: v.Known, identifier: canonical}, err
}

func (t *attempts) guessAt(c *gin.Context, canonical string) driver.GuessLimit {
	return driver.GuessLimit{
		Key: guessKey(canonical), Client: limitKey("client", t.clientOf(c)), Browser: t.browserOf(c.Request, canonical),
		Free: t.limits.FreeFailures, MaxWait: t.limits.MaxWait, Max: t.limits.MaxFailures,
		MaxOnBrowser: t.limits.BrowserFailures, Memory: failureMemory,
	}
}

func guessKey(canonical string) driver.LimitKey {
	return limitKey(purposeLogin, "identifier", canonical)
}

// compare does one hash verification, whoever asks (SEC-29, SEC-32). An identifier that no account can have is empty.
func (m *mount) compare(ctx context.Context, k claim, canonical string) (account driver.Account, hash password.Hash, err error) {
	unknown := true
	if canonical != "" {
		account, hash, err = k.from.find(ctx, canonical)
		if errors.Is(err, password.ErrMalformedHash) { // a fault of ours, which must not mark the account
			m.log.ErrorContext(ctx, "ginauth: a stored password hash cannot be used", "user_id", account.ID, "identifier", hideIdentifier(canonical), "error", err)
		} else if err != nil && !errors.Is(err, driver.ErrNoUser) {
			return account, hash, err
		}
		unknown = err != nil
	}
	if unknown {
		hash = password.Hash{}
	}
	ok, err := m.passwords.Verify(ctx, hash, k.plain)
	switch {
	case err != nil:
		return account, hash, hashing(err)
	case !ok || unknown || account.Disabled || k.owner.ID != "" && account.ID != k.owner.ID:
		return account, hash, ErrInvalidCredentials
	}
	return account, hash, nil
}

func (m *mount) recordGuess(c *gin.Context, k claim, account driver.Account) {
	if k.owner.ID != "" {
		m.event(c, driver.LoginFailed, "user_id", k.owner.ID)
		recordFailure(c, m.log, m.users, k.owner, k.owner.Identifier)
		return
	}
	m.event(c, driver.LoginFailed, "identifier", hideIdentifier(k.identifier))
	recordFailure(c, m.log, m.users, account, k.identifier)
}

// begin starts a session by a password. It returns driver.ErrNoUser when another login has replaced the hash by a
// stronger one meanwhile.
func (st *state) begin(ctx context.Context, c *gin.Context, user any, p proved, remember bool) error {
	done := p.settling(p.account.ID, true)
	n := driver.NewSession{Credential: p.hash, Persistent: remember, Settles: done.within(st.store), NewBrowser: done.newBrowser(st.store)}
	if err := st.signIn(c, user, p.account, n); err != nil { //nolint:contextcheck // ctx only adds a place in the queue
		return err
	}
	done.finish(ctx, st)
	st.m.event(c, driver.LoginSucceeded, "user_id", p.account.ID, "session", st.digest) //nolint:contextcheck // the request's own
	return nil
}

// lookup finds a user of cfg with the password hash. It is for one claim.
type lookup[U any] struct {
	cfg  *Config[U]
	user U
	hash password.Hash
	err  error
	has  bool // what the count has found, or what the caller knows, for one call of find
}

func (l *lookup[U]) count(ctx context.Context, a driver.Attempt, canonical string) (v driver.Verdict, err error) {
	both, ok := l.cfg.o.Limiter.(driver.CredentialLimiter[U])
	if !ok || canonical == "" || l.has || !l.cfg.m.throttle.finds {
		return l.cfg.o.Limiter.CountAttempt(ctx, a)
	}
	v, l.user, l.hash, l.err = both.CountAndFindCredential(ctx, a, canonical)
	if l.err != nil && !errors.Is(l.err, driver.ErrNoUser) && !errors.Is(l.err, password.ErrMalformedHash) {
		return v, l.err
	}
	l.has = true
	return v, nil
}

func (l *lookup[U]) find(ctx context.Context, canonical string) (driver.Account, password.Hash, error) {
	if !l.has {
		l.user, l.hash, l.err = l.cfg.o.Users.FindCredential(ctx, canonical)
	}
	l.has = false
	return l.cfg.account(&l.user), l.hash, l.err
}
