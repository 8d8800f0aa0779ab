package line

import (
	"context"
	"time"
)

// lease is the right to a place. It ends when its holder leaves, or when the place is taken over
// because its statement hangs. As a context it ends with the caller's, or when the statement has
// taken too long.
type lease struct {
	context.Context

	end   context.CancelFunc
	place int
	since time.Time // when the present statement began
}

func (l *Line[Q, A]) take(ctx context.Context, place int) *lease {
	own := &lease{place: place, since: now()}
	own.Context, own.end = context.WithCancel(ctx)
	l.leases[place] = own
	if !l.watched {
		l.watched = true
		l.watchAgain()
	}
	return own
}

// watchAgain sets one timer for all leases. One for each lease would wake the network poller each
// time, which took 4 % of a lookup's processor time in a profile.
func (l *Line[Q, A]) watchAgain() {
	if l.watch == nil {
		l.watch = time.AfterFunc(l.patience(), l.look)
		return
	}
	l.watch.Reset(l.patience())
}

// look ends the contexts of statements that would be too late by the next look.
func (l *Line[Q, A]) look() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.watched = false
	for _, held := range l.leases {
		if held == nil {
			continue
		}
		l.watched = true
		if now().Sub(held.since) > l.Timeout-l.patience() {
			held.end()
		}
	}
	if l.watched {
		l.watchAgain()
	}
}

// takeOver takes a place whose statement hangs, as on a connection that died in silence, and serves
// those who wait.
func (l *Line[Q, A]) takeOver() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for place, held := range l.leases {
		if held == nil || now().Sub(held.since) < l.patience() {
			continue
		}
		time.AfterFunc(l.Timeout-now().Sub(held.since), held.end) // look no longer sees it
		go l.leave(l.take(context.Background(), place))
		return
	}
}

// patience is how long a statement may take before it hangs.
func (l *Line[Q, A]) patience() time.Duration { return l.Timeout / patienceParts }

func now() time.Time { return time.Now() } //nolint:forbidigo // durations of statements are not measured by the store's clock
