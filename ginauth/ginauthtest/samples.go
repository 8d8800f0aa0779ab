package ginauthtest

import (
	"context"
	"slices"
	"sync"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// Samples is a driver.Observer that keeps what it gets. The zero value works. It is safe for
// concurrent use.
type Samples struct {
	mu   sync.Mutex
	list []driver.Sample
}

var _ driver.Observer = (*Samples)(nil)

// Observe keeps a sample.
func (s *Samples) Observe(_ context.Context, sample driver.Sample) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list = append(s.list, sample)
}

// Take returns the samples since the last call.
func (s *Samples) Take() []driver.Sample {
	s.mu.Lock()
	defer s.mu.Unlock()
	taken := slices.Clone(s.list)
	s.list = nil
	return taken
}
