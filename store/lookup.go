package store

import (
	"cmp"
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store/internal/line"
	"github.com/ginauth/ginauth/store/internal/wire"
)

// lookup finds what belongs to a session's digest, in one statement that writes nothing. On a pool,
// lookups that wait at the same moment share a statement. A row that cannot be read fails only the
// callers that asked for it.
type lookup[A any] struct {
	sessions *Sessions
	one      string
	many     string // its first column is the digest
	read     func(*wire.Reader, *A)
	ended    func(*A) bool
	line     line.Line[driver.Digest, *A]
}

// The condition of a statement for one caller, and for many. Without the inner SELECT the planner
// would count the digests and plan small batches anew each time, which takes three times as long as
// running them.
const (
	isDigest  = `s.digest = $1::bytea`
	isInBatch = `s.digest = ANY ((SELECT $1::bytea[])::bytea[])`
)

// serversClock is the database's own time, without a parameter.
const serversClock = `(SELECT now() AS now) AS clock`

const finding = "finding a session"

// init makes both statements from columns, joined tables, and a condition in addition to the
// digest's.
func (l *lookup[A]) init(s *Sessions, columns, from, condition string) {
	clock := theClock
	if s.now == nil {
		clock = serversClock
	}
	rest := columns + from + ` CROSS JOIN ` + clock + ` WHERE ` + condition + ` AND `
	l.sessions = s
	l.one = `SELECT ` + rest + isDigest
	l.many = `SELECT s.digest, ` + rest + isInBatch
	l.line.Timeout, l.line.One, l.line.Many = s.caller.timeout, l.own, l.shared
}

func (l *lookup[A]) args(digests any) []any {
	if l.sessions.now == nil {
		return []any{digests}
	}
	return []any{digests, l.sessions.clock()}
}

// FindUserSession returns a live session and its user. It is one statement and writes nothing,
// unless it finds a session past its end, which it deletes. The record's CreatedAt, IdleTimeout and
// Origin stay empty. driver.ErrNoSession means that there is no such session, that it is anonymous,
// or that its user is disabled.
func (d *DB[U]) FindUserSession(ctx context.Context, digest driver.Digest) (U, driver.Session, error) {
	f, err := d.lookup.find(ctx, digest)
	if err != nil {
		var none U
		return none, driver.Session{}, err
	}
	f.record.Digest = digest
	return f.user, f.record, nil
}

// find returns driver.ErrNoSession when there is no row, or when the session has ended.
func (l *lookup[A]) find(ctx context.Context, d driver.Digest) (*A, error) {
	a, err := l.ask(ctx, d)
	if err == nil && l.ended(a) {
		l.sessions.bury(ctx, d)
		return nil, driver.ErrNoSession
	}
	return a, orNoSession(err)
}

func (l *lookup[A]) ask(ctx context.Context, d driver.Digest) (a *A, err error) {
	if l.sessions.caller.pool == nil { // a transaction serves one goroutine at a time
		limited, cancel := context.WithTimeout(ctx, l.line.Timeout)
		defer cancel()
		a, err = l.own(limited, d)
	} else {
		a, err = l.line.Ask(ctx, d)
	}
	return a, translate(ctx, finding, err)
}

// own runs a statement for one caller.
func (l *lookup[A]) own(limited context.Context, d driver.Digest) (*A, error) {
	a := new(A)
	l.sessions.caller.observe(limited, driver.LookupBatch, "", 1)
	err := l.sessions.caller.readWithin(limited, func(ctx context.Context, conn Conn) error {
		return l.query(ctx, conn, d, a)
	})
	if err != nil {
		return nil, err
	}
	return a, nil
}

func (l *lookup[A]) query(ctx context.Context, conn Conn, d driver.Digest, to *A) error {
	rows, err := conn.Query(ctx, l.one, l.args(d[:])...)
	if err != nil {
		return err
	}
	defer rows.Close()
	if !rows.Next() {
		return cmp.Or(rows.Err(), pgx.ErrNoRows)
	}
	var r wire.Reader
	r.Start(rows)
	l.read(&r, to)
	rows.Close()
	return cmp.Or(rows.Err(), r.Err())
}

// shared runs a statement for the callers of a batch.
func (l *lookup[A]) shared(limited context.Context, batch []*line.Waiter[driver.Digest, *A]) {
	if len(batch) == 1 {
		batch[0].Answer, batch[0].Err = l.own(limited, batch[0].Question)
		return
	}
	l.sessions.caller.observe(limited, driver.LookupBatch, "", len(batch))
	digests := make([][]byte, len(batch))
	for i, w := range batch {
		digests[i] = w.Question[:]
	}
	err := l.sessions.caller.readWithin(limited, func(ctx context.Context, conn Conn) error {
		line.Fail(batch, pgx.ErrNoRows)
		rows, err := conn.Query(ctx, l.many, l.args(digests)...)
		if err != nil {
			return err
		}
		defer rows.Close()
		var r wire.Reader
		for rows.Next() {
			r.Start(rows)
			if err := l.deliver(&r, batch); err != nil {
				return err
			}
		}
		return rows.Err()
	})
	if err != nil {
		line.Fail(batch, err)
	}
}

// deliver reads the row once for each caller that asked for it, so that no two callers share
// memory.
func (l *lookup[A]) deliver(r *wire.Reader, batch []*line.Waiter[driver.Digest, *A]) error {
	var d driver.Digest
	r.Digest((*[32]byte)(&d))
	if r.Err() != nil {
		return r.Err()
	}
	for _, w := range batch {
		if w.Question == d {
			r.Restart(1) // after the digest
			w.Answer, w.Err = l.readFor(r)
		}
	}
	return nil
}

func (l *lookup[A]) readFor(r *wire.Reader) (a *A, err error) {
	defer func() {
		if p := recover(); p != nil { // from the Scan of a type of the app
			a, err = nil, fmt.Errorf("reading a row: %v", p)
		}
	}()
	a = new(A)
	l.read(r, a)
	if r.Err() != nil {
		return nil, r.Err()
	}
	return a, nil
}

const burySession = `
DELETE FROM ginauth.sessions AS s
USING ` + theClock + `
WHERE s.digest = $1::bytea AND NOT (` + notExpired + `)`

// bury deletes a session that was found past its end, so that it stays dead even if the clock goes
// back (SEC-67). If that fails, the sweeper does it later. It does nothing in a transaction of the
// app's own, which may be read-only.
func (s *Sessions) bury(ctx context.Context, d driver.Digest) {
	if s.caller.pool == nil {
		return
	}
	_ = s.caller.do(ctx, "deleting an ended session", func(ctx context.Context, conn Conn) error {
		_, err := conn.Exec(ctx, burySession, d[:], s.clock())
		return err
	})
}
