package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store"
)

const (
	sweepOver = 1_000_000
	sweepLive = 100_000
	liveEvery = 1 + sweepOver/sweepLive
)

// uses are the times, in microseconds and sorted, of writes to live sessions.
type uses struct {
	took []float64
	err  error
}

// sweeping deletes a million expired sessions that lie between live ones, while somebody keeps
// writing to the live ones. A statement is a transaction of its own: its time bounds its locks'.
func sweeping(ctx context.Context, b *strings.Builder, s *sized) error {
	before := s.use(ctx, 5000)
	busy, stop := context.WithCancel(ctx)
	defer stop()
	neighbour := make(chan uses, 1)
	go func() { neighbour <- s.use(busy, s.n) }()
	batches, deleted, elapsed, err := s.sweep(ctx)
	stop()
	meanwhile := <-neighbour
	if err := errors.Join(before.err, err, meanwhile.err); err != nil {
		return err
	}
	var left, dead int64
	if err := s.pool.QueryRow(ctx, "SELECT count(*), count(*) FILTER (WHERE expires_at < now()) FROM ginauth.sessions").Scan(&left, &dead); err != nil {
		return err
	}
	fmt.Fprintf(b, "\n### Sweeper\n\n%d expired sessions between %d live ones, to which a neighbour keeps writing.\n\n", sweepOver, sweepLive)
	fmt.Fprintln(b, "| deleted | live ones left | expired ones left | rows/s | statements | median ms | longest ms |")
	fmt.Fprintln(b, "|--:|--:|--:|--:|--:|--:|--:|")
	fmt.Fprintf(b, "| %d | %d | %d | %.0f | %d | %.1f | %.1f |\n", deleted, left-dead, dead, float64(deleted)/elapsed.Seconds(),
		len(batches), median(batches), slices.Max(batches))
	fmt.Fprintln(b, "\n| the neighbour's writes | p50 µs | p99 µs | longest ms |\n|---|--:|--:|--:|")
	for i, u := range []uses{before, meanwhile} {
		fmt.Fprintf(b, "| %s (%d) | %.0f | %.0f | %.1f |\n", []string{"before", "while sweeping"}[i], len(u.took), u.took[len(u.took)/2], u.took[len(u.took)*99/100], slices.Max(u.took)/1000)
	}
	return nil
}

// sweep does a round, and returns the time of each statement about sessions in milliseconds.
func (s *sized) sweep(ctx context.Context) (batches []float64, deleted int64, elapsed time.Duration, err error) {
	var sent stopwatch
	cfg := s.pool.Config()
	cfg.ConnConfig.Tracer = &sent
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, 0, 0, err
	}
	defer pool.Close()
	began := time.Now()
	deleted, err = store.NewSessions(pool).Sweep(ctx)
	return sent.took, deleted, time.Since(began), err
}

// stopwatch takes the time of statements that are sent one after the other.
type stopwatch struct {
	began time.Time
	ours  bool
	took  []float64
}

// TraceQueryStart implements pgx.QueryTracer.
func (w *stopwatch) TraceQueryStart(ctx context.Context, _ *pgx.Conn, d pgx.TraceQueryStartData) context.Context {
	w.began, w.ours = time.Now(), strings.Contains(d.SQL, "DELETE FROM ginauth.sessions AS")
	return ctx
}

// TraceQueryEnd implements pgx.QueryTracer.
func (w *stopwatch) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {
	if w.ours {
		w.took = append(w.took, time.Since(w.began).Seconds()*1000)
	}
}

// use writes to n random live sessions, or until ctx ends.
func (s *sized) use(ctx context.Context, n int) (u uses) {
	for len(u.took) < n && ctx.Err() == nil {
		d := digestOf(liveEvery * rand.N(s.n/liveEvery))
		began := time.Now()
		_, err := s.db.UpdateSession(ctx, d, driver.SessionChange{})
		switch {
		case ctx.Err() != nil:
		case err != nil:
			u.err = err
			return u
		default:
			u.took = append(u.took, float64(time.Since(began).Nanoseconds())/1000)
		}
	}
	slices.Sort(u.took)
	return u
}
