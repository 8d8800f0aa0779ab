// Package line lets callers that ask at the same moment share a statement. Its contract:
//
//   - At most two statements of a line run at once. A caller that finds a place free runs its own
//     statement at once.
//   - Other callers wait. The next place that becomes free serves up to 64 of them together, in
//     their order.
//   - A caller that gives up does not affect the others, and no statement is sent for it if its turn
//     has not come.
//   - A call ends with its own context, or after the timeout. A statement that hangs for an eighth
//     of the timeout loses its place to callers that wait.
//   - A line has no goroutine unless a caller waits, and a panic in Many fails the callers of that
//     batch alone.
package line

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// places is how many statements of a line run at once. With one, PostgreSQL is idle between two
	// statements; with three or more, the batches get small (store/bench, 16 and 64 connections).
	places = 2
	// maxBatch bounds how many callers share a statement.
	maxBatch = 64
	// patienceParts: a statement hangs after this part of the timeout.
	patienceParts = 8
)

// ErrBrokenOff is wrapped by the error of callers whose shared statement ended in a panic.
var ErrBrokenOff = errors.New("a statement shared with other requests broke off")

// Line answers questions of type Q. It is safe for concurrent use; its fields must be set before
// and not change.
type Line[Q, A any] struct {
	// Timeout bounds each call of Ask, and each of One and Many.
	Timeout time.Duration
	// One answers a question of a caller that found a place free. It runs in the caller's
	// goroutine, and its context is the caller's, which also ends in time.
	One func(ctx context.Context, question Q) (A, error)
	// Many sets the Answer or the Err of each of the callers. Its context belongs to none of them.
	Many func(ctx context.Context, batch []*Waiter[Q, A])

	mu      sync.Mutex
	leases  [places]*lease
	waiting []*Waiter[Q, A]
	watch   *time.Timer
	watched bool // the timer runs
}

// Waiter is a caller that found no place free. It may give up before it is served.
type Waiter[Q, A any] struct {
	Question Q
	Answer   A
	Err      error

	served chan struct{}
	gaveUp atomic.Bool
}

// Fail sets the error of all callers of a batch.
func Fail[Q, A any](batch []*Waiter[Q, A], err error) {
	for _, w := range batch {
		w.Err = err
	}
}

// Ask returns the answer of One or Many. It returns ctx's error where that ends first, and
// context.DeadlineExceeded after the timeout.
func (l *Line[Q, A]) Ask(ctx context.Context, question Q) (A, error) {
	own, w := l.enter(ctx, question)
	if w != nil {
		return l.wait(ctx, w)
	}
	defer l.leave(own)
	a, err := l.One(own, question) //nolint:contextcheck // derived from the caller's
	if err != nil && own.Err() != nil && ctx.Err() == nil {
		err = context.DeadlineExceeded
	}
	return a, err
}

// enter takes a free place, or else joins those who wait.
func (l *Line[Q, A]) enter(ctx context.Context, question Q) (*lease, *Waiter[Q, A]) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for place, held := range l.leases {
		if held == nil {
			return l.take(ctx, place), nil
		}
	}
	w := &Waiter[Q, A]{Question: question, served: make(chan struct{})}
	l.waiting = append(l.waiting, w)
	return nil, w
}

// leave gives the place to callers that wait.
func (l *Line[Q, A]) leave(own *lease) {
	own.end()
	if batch := l.next(own); batch != nil {
		go l.work(own, batch)
	}
}

// work serves one batch after another until nobody waits.
func (l *Line[Q, A]) work(own *lease, batch []*Waiter[Q, A]) {
	for ; batch != nil; batch = l.next(own) {
		l.serve(batch)
	}
}

// next returns the callers whose turn it is, or gives the place back. It returns nil, too, where
// the place was lost.
func (l *Line[Q, A]) next(own *lease) []*Waiter[Q, A] {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.leases[own.place] != own {
		return nil
	}
	var batch []*Waiter[Q, A]
	for len(batch) < maxBatch && len(l.waiting) > 0 {
		if w := l.waiting[0]; !w.gaveUp.Load() {
			batch = append(batch, w)
		}
		l.waiting = l.waiting[1:]
	}
	if batch == nil {
		l.leases[own.place], l.waiting = nil, nil
		return nil
	}
	own.since = now()
	return batch
}

// serve runs Many. Code of the app's own, such as a tracer, may panic in it: that must not end the
// process from a goroutine which the app cannot see.
func (l *Line[Q, A]) serve(batch []*Waiter[Q, A]) {
	defer func() {
		if p := recover(); p != nil {
			Fail(batch, fmt.Errorf("%w: %v", ErrBrokenOff, p))
		}
		for _, w := range batch {
			close(w.served)
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), l.Timeout)
	defer cancel()
	l.Many(ctx, batch)
}

func (l *Line[Q, A]) wait(ctx context.Context, w *Waiter[Q, A]) (answer A, err error) {
	timer := time.NewTimer(l.patience())
	defer timer.Stop()
	for left := l.Timeout - l.patience(); ; left = 0 {
		select {
		case <-w.served:
			return w.Answer, w.Err
		case <-ctx.Done():
			w.gaveUp.Store(true)
			return answer, ctx.Err()
		case <-timer.C:
		}
		if left == 0 {
			w.gaveUp.Store(true)
			return answer, context.DeadlineExceeded
		}
		l.takeOver() //nolint:contextcheck // what follows is for all who wait
		timer.Reset(left)
	}
}
