package password

import (
	"context"
	"sync"
	"time"
)

type placeKey struct{}

// Enter takes a place in the queue of callers that hash, or returns a *BusyError at once if the
// wait would be longer than Options.MaxWait. Hash and Verify use that place when they get the
// context that Enter returns. A caller that must look something up before it verifies enters first,
// so that a flood is refused before it reaches the database. Call leave when done; further calls do
// nothing.
//
// Clients take turns, however many places each has, so that a client only delays itself. The caller
// names its client, or first the client's network and then the client; networks take turns, too.
// All callers that name none are one client. It is safe for concurrent use.
func (h *Hasher) Enter(ctx context.Context, client ...string) (entered context.Context, leave func(), err error) {
	p, err := h.queue.enter(client)
	if err != nil {
		return ctx, func() {}, err
	}
	return context.WithValue(ctx, placeKey{}, p), sync.OnceFunc(p.leave), nil
}

// Waited returns how long the caller with the context of Enter has waited for its turns so far. It is
// zero for any other context.
func Waited(ctx context.Context) time.Duration {
	p, ok := ctx.Value(placeKey{}).(*place)
	if !ok {
		return 0
	}
	p.queue.mu.Lock()
	defer p.queue.mu.Unlock()
	return p.waited
}

// do runs work in a slot, with the place that ctx has, or with one of its own.
func (h *Hasher) do(ctx context.Context, work func()) error {
	p, ok := ctx.Value(placeKey{}).(*place)
	if ok && p.of(h.queue) {
		return p.do(ctx, work)
	}
	p, err := h.queue.enter(nil)
	if err != nil {
		return err
	}
	defer p.leave()
	return p.do(ctx, work)
}

// of tells whether the place is still one of this queue.
func (p *place) of(q *queue) bool {
	if p.queue != q {
		return false
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	return !p.left
}
