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
	// linePatience is the part of the store's deadline, its inverse, after which a statement hangs.
	linePatience = 8
)

var errBrokenOff = errors.New("a statement shared with other requests broke off")

// line lets callers who wait at the same moment share a statement. Who finds a place free runs a
// statement of their own at once. The others wait, and a place that becomes free serves all who
// wait by then, in a goroutine that ends when nobody does: there is neither a
// connection nor a goroutine without somebody who waits for it.
type line[Q, A any] struct {
	serve func([]*waiter[Q, A]) // sets the answer or the error of each

	mu      sync.Mutex
	places  [linePlaces]place
	waiting []*waiter[Q, A]
}

type place struct {
	turn  int // of those who ever had the place
	taken bool
	since time.Time // when its statement began
}

// pass is the right to a place, until somebody takes it over.
type pass struct{ place, turn int }

// waiter is a caller who found no place free. It may leave before it is served.
type waiter[Q, A any] struct {
	question Q
	answer   A
	err      error
	served   chan struct{}
}

// enter returns a place that the caller must leave, or, when all are taken, a waiter.
func (l *line[Q, A]) enter(question Q) (pass, *waiter[Q, A]) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range l.places {
		if !l.places[i].taken {
			return l.take(i), nil
		}
	}
	w := &waiter[Q, A]{question: question, served: make(chan struct{})}
	l.waiting = append(l.waiting, w)
	return pass{}, w
}

func (l *line[Q, A]) take(i int) pass {
	l.places[i] = place{turn: l.places[i].turn + 1, taken: true, since: time.Now()} //nolint:forbidigo // how long a statement takes is no matter of the store's clock
	return pass{i, l.places[i].turn}
}

// leave hands the place to those who wait.
func (l *line[Q, A]) leave(p pass) {
	if batch := l.next(p); batch != nil {
		go l.work(p, batch)
	}
}

func (l *line[Q, A]) work(p pass, batch []*waiter[Q, A]) {
	for ; batch != nil; batch = l.next(p) {
		l.serveAll(batch)
	}
}

// next returns those whose turn it is, or gives the place back.
func (l *line[Q, A]) next(p pass) []*waiter[Q, A] {
	l.mu.Lock()
	defer l.mu.Unlock()
	here := &l.places[p.place]
	if here.turn != p.turn {
		return nil
	}
	n := min(len(l.waiting), lineBatch)
	if n == 0 {
		here.taken, l.waiting = false, nil
		return nil
	}
	batch := l.waiting[:n:n]
	l.waiting = l.waiting[n:]
	here.since = time.Now() //nolint:forbidigo // as in take
	return batch
}

// unblock takes over a place whose statement hangs, as on a connection that died in silence, so that
// those who wait need not wait for it.
func (l *line[Q, A]) unblock(hanging time.Duration) {
	l.mu.Lock()
	var p pass
	found := false
	for i := range l.places {
		if !found && l.places[i].taken && time.Since(l.places[i].since) >= hanging { //nolint:forbidigo // as in take
			p, found = l.take(i), true
		}
	}
	l.mu.Unlock()
	if found {
		l.leave(p)
	}
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
func (l *line[Q, A]) wait(ctx context.Context, w *waiter[Q, A], doing string, timeout time.Duration) (answer A, err error) {
	patience := timeout / linePatience
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for left := timeout - patience; ; left = 0 {
		select {
		case <-w.served:
			return w.answer, w.err
		case <-ctx.Done():
			return answer, translate(ctx, doing, ctx.Err())
		case <-timer.C:
		}
		if left == 0 {
			return answer, translate(ctx, doing, context.DeadlineExceeded)
		}
		l.unblock(patience)
		timer.Reset(left)
	}
}
