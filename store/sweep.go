package store

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// sweepRows limits what one statement deletes, and so how long it holds locks.
const sweepRows = 1000

// Sweep deletes what has ended, in one round over all tables, and returns the number of rows:
// sessions that are past their idle timeout or absolute end, or were revoked by RevokeUserSessions
// or RevokeAllSessions; rows of EndAdmitted whose sessions would have expired by now; logins by
// refresh tokens; attempts that no longer count; devices that were not used for a year; mailed
// links; archived users whose grace is over; shadow rows that nothing has referred to for 30 days;
// and events that are older than WithEventRetention.
//
// It never deletes a live session. Each statement deletes at most 1000 rows, or one user, in its
// own transaction and with the deadline of every call. After a failure the sweep goes on with the
// rest: the error joins all failures, and the number counts all deleted rows. Many processes may
// sweep at the same time: they wait neither for each other nor for requests.
func (s *Sessions) Sweep(ctx context.Context) (deleted int64, err error) {
	deleted, failed := s.sweepAll(ctx)
	return deleted, errors.Join(failed...)
}

func (s *Sessions) sweepAll(ctx context.Context) (deleted int64, failed []error) {
	for _, table := range []struct {
		name  string
		sweep func(context.Context) (int64, error)
	}{
		{"ended_sessions", inBatches(s.sweepEnded)},
		{"pending_logins", inBatches(s.sweepPending)},
		{"throttles", s.around(&s.throttles)},
		{"known_devices", s.around(&s.devices)},
		{"sessions", s.around(&s.swept)},
		{"refresh_tokens", s.around(&s.families)},
		{"email_tokens", inBatches(s.sweepEmailTokens)},
		{"users", s.sweepArchived},
		{"users", s.sweepArchivedRows},
		{"users", s.sweepAllShadows},
		{"events", s.SweepEvents},
	} {
		if err := ctx.Err(); err != nil {
			failed = append(failed, err)
			break
		}
		n, err := table.sweep(ctx)
		deleted += n
		s.observeSwept(ctx, table.name, n)
		if err != nil {
			failed = append(failed, err)
		}
	}
	return deleted, failed
}

func (s *Sessions) observeSwept(ctx context.Context, table string, rows int64) {
	if rows > 0 {
		s.caller.observe(ctx, driver.SweptRows, table, int(rows))
	}
}

func (s *Sessions) around(table *swept) func(context.Context) (int64, error) {
	return func(ctx context.Context) (int64, error) { return s.sweepTable(ctx, table) }
}

// inBatches repeats a statement until it deletes fewer rows than it may.
func inBatches(batch func(context.Context) (int64, error)) func(context.Context) (int64, error) {
	return func(ctx context.Context) (deleted int64, err error) {
		for {
			n, err := batch(ctx)
			deleted += n
			if err != nil || n < sweepRows {
				return deleted, err
			}
		}
	}
}

// RunSweeper runs Sweep repeatedly until ctx ends, and returns ctx's error. Between two rounds it
// waits for a random time, from half of every to one and a half times every, so that many processes
// do not sweep at once. It logs the failures of a round to WithLogger's, as a warning if the
// database could not be asked and as an error otherwise, and tries again in the next round. It
// returns an error at once if every is not positive. The caller owns the goroutine:
//
//	go func() { swept <- db.RunSweeper(ctx, 10*time.Minute) }()
func (s *Sessions) RunSweeper(ctx context.Context, every time.Duration) error {
	if every <= 0 {
		return errors.New("sweeping: the time between two rounds must be positive")
	}
	for {
		timer := time.NewTimer(every/2 + rand.N(every)) //nolint:gosec // jitter is no secret
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		}
		_, failed := s.sweepAll(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		s.report(ctx, failed)
	}
}

func (s *Sessions) report(ctx context.Context, failed []error) {
	for _, err := range failed {
		level := slog.LevelError
		if errors.Is(err, driver.ErrUnavailable) {
			level = slog.LevelWarn
		}
		s.caller.logger().Log(ctx, level, "ginauth: not everything could be swept", "error", err)
	}
}
