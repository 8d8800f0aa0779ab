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

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/migrations"
	"github.com/ginauth/ginauth/store"
	"github.com/ginauth/ginauth/store/embedded"
	"github.com/ginauth/ginauth/store/memory"
)

// storage is where the accounts are kept: in PostgreSQL, or in memory where there is none.
type storage struct {
	users   driver.Users[User]
	jobs    []func(context.Context) error // run beside the server
	pool    *pgxpool.Pool                 // nil in memory
	private *embedded.Server              // nil in memory and with DATABASE_URL
}

// findBinaries is a variable so that tests can pretend that PostgreSQL is not installed.
var findBinaries = embedded.FindBinaries

// openStorage uses the database that DATABASE_URL names. Without DATABASE_URL it starts a private PostgreSQL,
// and keeps the accounts in memory where PostgreSQL is not installed. What is there and does not work is an error.
func openStorage(ctx context.Context, s settings, log *slog.Logger) (_ *storage, err error) {
	if s.database != "" {
		return (&storage{}).connect(ctx, s.database)
	}
	installed, err := findBinaries(ctx, "")
	switch {
	case errors.Is(err, embedded.ErrNoBinaries) && s.dir == "": // with -dir, somebody wants to keep the data
		return &storage{users: memory.New(memory.Options[User]{Mail: true})}, nil
	case err != nil:
		return nil, err
	}
	private, err := embedded.Start(ctx, embedded.Options{Bin: installed.Dir, Dir: s.dir, Logger: log})
	if err != nil {
		return nil, fmt.Errorf("%w: mend that, or set DATABASE_URL to use another server", err)
	}
	return (&storage{private: private}).connect(ctx, private.URL())
}

// connect opens the database and migrates it. When it fails, it closes the storage.
func (d *storage) connect(ctx context.Context, url string) (_ *storage, err error) {
	defer func() {
		if err != nil {
			_ = d.close(ctx) // err is why
		}
	}()
	d.pool, err = pgxpool.New(ctx, url)
	if err != nil { // its text repeats the connection string
		return nil, errors.New("DATABASE_URL is not a connection string: write postgres://user:password@host:5432/name")
	}
	if err := reach(ctx, d.pool); err != nil {
		return nil, err
	}
	db := store.New[User](d.pool, store.WithMail())
	sweep := func(ctx context.Context) error { return db.RunSweeper(ctx, 10*time.Minute) } // deletes what has ended
	d.users, d.jobs = db, append(d.jobs, sweep)
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
func (d *storage) gone() <-chan struct{} {
	if d.private == nil {
		return nil
	}
	return d.private.Done()
}

// close also stops the private PostgreSQL, after ctx has ended too.
func (d *storage) close(ctx context.Context) error {
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
