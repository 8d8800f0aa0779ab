package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/migrations"
	"github.com/ginauth/ginauth/store"
)

// opScale measures ginauth's store alone, on more sessions than the comparison has.
const opScale = "scale"

const (
	scaleBeginMark = "<!-- scale:begin -->"
	scaleEndMark   = "<!-- scale:end -->"
)

// scale reports how the store does with many sessions. Each size has a database of its own, so that
// sizes can take turns; all are dropped in the end.
func scale(ctx context.Context) error {
	var b strings.Builder
	var sizes []*sized
	defer func() {
		for _, s := range sizes {
			s.drop(context.WithoutCancel(ctx))
		}
	}()
	for _, text := range strings.Split(*scales, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil {
			return fmt.Errorf("-sessions: %w", err)
		}
		s, err := fill(ctx, "ginauth_scale_"+text, n, 1)
		if err != nil {
			return err
		}
		sizes = append(sizes, s)
	}
	if err := describeScale(ctx, &b, sizes[0]); err != nil {
		return err
	}
	for _, measure := range []func(context.Context, *strings.Builder, []*sized) error{lookups, footprint, revocation} {
		if err := measure(ctx, &b, sizes); err != nil {
			return err
		}
	}
	over, err := fill(ctx, "ginauth_scale_sweep", sweepOver+sweepLive, liveEvery)
	if err != nil {
		return err
	}
	sizes = append(sizes, over)
	if err := sweeping(ctx, &b, over); err != nil {
		return err
	}
	fmt.Print("\n", b.String())
	if *writeTo == "" {
		return nil
	}
	return embed(*writeTo, scaleBeginMark, scaleEndMark, b.String())
}

// sized is a database with n sessions.
type sized struct {
	name string
	n    int
	pool *pgxpool.Pool
	db   *store.DB[store.User]
}

func openSized(ctx context.Context, name string, n int) (*sized, error) {
	if err := maintain(ctx, "DROP DATABASE IF EXISTS ", name); err != nil {
		return nil, err
	}
	if err := maintain(ctx, "CREATE DATABASE ", name); err != nil {
		return nil, err
	}
	cfg, err := pgxpool.ParseConfig(*dsn)
	if err != nil {
		return nil, err
	}
	cfg.ConnConfig.Database = name
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, err
	}
	return &sized{name: name, n: n, pool: pool, db: store.New[store.User](pool)}, migrations.Up(ctx, pool)
}

func (s *sized) drop(ctx context.Context) {
	s.pool.Close()
	if err := maintain(ctx, "DROP DATABASE ", s.name); err != nil {
		fmt.Fprintf(os.Stderr, "bench: dropping %s: %v\n", s.name, err)
	}
}

// maintain runs a command on a database, from another one.
func maintain(ctx context.Context, command, name string) error {
	cfg, err := pgx.ParseConfig(*dsn)
	if err != nil {
		return err
	}
	cfg.Database = "postgres"
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, command+pgx.Identifier{name}.Sanitize())
	return err
}

func describeScale(ctx context.Context, b *strings.Builder, s *sized) error {
	var postgres, buffers, fsync string
	err := s.pool.QueryRow(ctx, "SELECT current_setting('server_version'), current_setting('shared_buffers'), current_setting('fsync')").
		Scan(&postgres, &buffers, &fsync)
	fmt.Fprintf(b, "%d cores (%s), %s, PostgreSQL %s, shared_buffers %s, fsync %s. Five sessions a user.\n",
		runtime.NumCPU(), processor(), runtime.Version(), postgres, buffers, fsync)
	return err
}
