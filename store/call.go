package store

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth/driver"
)

const (
	maxRetries = 3
	retryPause = 10 * time.Millisecond
	// maxStale is larger than the number of statements of any call.
	maxStale = 16
)

// caller runs all statements by the same rules: deadline, retries, errors.
type caller struct {
	conn    Conn
	pool    *pgxpool.Pool // conn, if it is one
	retries int
	timeout time.Duration
	log     *slog.Logger // nil: slog.Default
	// observer is nil where nobody measures.
	observer driver.Observer

	toldOutdated *atomic.Bool
}

func newCaller(conn Conn, timeout time.Duration, log *slog.Logger) caller {
	c := caller{conn: conn, timeout: timeout, retries: maxRetries, log: log, toldOutdated: &atomic.Bool{}}
	c.pool, _ = conn.(*pgxpool.Pool)
	if _, inTx := conn.(pgx.Tx); inTx {
		c.retries = 0 // only the code that began a transaction can repeat it
	}
	return c
}

// observe gives a sample to the observer, if there is one.
func (c *caller) observe(ctx context.Context, metric driver.Metric, kind string, count int) {
	if c.observer != nil {
		driver.Report(ctx, c.observer, c.log, driver.Sample{Metric: metric, Value: float64(count), Kind: kind})
	}
}

// do runs work within the deadline, repeats it if the database asks for that (SEC-153), and
// translates its error. It repeats nothing else: a statement whose connection broke may have been
// carried out. It returns pgx.ErrNoRows unchanged.
func (c *caller) do(ctx context.Context, doing string, work func(context.Context, Conn) error) error {
	limited, cancel := context.WithTimeout(ctx, c.timeout) // SEC-157
	defer cancel()
	return translate(ctx, doing, c.doWithin(limited, work))
}

// doWithin is do without its own deadline and without the translation.
func (c *caller) doWithin(limited context.Context, work func(context.Context, Conn) error) error {
	return c.explainSchema(limited, c.retry(limited, work))
}

// read is do for work that writes nothing. If the connection has ended, for example because the
// server closed it between two requests, the work is done once more on another connection.
func (c *caller) read(ctx context.Context, doing string, work func(context.Context, Conn) error) error {
	limited, cancel := context.WithTimeout(ctx, c.timeout) // SEC-157
	defer cancel()
	return translate(ctx, doing, c.readWithin(limited, work))
}

// readWithin is read without its own deadline and without the translation.
func (c *caller) readWithin(limited context.Context, work func(context.Context, Conn) error) error {
	err := c.retry(limited, work)
	if c.pool != nil && hungUp(err) {
		err = c.reread(limited, work)
	}
	return c.explainSchema(limited, err)
}

// reread does work on a connection that is known to answer.
func (c *caller) reread(limited context.Context, work func(context.Context, Conn) error) error {
	conn, err := c.answering(limited)
	if err != nil {
		return err
	}
	defer conn.Release()
	return work(limited, conn)
}

// answering returns a connection that has just answered. The event that ended one connection of a
// pool has often ended them all.
func (c *caller) answering(ctx context.Context) (*pgxpool.Conn, error) {
	for left := c.pool.Stat().MaxConns(); ; left-- {
		conn, err := c.pool.Acquire(ctx)
		if err != nil {
			return nil, err
		}
		if err = conn.Ping(ctx); err == nil {
			return conn, nil
		}
		_ = conn.Conn().Close(ctx)
		conn.Release()
		if left == 0 || !hungUp(err) {
			return nil, err
		}
	}
}

// retry runs work again while the database answers with a conflict.
func (c *caller) retry(limited context.Context, work func(context.Context, Conn) error) error {
	err := c.once(limited, work)
	for retry := 1; retry <= c.retries && conflicted(err); retry++ {
		if !pause(limited, retry) {
			break
		}
		err = c.once(limited, work)
	}
	return err
}

func (c *caller) once(ctx context.Context, work func(context.Context, Conn) error) error {
	if c.pool == nil {
		return c.anew(ctx, c.conn, work)
	}
	conn, err := c.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	err = c.anew(ctx, conn, work)
	if readOnly(err) {
		// The next dial may find the server that took over.
		_ = conn.Conn().Close(ctx)
	}
	return err
}

// anew repeats work on the same connection if the server did nothing, because it had forgotten a
// prepared statement or planned it for other types. With each such error pgx forgets one statement,
// and a transaction may have several.
func (c *caller) anew(ctx context.Context, conn Conn, work func(context.Context, Conn) error) error {
	err := work(ctx, conn)
	for try := 1; c.retries > 0 && try <= staleness(err); try++ {
		err = work(ctx, conn)
	}
	return err
}

// pause waits 10 to 20 ms, the next times twice and three times as long. It returns false when the
// time is up.
func pause(ctx context.Context, retry int) bool {
	timer := time.NewTimer(time.Duration(retry) * (retryPause + rand.N(retryPause))) //nolint:gosec // jitter is no secret
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
