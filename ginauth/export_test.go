package ginauth

import (
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// NewInMemory is the limiter of apps whose store is none, on a clock of the test's.
func NewInMemory(now func() time.Time) driver.Limiter { return newInMemory(now, maxInMemory) }
