package ginauth

import (
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/throttle"
)

// NewInMemory is the limiter of apps whose store is none, on a clock of the test's.
func NewInMemory(now func() time.Time) driver.Limiter { return throttle.New(now) }
