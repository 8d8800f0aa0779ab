package ginauth

import (
	"cmp"
	"context"
	"errors"
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

// countBadCredentials counts all that has the same Users together.
func countBadCredentials[U any](cfg *Config[U], trusted proxy.Trusted, otherwise *mount) badCredentials {
	return badCredentials{
		limiter: forBadCredentials().Of(cmp.Or[any](cfg.o.Users, otherwise)), limit: Limit{PerAddress: cfg.o.Limits.BadCredentialsPerAddress},
		off: cfg.o.Limits.InsecureUnlimited, proxies: trusted,
	}
}

// refuse returns err, which refuses credentials, or ErrTooManyAttempts for a client that sent too many bad ones. Those
// that were good once are no guesses.
func (b badCredentials) refuse(c *gin.Context, err error) error {
	if b.off || genuine.Refused(err) {
		return err
	}
	a := b.limit.attempt(addressPrefix(b.proxies.Origin(c.Request).Addr), "bad credentials", "")
	v, failed := b.limiter.CountAttempt(context.WithoutCancel(requestContext(c)), a)
	if failed != nil || v.Wait <= 0 {
		return err
	}
	return waiting(errTooManyAttempts, v.Wait)
}

// ThrottleBadCredentials returns err, which says that credentials such as a refresh token are not good, or
// ErrTooManyAttempts for a client that sent too many such lately, by Limits.BadCredentialsPerAddress. It is for handlers
// of the app's own that take credentials; what a Backend refuses is counted already. Nothing is asked or stored
// outside of this process.
func ThrottleBadCredentials[U any](c *gin.Context, cfg *Config[U], err error) error {
	if err := cfg.made(); err != nil {
		return err
	}
	limited := cfg.m.badCredentials.refuse(c, err)
	if errors.Is(limited, ErrTooManyAttempts) {
		LogEvent(c, driver.RateExceeded, "reason", "bad credentials")
	}
	return limited
}
