package engine

import (
	"cmp"
	"context"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/genuine"
	"github.com/ginauth/ginauth/ginauth/internal/proxy"
	"github.com/ginauth/ginauth/ginauth/internal/throttle"
)

// badCredentials counts credentials that are no good, by the client's address, in the memory of the process: a
// flood of them costs no write. It is asked after the credentials were found bad, so that no others are refused.
type badCredentials struct {
	limiter driver.Limiter
	limit   Limit
	off     bool
	proxies proxy.Trusted
}

// forBadCredentials has room of its own, so that floods crowd out nothing else that is counted in memory.
var forBadCredentials = sync.OnceValue(func() *throttle.Memory { return throttle.New(time.Now) }) //nolint:forbidigo // the process has no other clock

// Refuse returns err, which refuses credentials, or eTooManyAttempts for a client that sent too many bad ones. Those
// that were good once are no guesses.
func (b badCredentials) Refuse(c *gin.Context, err error) error {
	if b.off || genuine.Refused(err) {
		return err
	}
	a := b.limit.attempt(addressPrefix(b.proxies.Origin(c.Request).Addr), "bad credentials", "")
	v, failed := b.limiter.CountAttempt(context.WithoutCancel(requestContext(c)), a)
	if failed != nil || v.Wait <= 0 {
		return err
	}
	return waiting(ErrTooManyAttempts, v.Wait)
}

// NewBadCredentials counts all that has the same Users together, or else the same mount.
func NewBadCredentials(perAddress []Rate, off bool, m *Mount) badCredentials {
	return badCredentials{limiter: forBadCredentials().Of(cmp.Or[any](m.Users, m)), limit: Limit{PerAddress: perAddress}, off: off, proxies: m.Proxies}
}
