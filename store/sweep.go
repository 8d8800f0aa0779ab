package store

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// sweepRows bounds what one statement deletes, and so how long it holds locks.
const sweepRows = 1000

// Sweep deletes what has ended, once around everything, and returns how many rows that were: sessions past their
// idle timeout or their absolute end, and those revoked by RevokeUserSessions and RevokeAllSessions; what
// EndAdmitted wrote down about sessions that are over by now; logins by refresh tokens; attempts that count for
// nothing any more; devices that were not used for a year; mailed links; archived users whose grace is over; and events
// that are older than WithEventRetention.
//
// It never deletes a live one. A statement deletes 1000 rows at most, or one user, and is a transaction of its own, with the
// deadline of every call. What fails keeps nothing else from being swept: the error joins all
// failures, beside the rows that were deleted all the same. Many processes may sweep at the
// same time: they do not wait for each other, nor for requests.
func (s *Sessions) Sweep(ctx context.Context) (deleted int64, err error) {
	deleted, failed := s.sweepAll(ctx)
	return deleted, errors.Join(failed...)
}

func (s *Sessions) sweepAll(ctx context.Context) (deleted int64, failed []error) {
	for _, sweep := range []func(context.Context) (int64, error){
		inBatches(s.sweepEnded), s.around(&s.throttles), s.around(&s.devices), s.around(&s.swept), s.around(&s.families),
		inBatches(s.sweepEmailTokens), s.sweepArchived, s.SweepEvents,
	} {
		if err := ctx.Err(); err != nil {
			failed = append(failed, err)
			break
		}
		n, err := sweep(ctx)
		deleted += n
		if err != nil {
			failed = append(failed, err)
		}
	}
	return deleted, failed
}

func (s *Sessions) around(table *swept) func(context.Context) (int64, error) {
	return func(ctx context.Context) (int64, error) { return s.sweepTable(ctx, table) }
}

// inBatches repeats a statement until it finds less than it would take.
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

// RunSweeper does Sweep again and again until ctx ends, and returns ctx's error. Between two rounds it waits for
// half to one and a half times every, by chance, so that many processes do not sweep all at once. What a round could
// not do it tells WithLogger's, as a warning where the database could not be asked and as an error otherwise, and
// tries again in the next one. It returns an error at once where every is not positive. The
// caller owns the goroutine:
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
