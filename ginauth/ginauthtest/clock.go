package ginauthtest

import (
	"sync"
	"time"
)

// Clock stands still until it is moved. Accounts, sessions, tokens, waits and mails go by it. It
// begins at the time of New, and is safe for concurrent use.
type Clock struct {
	mu sync.Mutex
	at time.Time
}

// Now returns where the clock stands.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

// Advance moves the clock on, or back by a negative duration.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}
