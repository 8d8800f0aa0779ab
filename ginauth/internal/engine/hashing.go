package engine

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/password"
)

// EnterHasher takes a place in the queue for hashing before any query (SEC-144). Clients take
// turns, and so do their networks, so a client that sends many requests delays only itself.
func (m *Mount) EnterHasher(c *gin.Context) (entered context.Context, leave func(), err error) {
	addr := m.Proxies.Origin(c.Request).Addr
	entered, leave, err = m.Passwords.Enter(AuditContext(c), prefixOf(addr, 24, 48), addressPrefix(addr))
	if err != nil {
		err = HashingError(err)
	}
	return entered, leave, err
}

// addressPrefix returns the addresses that one client has: an IPv4 address, or an IPv6 /64.
func addressPrefix(addr netip.Addr) string { return prefixOf(addr, 32, 64) }

func prefixOf(addr netip.Addr, bits4, bits6 int) string {
	if prefix := (driver.Origin{Addr: addr}).Prefix(bits4, bits6); prefix.IsValid() {
		return prefix.String()
	}
	return "unknown"
}

// HashingError translates an error of package password.
func HashingError(err error) error {
	var busy *password.BusyError
	if errors.As(err, &busy) {
		return fmt.Errorf("%w: %w", waiting(ErrBusy, busy.RetryAfter), err)
	}
	return fmt.Errorf("hashing a password: %w", err)
}
