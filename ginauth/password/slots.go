package password

import (
	"context"
	"errors"
	"fmt"
)

// ErrBusy means that all slots are taken and the queue is full: answer 503 with Retry-After.
// Nothing was hashed.
var ErrBusy = errors.New("too many passwords are waiting to be hashed")

// slots lets a fixed number of computations run and a fixed number wait, in order of arrival.
type slots struct {
	admitted chan struct{} // running and waiting
	running  chan struct{}
}

func newSlots(run, wait int) slots {
	return slots{admitted: make(chan struct{}, run+wait), running: make(chan struct{}, run)}
}

type admittedKey struct{}

// admit takes a place among those who run or wait.
func (s slots) admit() (leave func(), err error) {
	select {
	case s.admitted <- struct{}{}:
		return func() { <-s.admitted }, nil
	default:
		return nil, ErrBusy
	}
}

// do runs work in a slot, or returns without running it.
func (s slots) do(ctx context.Context, work func()) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("waiting to hash: %w", err)
	}
	if ctx.Value(admittedKey{}) != s.admitted {
		leave, err := s.admit()
		if err != nil {
			return err
		}
		defer leave()
	}
	select {
	case s.running <- struct{}{}:
	case <-ctx.Done():
		return fmt.Errorf("waiting to hash: %w", ctx.Err())
	}
	defer func() { <-s.running }()
	if err := ctx.Err(); err != nil { // both were ready
		return fmt.Errorf("waiting to hash: %w", err)
	}
	work()
	return nil
}
