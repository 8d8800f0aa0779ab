// Command migrate changes or shows the tables of ginauth in the database $DATABASE_URL names.
//
//	migrate [-table-lock] [-timeout 5m] up      apply all migrations
//	migrate [-table-lock] [-timeout 5m] down    roll back the newest one, with its rows
//	migrate [-timeout 5m] status                change nothing
//
// Each prints the migrations and whether they are applied. Failure is one line on standard
// error and exit code 1; an interrupt undoes the migration that runs.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/migrations"
)

const connectTimeout = 10 * time.Second

var errUsage = errors.New("usage: migrate [-table-lock] [-timeout 5m] up|down|status")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Getenv("DATABASE_URL"), os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "migrate:", sentence(err))
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, url string, out io.Writer) error {
	flags := flag.NewFlagSet("migrate", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	tableLock := flags.Bool("table-lock", false, "")
	timeout := flags.Duration("timeout", 5*time.Minute, "")
	if err := flags.Parse(args); err != nil || flags.NArg() != 1 || *timeout <= 0 {
		return errUsage
	}
	var opts []migrations.Option
	if *tableLock {
		opts = append(opts, migrations.WithTableLock())
	}
	change, ok := map[string]func(context.Context, *pgxpool.Pool, ...migrations.Option) error{
		"up":     migrations.Up,
		"down":   migrations.Down,
		"status": func(context.Context, *pgxpool.Pool, ...migrations.Option) error { return nil },
	}[flags.Arg(0)]
	if !ok {
		return errUsage
	}
	pool, err := openPool(ctx, url)
	if err != nil {
		return err
	}
	defer pool.Close()
	ctx, cancel := context.WithTimeoutCause(ctx, *timeout,
		fmt.Errorf("not finished after %v: another process may be migrating, or use a table", *timeout))
	defer cancel()
	if err := change(ctx, pool, opts...); err != nil {
		return cmp.Or(context.Cause(ctx), err)
	}
	list, err := migrations.Status(ctx, pool)
	if err != nil {
		return cmp.Or(context.Cause(ctx), err)
	}
	return show(out, list)
}

func openPool(ctx context.Context, url string) (*pgxpool.Pool, error) {
	if url == "" {
		return nil, errors.New("DATABASE_URL is not set: set it to postgres://user:password@host:5432/database")
	}
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		// What the parser says may hold a piece of a password.
		return nil, errors.New("DATABASE_URL is not understood: set it to postgres://user:password@host:5432/database")
	}
	cfg.ConnConfig.ConnectTimeout = cmp.Or(cfg.ConnConfig.ConnectTimeout, connectTimeout)
	return pgxpool.NewWithConfig(ctx, cfg)
}

func show(out io.Writer, list []migrations.Migration) error {
	for _, m := range list {
		state := "pending"
		if !m.AppliedAt.IsZero() {
			state = "applied " + m.AppliedAt.Format(time.DateTime+" UTC")
		}
		file := cmp.Or(m.File, fmt.Sprintf("%05d (unknown to this build)", m.Version))
		if _, err := fmt.Fprintf(out, "%-30s %s\n", file, state); err != nil {
			return fmt.Errorf("writing the list: %w", err)
		}
	}
	return nil
}

// sentence makes one line of an error, without the list of addresses that were tried.
func sentence(err error) string {
	var refused *pgconn.PgError
	var unreachable *pgconn.ConnectError
	var network *net.OpError
	var lookup *net.DNSError
	switch {
	case errors.Is(err, context.Canceled):
		return "interrupted: what was not finished is undone"
	case !errors.As(err, &unreachable):
		return line(err)
	case errors.As(err, &refused):
		return "the server refuses the connection: " + refused.Message
	case errors.As(err, &lookup):
		return "the server cannot be reached: its name is not known: " + lookup.Err
	case errors.As(err, &network):
		return "the server cannot be reached: " + network.Err.Error()
	}
	return "the server cannot be reached: " + line(errors.Unwrap(unreachable))
}

func line(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }
