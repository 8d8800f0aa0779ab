package engine

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/password"
)

// EnterHasher takes a place in the queue for hashing before any query (SEC-144). Clients take
// turns, and so do their networks, so a client that sends many requests delays only itself.
func (m *Mount) EnterHasher(c *gin.Context) (entered context.Context, leave func(), err error) {
	addr := m.Proxies.Origin(c.Request).Addr
	entered, leave, err = m.Passwords.Enter(AuditContext(c), prefixOf(addr, 24, 48), addressPrefix(addr))
	return entered, leave, m.hashingError(entered, err)
}

// addressPrefix returns the addresses that one client has: an IPv4 address, or an IPv6 /64.
func addressPrefix(addr netip.Addr) string { return prefixOf(addr, 32, 64) }

func prefixOf(addr netip.Addr, bits4, bits6 int) string {
	if prefix := (driver.Origin{Addr: addr}).Prefix(bits4, bits6); prefix.IsValid() {
		return prefix.String()
	}
	return "unknown"
}

// HashPassword hashes a password. The context must have a place in the queue, see EnterHasher.
func (m *Mount) HashPassword(ctx context.Context, plain string) (hash password.Hash, err error) {
	err = m.hashing(ctx, func() (err error) {
		hash, err = m.Passwords.Hash(ctx, plain)
		return err
	})
	return hash, err
}

// verify compares a password with a hash, as HashPassword hashes one.
func (m *Mount) verify(ctx context.Context, hash password.Hash, plain string) (ok bool, err error) {
	err = m.hashing(ctx, func() (err error) {
		ok, err = m.Passwords.Verify(ctx, hash, plain)
		return err
	})
	return ok, err
}

// hashing runs work, measures it, and translates its error.
func (m *Mount) hashing(ctx context.Context, work func() error) error {
	if m.Observer == nil {
		return m.hashingError(ctx, work())
	}
	before, start := password.Waited(ctx), time.Now() //nolint:forbidigo // measures work, which no clock of the caller's does
	err := work()
	waited := password.Waited(ctx) - before
	m.Observe(ctx, driver.Sample{Metric: driver.HashQueueDuration, Value: waited.Seconds()})
	if err == nil {
		m.Observe(ctx, driver.Sample{Metric: driver.HashDuration, Value: (time.Since(start) - waited).Seconds()}) //nolint:forbidigo // as above
	}
	return m.hashingError(ctx, err)
}

// hashingError translates an error of package password.
func (m *Mount) hashingError(ctx context.Context, err error) error {
	var busy *password.BusyError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &busy):
		m.count(ctx, driver.HashBusy, "", "")
		return fmt.Errorf("%w: %w", waiting(ErrBusy, busy.RetryAfter), err)
	}
	return fmt.Errorf("hashing a password: %w", err)
}
