package engine

import (
	"context"
	"errors"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/password"
)

// Claim is a claim to know the password of an identifier.
type Claim struct {
	Identifier, Plain string
	From              credentials
	// Owner is the account that the password must belong to. Zero means any.
	Owner driver.Account
	// Counted is the attempt if it was already counted, otherwise nil.
	Counted *Tried
}

// credentials finds the password hash of an identifier.
type credentials interface {
	// Count counts the attempt. It may find the credential in the same round trip.
	Count(ctx context.Context, a driver.Attempt, canonical string) (driver.Verdict, error)
	// Find returns driver.ErrNoUser for an unknown identifier.
	Find(ctx context.Context, canonical string) (driver.Account, password.Hash, error)
}

// proved is a claim that turned out to be true.
type proved struct {
	Tried
	Account driver.Account
	Hash    password.Hash
}

// Prove counts an attempt to know a password, compares the password with the same work for
// everybody, and records a failure. Every way to try a password uses it. The context must have a
// place in the queue, see EnterHasher. If it succeeds, the caller settles the attempt.
func (m *Mount) Prove(ctx context.Context, c *gin.Context, k Claim) (p proved, err error) {
	if k.Counted != nil {
		p.Tried = *k.Counted
	} else if p.Tried, err = m.Throttle.guess(ctx, c, k.Identifier, k.From); err != nil {
		return p, err
	}
	p.Account, p.Hash, err = m.compare(ctx, k, p.identifier)
	if errors.Is(err, ErrInvalidCredentials) {
		m.RecordGuess(c, k, p.Account) //nolint:contextcheck // the request's own
	}
	if err == nil {
		m.Proved(c, driver.ByPassword)
	}
	return p, m.Worded(err)
}

// Worded gives ErrInvalidCredentials the words of what users log in with, for routes without a mount.
func (m *Mount) Worded(err error) error { return m.Names.Say(err, ErrInvalidCredentials) }

// guess counts an attempt to know the password of identifier. All attempts at it share one budget
// (SEC-41).
func (t *Attempts) guess(ctx context.Context, c *gin.Context, identifier string, from credentials) (Tried, error) {
	l := Limit{PerAddress: t.limits.LoginPerAddress}
	a := l.attempt(t.clientOf(c), purposeLogin, "")
	canonical, err := t.names.Canonical(identifier)
	if err == nil { // other identifiers have no account to guess at
		a.Guess = t.guessAt(ctx, c, canonical)
	}
	v, err := t.admit(ctx, c, driver.BudgetLogin, identifier, a, func(ctx context.Context, a driver.Attempt) (driver.Verdict, error) {
		return from.Count(ctx, a, canonical)
	})
	return Tried{Attempts: t, attempt: a, known: v.Known, realm: driver.Realm(ctx), identifier: canonical}, err
}

func (t *Attempts) guessAt(ctx context.Context, c *gin.Context, canonical string) driver.GuessLimit {
	named := inRealm(driver.Realm(ctx), canonical)
	return t.names.Limited(driver.GuessLimit{
		Key: guessKey(named), Client: limitKey("client", t.clientOf(c)), Browser: t.browserOf(c.Request, named),
		Free: t.limits.FreeFailures, MaxWait: t.limits.MaxWait, Max: t.limits.MaxFailures,
		MaxOnBrowser: t.limits.BrowserFailures, Memory: failureMemory,
	})
}

func guessKey(named string) driver.LimitKey {
	return limitKey(purposeLogin, "identifier", named)
}

// compare verifies one hash for every request (SEC-29, SEC-32). Canonical is empty for an
// identifier that no account can have.
func (m *Mount) compare(ctx context.Context, k Claim, canonical string) (account driver.Account, hash password.Hash, err error) {
	refused := true
	if canonical != "" {
		account, hash, err = k.From.Find(ctx, canonical)
		if !m.unusable(ctx, account, canonical, err) && err != nil && !errors.Is(err, driver.ErrNoUser) {
			return account, hash, err
		}
		refused = err != nil || account.Disabled || k.Owner.ID != "" && account.ID != k.Owner.ID
	}
	if refused { // so that even the right password takes the same time
		hash = password.Hash{}
	}
	ok, err := m.verify(ctx, hash, k.Plain)
	switch {
	case m.unusable(ctx, account, canonical, err):
		return account, hash, ErrInvalidCredentials
	case err != nil:
		return account, hash, err
	case !ok || refused:
		return account, hash, ErrInvalidCredentials
	}
	return account, hash, nil
}

