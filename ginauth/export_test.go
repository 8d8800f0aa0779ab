package ginauth

import "time"

// NewInMemory is the limiter of apps whose store is none, on a clock of the test's.
func NewInMemory(now func() time.Time) Limiter { return newInMemory(now, maxInMemory) }
