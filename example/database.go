package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/migrations"
	"github.com/ginauth/ginauth/store/embedded"
)

// database is the server that DATABASE_URL names, or a private one.
type database struct {
	pool    *pgxpool.Pool
	private *embedded.Server // nil with DATABASE_URL
}

// openDatabase connects, starting a private PostgreSQL where none is named, and migrates.
func openDatabase(ctx context.Context, s settings, log *slog.Logger) (_ *database, err error) {
	d := &database{}
	defer func() {
		if err != nil {
			_ = d.close(ctx) // err is why
		}
	}()
	url := s.database
	if url == "" {
		d.private, err = embedded.Start(ctx, embedded.Options{Dir: s.dir, Logger: log})
		if err != nil {
			return nil, err
		}
		url = d.private.URL()
	}
	d.pool, err = pgxpool.New(ctx, url)
	if err != nil { // its text repeats the connection string
		return nil, errors.New("DATABASE_URL is not a connection string: write postgres://user:password@host:5432/name")
	}
	if err := reach(ctx, d.pool); err != nil {
		return nil, err
	}
	return d, migrations.Up(ctx, d.pool)
}

// reach tells in one line why the database cannot be used; the driver takes several.
func reach(ctx context.Context, pool *pgxpool.Pool) error {
	const patience = 10 * time.Second
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err := pool.Ping(ctx)
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	reason := err.Error()
	var attempts *pgconn.ConnectError
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		reason = fmt.Sprintf("no answer within %s", patience)
	case errors.As(err, &attempts):
		reason = attempts.Unwrap().Error()
		reason = reason[strings.LastIndexByte(reason, '\n')+1:]
	}
	return fmt.Errorf("the database cannot be reached (%s): correct DATABASE_URL, or unset it", reason)
}

// gone is closed when the private PostgreSQL has ended; nil means never.
func (d *database) gone() <-chan struct{} {
	if d.private == nil {
		return nil
	}
	return d.private.Done()
}

// close also stops the private PostgreSQL, after ctx has ended too.
func (d *database) close(ctx context.Context) error {
	if d.pool != nil {
		d.pool.Close()
	}
	if d.private == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return d.private.Stop(ctx)
}
