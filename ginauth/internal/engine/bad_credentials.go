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

// badCredentials counts bad credentials by the client's address, in the memory of the process: a
// flood of them costs no write. It counts after a check has failed, so it never refuses valid
// credentials.
type badCredentials struct {
	limiter driver.Limiter
	limit   Limit
	off     bool
	proxies proxy.Trusted
	mount   *Mount
}

// forBadCredentials has its own memory, so that a flood cannot push out the other counters.
var forBadCredentials = sync.OnceValue(func() *throttle.Memory { return throttle.New(time.Now) }) //nolint:forbidigo // the process has no other clock

// Refuse returns err, or ErrTooManyAttempts if the client has sent too many bad credentials.
// Credentials that were valid once are not counted: they are no guesses.
func (b badCredentials) Refuse(c *gin.Context, err error) error {
	if b.off || genuine.Refused(err) {
		return err
	}
	a := b.limit.attempt(addressPrefix(b.proxies.Origin(c.Request).Addr), "bad credentials", "")
	v, failed := b.limiter.CountAttempt(context.WithoutCancel(requestContext(c)), a)
	if failed != nil || v.Wait <= 0 {
		return err
	}
	b.mount.count(requestContext(c), driver.ThrottleRefusals, driver.BudgetBadCredentials, "")
	return waiting(ErrTooManyAttempts, v.Wait)
}

// NewBadCredentials returns a counter that all mounts with the same Users share. A mount without
// Users has its own.
func NewBadCredentials(perAddress []Rate, off bool, m *Mount) badCredentials {
	return badCredentials{limiter: forBadCredentials().Of(cmp.Or[any](m.Users, m)), limit: Limit{PerAddress: perAddress}, off: off, proxies: m.Proxies, mount: m}
}
