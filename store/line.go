package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

const (
	// linePlaces is how many statements of a line run at once. With fewer, PostgreSQL idles between
	// two; with more, the batches are small.
	linePlaces = 3
	// lineBatch bounds how many callers one statement is for.
	lineBatch = 64
)

var errBrokenOff = errors.New("a statement shared with other requests broke off")

// line lets callers who wait at the same moment share a statement. Who finds a place free runs a
// statement of their own at once. The others wait, and a place that becomes free serves all who
// wait by then, in a goroutine that ends when nobody does: there is no timer, and
// neither a connection nor a goroutine without somebody who waits for it.
type line[Q, A any] struct {
	serve func([]*waiter[Q, A]) // sets the answer or the error of each

	mu      sync.Mutex
	taken   int // places
	waiting []*waiter[Q, A]
}

// waiter is a caller who found no place free. It may leave before it is served.
type waiter[Q, A any] struct {
	question Q
	answer   A
	err      error
	served   chan struct{}
}

// enter returns nil to who has a place and must leave it, and otherwise who waits.
func (l *line[Q, A]) enter(question Q) *waiter[Q, A] {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.taken < linePlaces {
		l.taken++
		return nil
	}
	w := &waiter[Q, A]{question: question, served: make(chan struct{})}
	l.waiting = append(l.waiting, w)
	return w
}

// leave hands the place to those who wait.
func (l *line[Q, A]) leave() {
	if batch := l.next(); batch != nil {
		go l.work(batch)
	}
}

func (l *line[Q, A]) work(batch []*waiter[Q, A]) {
	for ; batch != nil; batch = l.next() {
		l.serveAll(batch)
	}
}

// next returns those whose turn it is, or gives the place back.
func (l *line[Q, A]) next() []*waiter[Q, A] {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := min(len(l.waiting), lineBatch)
	if n == 0 {
		l.taken--
		l.waiting = nil
		return nil
	}
	batch := l.waiting[:n:n]
	l.waiting = l.waiting[n:]
	return batch
}

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
func (w *waiter[Q, A]) wait(ctx context.Context, doing string, timeout time.Duration) (answer A, err error) {
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case <-w.served:
		return w.answer, w.err
	case <-ctx.Done():
		return answer, translate(ctx, doing, ctx.Err())
	case <-timer.C:
		return answer, translate(ctx, doing, context.DeadlineExceeded)
	}
}
