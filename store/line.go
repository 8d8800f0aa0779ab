package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// linePlaces is how many statements of a line run at once. One alone leaves PostgreSQL idle
	// between two; three or more make the batches small (store/bench, 16 and 64 connections).
	linePlaces = 2
	// lineBatch bounds how many callers one statement is for.
	lineBatch = 64
	// A statement hangs after a linePatience-th of the store's deadline.
	linePatience = 8
)

var errBrokenOff = errors.New("a statement shared with other requests broke off")

// line lets callers who wait at the same moment share a statement. Who finds a place free runs a
// statement of their own at once. The others wait, and a place that becomes free serves all who
// wait by then, in a goroutine that ends when nobody does: there is neither a
// connection nor a goroutine without somebody who waits for it.
type line[Q, A any] struct {
	timeout time.Duration         // of a call
	serve   func([]*waiter[Q, A]) // sets the answer or the error of each

	mu      sync.Mutex
	places  [linePlaces]*stay
	waiting []*waiter[Q, A]
	watch   *time.Timer // runs while a place is taken
	watched bool
}

// stay is the right to a place, until it ends or somebody takes the place over.
type stay struct {
	context.Context // ends with the caller's, and in time (SEC-157)

	end   context.CancelFunc
	place int
	since time.Time // when its present statement began
}

// waiter is a caller who found no place free. It may leave before it is served.
type waiter[Q, A any] struct {
	question Q
	answer   A
	err      error
	served   chan struct{}
	left     atomic.Bool
}

// enter returns a stay that the caller must leave, or, when no place is free, a waiter.
func (l *line[Q, A]) enter(ctx context.Context, question Q) (*stay, *waiter[Q, A]) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, s := range l.places {
		if s == nil {
			return l.take(ctx, i), nil
		}
	}
	w := &waiter[Q, A]{question: question, served: make(chan struct{})}
	l.waiting = append(l.waiting, w)
	return nil, w
}

func (l *line[Q, A]) take(ctx context.Context, place int) *stay {
	s := &stay{place: place, since: now()}
	s.Context, s.end = context.WithCancel(ctx)
	l.places[place] = s
	if !l.watched {
		l.watched = true
		l.watchOn()
	}
	return s
}

// watchOn sets one timer for many stays. One for each would wake the network poller each time, 4 %
// of a lookup's processor time in a profile.
func (l *line[Q, A]) watchOn() {
	if l.watch == nil {
		l.watch = time.AfterFunc(l.patience(), l.look)
		return
	}
	l.watch.Reset(l.patience())
}

func (l *line[Q, A]) look() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.watched = false
	for _, s := range l.places {
		if s == nil {
			continue
		}
		l.watched = true
		if now().Sub(s.since) > l.timeout-l.patience() { // the next look would be too late
			s.end()
		}
	}
	if l.watched {
		l.watchOn()
	}
}

// leave hands the place to those who wait.
func (l *line[Q, A]) leave(s *stay) {
	s.end()
	if batch := l.next(s); batch != nil {
		go l.work(s, batch)
	}
}

func (l *line[Q, A]) work(s *stay, batch []*waiter[Q, A]) {
	for ; batch != nil; batch = l.next(s) {
		l.serveAll(batch)
	}
}

// next returns those whose turn it is, or gives the place back.
func (l *line[Q, A]) next(s *stay) []*waiter[Q, A] {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.places[s.place] != s {
		return nil
	}
	var batch []*waiter[Q, A]
	for len(batch) < lineBatch && len(l.waiting) > 0 {
		if w := l.waiting[0]; !w.left.Load() {
			batch = append(batch, w)
		}
		l.waiting = l.waiting[1:]
	}
	if batch == nil {
		l.places[s.place], l.waiting = nil, nil
		return nil
	}
	s.since = now()
	return batch
}

// unblock takes over a place whose statement hangs, as on a connection that died in silence, so
// that those who wait need not wait for it.
func (l *line[Q, A]) unblock() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, s := range l.places {
		if s == nil || now().Sub(s.since) < l.patience() {
			continue
		}
		time.AfterFunc(l.timeout-now().Sub(s.since), s.end) // look does not see it any more
		go l.leave(l.take(context.Background(), i))
		return
	}
}

// patience is how long a statement may take before it hangs.
func (l *line[Q, A]) patience() time.Duration { return l.timeout / linePatience }

// now is no time that is stored or compared with one that is.
func now() time.Time { return time.Now() } //nolint:forbidigo // how long a statement takes is not for the store's clock to say

// serveAll leaves nobody waiting. What panics in code of the app's own, such as a tracer, must
// not end the process from a goroutine that the app cannot see.
func (l *line[Q, A]) serveAll(batch []*waiter[Q, A]) {
	defer func() {
		if p := recover(); p != nil {
			failAll(batch, fmt.Errorf("%w: %v", errBrokenOff, p))
		}
		for _, w := range batch {
			close(w.served)
		}
	}()
	l.serve(batch)
}

func failAll[Q, A any](batch []*waiter[Q, A], err error) {
	for _, w := range batch {
		w.err = err
	}
}

// wait ends with the answer, with the caller's own context, or in time (SEC-157), whichever is first.
func (l *line[Q, A]) wait(ctx context.Context, w *waiter[Q, A], doing string) (answer A, err error) {
	timer := time.NewTimer(l.patience())
	defer timer.Stop()
	for left := l.timeout - l.patience(); ; left = 0 {
		select {
		case <-w.served:
			return w.answer, w.err
		case <-ctx.Done():
			w.left.Store(true)
			return answer, translate(ctx, doing, ctx.Err())
		case <-timer.C:
		}
		if left == 0 {
			w.left.Store(true)
			return answer, translate(ctx, doing, context.DeadlineExceeded)
		}
		l.unblock() //nolint:contextcheck // what follows is for all who wait
		timer.Reset(left)
	}
}
