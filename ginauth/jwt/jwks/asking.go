package jwks

import (
	"context"
	"sync"
	"time"

	"github.com/MicahParks/jwkset"
)

// asking fetches the document for tokens whose key is unknown. All requests that wait share one
// fetch, and the next one begins after a pause. A fetch does not belong to a request, so a client
// that hangs up does not cancel it (SEC-132).
type asking struct {
	ctx    context.Context //nolint:containedctx // ends every fetch with the Keys
	client jwkset.Storage
	pause  time.Duration

	mu    sync.Mutex
	last  time.Time     // when the last fetch began; zero before the first
	going chan struct{} // closed when it is done; nil before the first
}

// fetch begins a fetch, unless one is under way or began a moment ago. The channel that it returns
// is closed when the fetch is done.
func (a *asking) fetch(now time.Time) <-chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.going != nil && now.Sub(a.last) < a.pause || a.isGoing() {
		return a.going
	}
	done := make(chan struct{})
	a.last, a.going = now, done
	go func() {
		defer close(done)
		ctx, cancel := context.WithTimeout(a.ctx, fetchTimeout)
		defer cancel()
		_, _ = a.client.KeyRead(ctx, "") // the error went to the Logger
	}()
	return done
}

func (a *asking) isGoing() bool {
	if a.going == nil {
		return false
	}
	select {
	case <-a.going:
		return false
	default:
		return true
	}
}
