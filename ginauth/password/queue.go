package password

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
)

// ErrBusy means that a caller has waited, or would wait, longer than Options.MaxWait: answer 503
// with Retry-After. Nothing was hashed. A *BusyError wraps it.
var ErrBusy = errors.New("too many passwords are waiting to be hashed")

// BusyError is an ErrBusy that says when to try again.
type BusyError struct {
	// RetryAfter estimates how long a caller would wait now. It is above zero.
	RetryAfter time.Duration
}

// Error returns the text of ErrBusy.
func (e *BusyError) Error() string { return ErrBusy.Error() }

// Unwrap returns ErrBusy.
func (e *BusyError) Unwrap() error { return ErrBusy }

const (
	// smoothing is the weight of the past in the estimate of what a hash takes.
	smoothing = 8
	// maxAhead bounds a queue whose hashes cost next to nothing, as in tests.
	maxAhead = 1 << 16
)

// queue runs a fixed number of computations at once. The others wait, for as long as maxWait, and
// clients take turns: each network of clients that waits gets as much as every other, and so does
// each client within it.
type queue struct {
	maxWait time.Duration
	run     int

	mu    sync.Mutex
	free  int // slots; none is free while somebody waits
	turns uint64
	all   *party
	// typical is how long a computation takes lately.
	typical time.Duration
}

func newQueue(run int, maxWait, typical time.Duration) *queue {
	return &queue{maxWait: maxWait, run: run, free: run, all: newParty(), typical: max(typical, time.Microsecond)}
}

// place is a caller that runs, waits, or is about to.
type place struct {
	queue  *queue
	names  [2]string // of the network, and of the client in it
	path   [3]*party // everybody, the network, the client
	number uint64    // in order of arrival
	waited time.Duration
	left   bool
}

// waiter is a computation of a place that waits for a slot.
type waiter struct {
	*place
	ready chan struct{} // closed when it has one
}

// enter takes a place, unless the caller would wait for too long.
func (q *queue) enter(client []string) (*place, error) {
	p := &place{queue: q, names: namesOf(client)}
	q.mu.Lock()
	defer q.mu.Unlock()
	ahead := q.ahead(p.names)
	if wait := q.waitFor(ahead); wait > q.maxWait || ahead >= maxAhead {
		return nil, &BusyError{RetryAfter: max(wait, q.typical)}
	}
	q.turns++
	p.number = q.turns
	p.path[0] = q.all
	q.all.places++
	for i, name := range p.names {
		p.path[i+1] = p.path[i].member(name, q.turns)
		p.path[i+1].places++
	}
	return p, nil
}

// namesOf are the network and the client in it. Who names the client alone is a network of one.
func namesOf(client []string) [2]string {
	if len(client) == 0 {
		return [2]string{}
	}
	return [2]string{client[0], strings.Join(client[1:], "\x00")}
}

// leave gives the place back, once.
func (p *place) leave() {
	q := p.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	p.left = true
	q.all.places--
	for i, name := range p.names {
		p.path[i+1].places--
		if p.path[i+1].places == 0 {
			delete(p.path[i].members, name)
		}
	}
}

// ahead is how many of the places come before the next one of a client. q.mu is held.
func (q *queue) ahead(names [2]string) int {
	network := q.all.members[names[0]]
	turn := network.memberPlaces(names[1]) + 1
	turn += network.upTo(turn, names[1])
	return turn - 1 + q.all.upTo(turn, names[0])
}

// waitFor estimates how long the caller waits who has so many ahead. q.mu is held.
func (q *queue) waitFor(ahead int) time.Duration {
	return time.Duration(max(0, ahead+1-q.run)) * q.typical / time.Duration(q.run)
}

// do runs work in a slot, or returns without running it.
func (p *place) do(ctx context.Context, work func()) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("waiting to hash: %w", err)
	}
	if err := p.acquire(ctx); err != nil {
		return err
	}
	start := time.Now() //nolint:forbidigo // measures work, which no clock of the caller's does
	done := false
	defer func() { p.queue.release(time.Since(start), done) }() //nolint:forbidigo // as above
	work()
	done = true
	return nil
}

func (p *place) acquire(ctx context.Context) error {
	q := p.queue
	q.mu.Lock()
	if q.free > 0 {
		q.free--
		q.tookTurn(p)
		q.mu.Unlock()
		return nil
	}
	w := &waiter{p, make(chan struct{})}
	w.lineUp()
	patience := time.NewTimer(max(0, q.maxWait-p.waited))
	q.mu.Unlock()
	defer patience.Stop()

	start := time.Now() //nolint:forbidigo // as in do
	var err error
	select {
	case <-w.ready:
	case <-ctx.Done():
	case <-patience.C:
		err = ErrBusy
	}
	if ctx.Err() != nil { // even where a slot is ready, too
		err = fmt.Errorf("waiting to hash: %w", ctx.Err())
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	p.waited += time.Since(start) //nolint:forbidigo // as in do
	switch {
	case err == nil:
		return nil
	case !w.stepOut():
		q.passOn() // the slot that it got meanwhile
	}
	if errors.Is(err, ErrBusy) {
		return &BusyError{RetryAfter: max(q.maxWait, q.typical)}
	}
	return err
}

// release passes a slot on, and learns from what was done in it how long that takes. One long
// computation moves the estimate by an eighth at most, for it may have been somebody's old hash.
func (q *queue) release(took time.Duration, done bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if done {
		q.typical += (min(took, 2*q.typical) - q.typical) / smoothing
		q.typical = max(q.typical, time.Microsecond)
	}
	q.passOn()
}

// passOn gives a slot to whose turn it is. q.mu is held.
func (q *queue) passOn() {
	next := q.all.next()
	if next == nil {
		q.free++
		return
	}
	next.stepOut()
	q.tookTurn(next.place)
	close(next.ready)
}

// tookTurn puts the client behind the others of its network, and the network behind the others.
// q.mu is held.
func (q *queue) tookTurn(p *place) {
	q.turns++
	for _, party := range p.path {
		party.last = q.turns
	}
}
