package password

import (
	"context"
	"sync"
)

// Enter takes a place among the callers that hash or wait, or returns ErrBusy. Hash and Verify
// use that place when they get the context that Enter returns, one after the other. A caller that has
// to look something up before it can verify enters first, so that a flood is turned
// away before it reaches the database. Call leave when done; calling it again does nothing.
// It is safe for concurrent use.
func (h *Hasher) Enter(ctx context.Context) (entered context.Context, leave func(), err error) {
	leave, err = h.slots.admit()
	if err != nil {
		return ctx, func() {}, err
	}
	return context.WithValue(ctx, admittedKey{}, h.slots.admitted), sync.OnceFunc(leave), nil
}
