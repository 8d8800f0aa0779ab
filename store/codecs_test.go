package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/store"
)

// Apps change how pgx reads and writes the types that they share with this package.
func TestEveryCallWorksWithTheAppsOwnCodecs(t *testing.T) {
	t.Parallel()
	register := func(oid uint32, name string, codec pgtype.Codec) *pgtype.Type {
		return &pgtype.Type{Name: name, OID: oid, Codec: codec}
	}
	text := pgtype.TextCodec{}
	own := map[string]*pgtype.Type{
		"uuid as text":           register(pgtype.UUIDOID, "uuid", text),
		"uuid in text format":    register(pgtype.UUIDOID, "uuid", &pgtype.TextFormatOnlyCodec{Codec: pgtype.UUIDCodec{}}),
		"jsonb as text":          register(pgtype.JSONBOID, "jsonb", text),
		"jsonb by the app":       register(pgtype.JSONBOID, "jsonb", &pgtype.JSONCodec{Marshal: notJSON, Unmarshal: noUnmarshal}),
		"times as text":          register(pgtype.TimestamptzOID, "timestamptz", text),
		"times in text format":   register(pgtype.TimestamptzOID, "timestamptz", &pgtype.TextFormatOnlyCodec{Codec: &pgtype.TimestamptzCodec{}}),
		"times elsewhere":        register(pgtype.TimestamptzOID, "timestamptz", &pgtype.TimestamptzCodec{ScanLocation: time.FixedZone("far", 5*3600)}),
		"text in text format":    register(pgtype.TextOID, "text", &pgtype.TextFormatOnlyCodec{Codec: text}),
		"addresses as text":      register(pgtype.InetOID, "inet", text),
		"digests in text format": register(pgtype.ByteaOID, "bytea", &pgtype.TextFormatOnlyCodec{Codec: pgtype.ByteaCodec{}}),
	}
	run := func(name string, mode pgx.QueryExecMode, types ...*pgtype.Type) {
		t.Run(name+", "+mode.String(), func(t *testing.T) {
			t.Parallel()
			s := newSetup(t)
			pool := newPool(t, s.pool, func(cfg *pgxpool.Config) {
				cfg.ConnConfig.DefaultQueryExecMode = mode
				cfg.AfterConnect = func(_ context.Context, conn *pgx.Conn) error {
					for _, own := range types {
						conn.TypeMap().RegisterType(own)
					}
					return nil
				}
			})
			newEvery(t, s, store.New[store.User](pool, store.WithNow(s.clock.now), unhurried)).all(name)
		})
	}
	for name, one := range own {
		run(name, pgx.QueryExecModeCacheStatement, one)
	}
	for _, mode := range modes {
		run("all as text", mode, own["uuid as text"], own["jsonb as text"], own["times as text"], own["text in text format"], own["addresses as text"])
	}
}

func notJSON(any) ([]byte, error) { return []byte(`"the app's own"`), nil }

func noUnmarshal([]byte, any) error { return nil }
