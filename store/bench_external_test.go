package store_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/ginauth/ginauth/store"
	"github.com/ginauth/ginauth/store/storetest"
)

// BenchmarkFindSession compares a session of a user of ours with one of a user elsewhere, and with that of a store for
// users of ours that has no other.
func BenchmarkFindSession(b *testing.B) {
	for name, find := range lookups(b) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := find(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func lookups(tb testing.TB) map[string]func(context.Context) error {
	tb.Helper()
	pool := storetest.NewDB(tb)
	s := &setup{pool: pool, db: store.New[store.User](pool)}
	ours, theirs := sessionOf(s.user(tb).ID), sessionOf("42")
	s.session(tb, ours)
	external := store.NewExternal(pool)
	if _, err := external.CreateSession(tb.Context(), theirs); err != nil {
		tb.Fatal(err)
	}
	s.exec(tb, ownTables["bigint"].sql)
	of := ownTables["bigint"]
	table, err := store.NewTable[store.User](tb.Context(), pool, of.name, of.columns)
	if err != nil {
		tb.Fatal(err)
	}
	mapped, err := table.CreateUser(tb.Context(), newUser(), nil)
	if err != nil {
		tb.Fatal(err)
	}
	member := sessionOf(mapped.ID)
	if _, err := table.CreateSession(tb.Context(), member); err != nil {
		tb.Fatal(err)
	}
	return map[string]func(context.Context) error{
		"Table":           func(ctx context.Context) error { _, _, err := table.FindUserSession(ctx, member.Digest); return err },
		"FindUserSession": func(ctx context.Context) error { _, _, err := s.db.FindUserSession(ctx, ours.Digest); return err },
		"FindSession":     func(ctx context.Context) error { _, err := s.db.FindSession(ctx, ours.Digest); return err },
		"External":        func(ctx context.Context) error { _, err := external.FindSession(ctx, theirs.Digest); return err },
	}
}

// TestLookupRatio prints what a lookup of a user elsewhere costs, with rounds of all kinds in turn.
func TestLookupRatio(t *testing.T) {
	t.Parallel()
	const rounds, calls = 40, 50
	kinds := lookups(t)
	took := map[string][]time.Duration{}
	for range rounds {
		for name, find := range kinds {
			began := time.Now()
			for range calls {
				if err := find(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			took[name] = append(took[name], time.Since(began)/calls)
		}
	}
	median := func(name string) time.Duration {
		slices.Sort(took[name])
		return took[name][rounds/2]
	}
	base := median("FindUserSession")
	for name := range kinds {
		t.Logf("%s: %v, %.2f of FindUserSession", name, median(name), float64(median(name))/float64(base))
	}
}
