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

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store"
)

const (
	scaleRounds     = 100
	lookupsPerRound = 500
)

// A server that has run for a while has in memory what its requests look at.
const prewarm = `
CREATE EXTENSION IF NOT EXISTS pg_prewarm;
SELECT pg_prewarm('ginauth.users'), pg_prewarm('ginauth.users_pkey'), pg_prewarm('ginauth.sessions'), pg_prewarm('ginauth.sessions_pkey')`

// lookups asks for random sessions with their users, one after the other, the sizes by turns.
func lookups(ctx context.Context, b *strings.Builder, sizes []*sized) error {
	for _, s := range sizes {
		if _, err := s.pool.Exec(ctx, prewarm); err != nil {
			return err
		}
	}
	p50, p99 := make([][]float64, len(sizes)), make([][]float64, len(sizes))
	for round := range scaleRounds {
		for k := range sizes {
			at := (k + round) % len(sizes)
			took, err := sizes[at].lookups(ctx)
			if err != nil {
				return err
			}
			p50[at] = append(p50[at], took[len(took)/2])
			p99[at] = append(p99[at], took[len(took)*99/100])
		}
	}
	fmt.Fprintf(b, "\n### Lookup of a session and its user\n\n%d rounds by turns of %d random sessions each; ratios to the first line within a round: median, least and most.\n\n", scaleRounds, lookupsPerRound)
	fmt.Fprintln(b, "| sessions | p50 µs | p99 µs | p50 × | (least–most) | p99 × | (least–most) |")
	fmt.Fprintln(b, "|--:|--:|--:|--:|---|--:|---|")
	for k, s := range sizes {
		fmt.Fprintf(b, "| %d | %.0f | %.0f | %s | %s |\n", s.n, median(p50[k]), median(p99[k]), inRounds(p50[k], p50[0]), inRounds(p99[k], p99[0]))
	}
	return nil
}

// lookups returns the sorted times in microseconds.
func (s *sized) lookups(ctx context.Context) ([]float64, error) {
	took := make([]float64, lookupsPerRound)
	for i := range took {
		d := digestOf(rand.N(s.n))
		began := time.Now()
		if _, _, err := s.db.FindUserSession(ctx, d); err != nil {
			return nil, err
		}
		took[i] = float64(time.Since(began).Nanoseconds()) / 1000
	}
	slices.Sort(took)
	return took, nil
}

func inRounds(of, to []float64) string {
	v := make([]float64, len(of))
	for i := range of {
		v[i] = of[i] / to[i]
	}
	return fmt.Sprintf("%.2f | %.2f–%.2f", median(v), slices.Min(v), slices.Max(v))
}

func footprint(ctx context.Context, b *strings.Builder, sizes []*sized) error {
	fmt.Fprintf(b, "\n### Bytes per session\n\nWith a value, `%s`, an address and a User-Agent of %d characters.\n\n", fillData, len(fillAgent))
	fmt.Fprintln(b, "| sessions | table | digest | id | user_id | expires_at | previous_digest | all |")
	fmt.Fprintln(b, "|--:|--:|--:|--:|--:|--:|--:|--:|")
	for _, s := range sizes {
		fmt.Fprintf(b, "| %d |", s.n)
		for _, relation := range []string{"sessions", "sessions_pkey", "sessions_id_key", "sessions_user_id_idx", "sessions_expires_at_idx", "sessions_previous_digest_key"} {
			var bytes int64
			if err := s.pool.QueryRow(ctx, "SELECT pg_relation_size(('ginauth.' || $1)::regclass)", relation).Scan(&bytes); err != nil {
				return err
			}
			fmt.Fprintf(b, " %.0f |", float64(bytes)/float64(s.n))
		}
		var all int64
		if err := s.pool.QueryRow(ctx, "SELECT pg_total_relation_size('ginauth.sessions')").Scan(&all); err != nil {
			return err
		}
		fmt.Fprintf(b, " %.0f |\n", float64(all)/float64(s.n))
	}
	return nil
}

// revocation ends all sessions of everybody, and counts what that writes.
func revocation(ctx context.Context, b *strings.Builder, sizes []*sized) error {
	fmt.Fprint(b, "\n### Ending every session: `RevokeAllSessions`\n\n| sessions | rows written | ms | found afterwards, of 1000 |\n|--:|--:|--:|--:|\n")
	for _, s := range sizes {
		var rows int64
		var took time.Duration
		err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
			began := time.Now()
			if err := store.NewSessions(tx).RevokeAllSessions(ctx); err != nil {
				return err
			}
			took = time.Since(began)
			return tx.QueryRow(ctx, "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del)::bigint FROM pg_stat_xact_user_tables").Scan(&rows)
		})
		if err != nil {
			return err
		}
		found := 0
		for range 1000 {
			_, _, err := s.db.FindUserSession(ctx, digestOf(rand.N(s.n)))
			switch {
			case err == nil:
				found++
			case !errors.Is(err, driver.ErrNoSession):
				return err
			}
		}
		fmt.Fprintf(b, "| %d | %d | %.2f | %d |\n", s.n, rows, took.Seconds()*1000, found)
	}
	return nil
}