// unusable says whether an error is about a malformed stored hash, and logs it. That is our own
// mistake, and must not reveal that the account exists.
func (m *Mount) unusable(ctx context.Context, account driver.Account, canonical string, err error) bool {
	if !errors.Is(err, password.ErrMalformedHash) {
		return false
	}
	m.Log.ErrorContext(ctx, "ginauth: a stored password hash cannot be used", "user_id", account.ID, "identifier", hideIdentifier(canonical), "error", err)
	return true
}

// RecordGuess logs and stores a failed login.
func (m *Mount) RecordGuess(c *gin.Context, k Claim, account driver.Account) {
	if k.Owner.ID != "" {
		m.Event(c, driver.LoginFailed, "user_id", k.Owner.ID)
		m.recordFailure(c, k.Owner, k.Owner.Identifier)
		return
	}
	m.ObserveSignIn(requestContext(c), driver.ByPassword, driver.Failure)
	m.Event(c, driver.LoginFailed, "identifier", hideIdentifier(k.Identifier))
	m.recordFailure(c, account, k.Identifier)
}

// Begin starts a session after a password was proved. It returns driver.ErrNoUser if another login
// has just replaced the hash by a stronger one.
func (st *State) Begin(ctx context.Context, c *gin.Context, user any, p proved, remember bool) error {
	done := p.Settling(p.Account.ID, true)
	n := driver.NewSession{Credential: p.Hash, Methods: driver.Methods(driver.ByPassword), Persistent: remember, Settles: done.Within(st.Store), NewBrowser: done.newBrowser(st.Store)}
	if err := st.SignIn(c, user, p.Account, n); err != nil { //nolint:contextcheck // ctx only adds a place in the queue
		return err
	}
	done.Finish(ctx, st)
	st.Mount.Event(c, driver.LoginSucceeded, "user_id", p.Account.ID, "session", st.digest) //nolint:contextcheck // the request's own
	return nil
}

// Verify checks a password without a login. A hash weaker than the current parameters is replaced.
func (m *Mount) Verify(c *gin.Context, identifier, plain string, from Lookup) error {
	return m.verified(c, Claim{Identifier: identifier, Plain: plain, From: from}, func(ctx context.Context, p proved) {
		m.UpgradeHash(ctx, p.Account.ID, p.Hash, plain)
	})
}

// VerifyHash is Verify for a hash that the caller already has.
func (m *Mount) VerifyHash(c *gin.Context, account driver.Account, hash password.Hash, plain string) error {
	from := given{account, hash, m.Throttle.Limiter}
	return m.verified(c, Claim{Identifier: account.Identifier, Plain: plain, From: from}, func(context.Context, proved) {})
}

func (m *Mount) verified(c *gin.Context, k Claim, then func(context.Context, proved)) error {
	if c.Request == nil {
		return ErrNoRequest
	}
	ctx, leave, err := m.EnterHasher(c)
	if err != nil {
		return err
	}
	defer leave()
	p, err := m.Prove(ctx, c, k)
	if err != nil {
		return err
	}
	p.Settling(p.Account.ID, false).Finish(ctx, nil)
	then(ctx, p)
	return nil
}

// given is a credential that the caller already has.
type given struct {
	account driver.Account
	hash    password.Hash
	limiter driver.Limiter
}

func (g given) Count(ctx context.Context, a driver.Attempt, _ string) (driver.Verdict, error) {
	return g.limiter.CountAttempt(ctx, a)
}

func (g given) Find(context.Context, string) (driver.Account, password.Hash, error) {
	return g.account, g.hash, nil
}

// UpgradeHash never fails a login: errors are only logged.
func (m *Mount) UpgradeHash(ctx context.Context, id driver.UserID, old password.Hash, plain string) {
	if !m.Passwords.NeedsRehash(old) {
		return
	}
	fresh, err := m.HashPassword(ctx, plain)
	if err == nil {
		err = m.Edge.ReplaceHash(ctx, id, old, fresh)
	}
	if err != nil {
		m.Log.WarnContext(ctx, "ginauth: a password hash could not be upgraded", "user_id", id, "error", err)
	}
}
