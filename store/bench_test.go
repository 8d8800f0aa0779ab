package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ginauth/ginauth/store"
	"github.com/ginauth/ginauth/store/storetest"
)

// The statement is FindUserSession's own, scanned by hand.
func BenchmarkFindUserSession(b *testing.B) {
	pool := storetest.NewDB(b)
	s := &setup{pool: pool, db: store.New[store.User](pool)}
	n := sessionOf(s.user(b).ID)
	s.session(b, n)
	d := n.Digest
	for name, find := range map[string]func(context.Context) error{
		"store": func(ctx context.Context) error {
			_, _, err := s.db.FindUserSession(ctx, d)
			return err
		},
		"byHand": func(ctx context.Context) error {
			ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
			defer cancel()
			var u store.User
			var id, sessionID uuid.UUID
			var data []byte
			var version int64
			var authenticated, seen, expires, now time.Time
			return pool.QueryRow(ctx, `
				SELECT u.id, u.email, u.name, u.verified_at, u.disabled_at, u.created_at, u.updated_at,
					s.id, s.data, s.version, s.authenticated_at, s.last_seen_at, s.expires_at, now()
				FROM ginauth.sessions AS s
				JOIN ginauth.users AS u ON u.id = s.user_id
				WHERE s.digest = $1 AND u.disabled_at IS NULL
					AND s.expires_at > now() AND s.last_seen_at + s.idle_timeout > now()`, d[:]).
				Scan(&id, &u.Email, &u.Name, &u.VerifiedAt, &u.DisabledAt, &u.CreatedAt, &u.UpdatedAt,
					&sessionID, &data, &version, &authenticated, &seen, &expires, &now)
		},
	} {
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

func BenchmarkTouch(b *testing.B) {
	pool := storetest.NewDB(b)
	s := &setup{pool: pool, db: store.New[store.User](pool)}
	n := sessionOf(s.user(b).ID)
	s.session(b, n)
	change := set(`{"a": 1}`)
	b.Run("touch", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s.update(b, n.Digest, set(``))
		}
	})
	b.Run("change", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s.update(b, n.Digest, change)
		}
	})
}
