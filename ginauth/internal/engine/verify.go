package engine

import (
	"context"

	"github.com/gin-gonic/gin"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/password"
)

// Verify proves a password without a login. A hash of lesser strength is replaced.
func (m *Mount) Verify(c *gin.Context, identifier, plain string, from Lookup) error {
	return m.verified(c, Claim{Identifier: identifier, Plain: plain, From: from}, func(ctx context.Context, p proved) {
		m.UpgradeHash(ctx, p.Account.ID, p.Hash, plain)
	})
}

// VerifyHash is verify for a hash that the caller has found.
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

// given is a credential that was found before.
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
	fresh, err := m.Passwords.Hash(ctx, plain)
	if err == nil {
		err = m.Edge.ReplaceHash(ctx, id, old, fresh)
	}
	if err != nil {
		m.Log.WarnContext(ctx, "ginauth: a password hash could not be upgraded", "user_id", id, "error", err)
	}
}
