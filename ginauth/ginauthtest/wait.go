package ginauthtest

import "context"

// maxRounds is when Wait gives up.
const maxRounds = 100

// Wait sends what is due and sweeps what has ended, again and again, until nothing of either is
// left at this moment of the clock, as an app comes to rest whose workers run. It ends the test on
// a failure.
func (a *App[U]) Wait() {
	a.tb.Helper()
	for range maxRounds {
		n, err := a.Mail.sendDue()
		for _, s := range a.sweepers() {
			if err != nil {
				break
			}
			var deleted int64
			deleted, err = s.Sweep(a.tb.Context())
			n += int(deleted)
		}
		if err != nil {
			a.tb.Fatalf("ginauthtest: %v", err)
		}
		if n == 0 {
			return
		}
	}
	a.tb.Fatalf("ginauthtest: after %d rounds there still is something to send or to sweep", maxRounds)
}

type sweeper interface {
	Sweep(ctx context.Context) (deleted int64, err error)
}

// sweepers are the stores that sweep.
func (a *App[U]) sweepers() (found []sweeper) {
	o := a.config.Options()
	for _, s := range []any{o.Users, o.Sessions} {
		if s, ok := s.(sweeper); ok && (len(found) == 0 || found[0] != s) {
			found = append(found, s)
		}
	}
	return found
}
