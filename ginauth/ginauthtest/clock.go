package ginauthtest

import (
	"sync"
	"time"
)

// Clock stands still until it is moved. Accounts, sessions, tokens, waits and mails of an App go by
// it. It is safe for concurrent use.
type Clock struct {
	mu sync.Mutex
	at time.Time
}

// NewClock returns a clock for what is built without an App. It stands at that time, less what
// PostgreSQL does not keep: the fraction of a microsecond.
func NewClock(at time.Time) *Clock { return &Clock{at: at.Truncate(time.Microsecond)} }

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
