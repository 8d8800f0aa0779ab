package store

import (
	"cmp"
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// lookup finds what belongs to a session's digest, in one statement that writes nothing. On a
// pool, lookups that wait at the same moment share it. Who leaves takes nobody's answer
// along, and a row that cannot be read fails nobody but those who asked for it.
type lookup[A any] struct {
	sessions *Sessions
	one      string
	many     string // its first column is the digest
	read     func(*row, *A)
	ended    func(*A) bool
	line     line[driver.Digest, *A]
}

// What tells one from many. Without the inner SELECT the planner would count the digests and
// plan small batches anew each time, which takes three times as long as carrying them out.
const (
	isDigest  = `s.digest = $1::bytea`
	isInBatch = `s.digest = ANY ((SELECT $1::bytea[])::bytea[])`
)

// serversClock gives a statement the database's own time, and takes no $2.
const serversClock = `(SELECT now() AS now) AS clock`

const finding = "finding a session"

// init takes the statement apart: its columns, what it joins, and the condition beside the digest's.
func (l *lookup[A]) init(s *Sessions, columns, from, condition string) {
	clock := theClock
	if s.now == nil {
		clock = serversClock
	}
	rest := columns + from + ` CROSS JOIN ` + clock + ` WHERE ` + condition + ` AND `
	l.sessions = s
	l.one = `SELECT ` + rest + isDigest
	l.many = `SELECT s.digest, ` + rest + isInBatch
	l.line.timeout, l.line.serve = s.caller.timeout, l.serve
}

func (l *lookup[A]) args(digests any) []any {
	if l.sessions.now == nil {
		return []any{digests}
	}
	return []any{digests, l.sessions.clock()}
}

// find returns driver.ErrNoSession when there is nothing, or what there is has ended.
func (l *lookup[A]) find(ctx context.Context, d driver.Digest) (*A, error) {
	a, err := l.ask(ctx, d)
	if err == nil && l.ended(a) {
		l.sessions.bury(ctx, d)
		return nil, driver.ErrNoSession
	}
	return a, orNoSession(err)
}

func (l *lookup[A]) ask(ctx context.Context, d driver.Digest) (*A, error) {
	if l.sessions.caller.pool == nil { // a transaction serves one goroutine at a time
		return l.alone(ctx, d)
	}
	place, w := l.line.enter(ctx, d)
	if w != nil {
		return l.line.wait(ctx, w, finding)
	}
	defer l.line.leave(place)
	a := new(A)
	err := l.sessions.caller.reread(place, func(ctx context.Context, conn Conn) error { //nolint:contextcheck // the place's is the caller's
		return l.query(ctx, conn, d, a)
	})
	if err != nil && place.Err() != nil && ctx.Err() == nil {
		err = context.DeadlineExceeded
	}
	return answerOf(a, translate(ctx, finding, l.sessions.caller.explainSchema(place, err))) //nolint:contextcheck // the place's is the caller's
}

func (l *lookup[A]) alone(ctx context.Context, d driver.Digest) (*A, error) {
	a := new(A)
	err := l.sessions.caller.read(ctx, finding, func(ctx context.Context, conn Conn) error {
		return l.query(ctx, conn, d, a)
	})
	return answerOf(a, err)
}

func answerOf[A any](a *A, err error) (*A, error) {
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
	var r row
	r.of(rows)
	l.read(&r, to)
	rows.Close()
	return cmp.Or(rows.Err(), r.err)
}

// serve answers a batch under the store's deadline, whoever of the batch is still there.
func (l *lookup[A]) serve(batch []*waiter[driver.Digest, *A]) {
	if len(batch) == 1 {
		w := batch[0]
		w.answer, w.err = l.alone(context.Background(), w.question)
		return
	}
	digests := make([][]byte, len(batch))
	for i, w := range batch {
		digests[i] = w.question[:]
	}
	err := l.sessions.caller.read(context.Background(), finding, func(ctx context.Context, conn Conn) error {
		failAll(batch, pgx.ErrNoRows)
		rows, err := conn.Query(ctx, l.many, l.args(digests)...)
		if err != nil {
			return err
		}
		defer rows.Close()
		var r row
		for rows.Next() {
			r.of(rows)
			if err := l.deliver(&r, batch); err != nil {
				return err
			}
		}
		return rows.Err()
	})
	if err != nil {
		failAll(batch, err)
	}
}

// deliver reads the row for each who asked for it, so that no two share memory.
func (l *lookup[A]) deliver(r *row, batch []*waiter[driver.Digest, *A]) error {
	var d driver.Digest
	r.digest((*digestBytes)(&d))
	if r.err != nil {
		return r.err
	}
	for _, w := range batch {
		if w.question == d {
			r.at, r.err = 1, nil
			w.answer, w.err = l.readFor(r)
		}
	}
	return nil
}

func (l *lookup[A]) readFor(r *row) (a *A, err error) {
	defer func() {
		if p := recover(); p != nil { // in the Scan of a type of the app's own
			a, err = nil, fmt.Errorf("%s: reading a row: %v", finding, p)
		}
	}()
	a = new(A)
	l.read(r, a)
	if r.err != nil {
		return nil, translate(context.Background(), finding, r.err)
	}
	return a, nil
}

const burySession = `
DELETE FROM ginauth.sessions AS s
USING ` + theClock + `
WHERE s.digest = $1::bytea AND NOT (` + notExpired + `)`

// bury deletes a session that was found past its end, so that it stays dead even if
// the clock goes back (SEC-67). What fails here, the sweeper does later. A
// transaction of the app's own is left alone, for it may be one that must not write.
func (s *Sessions) bury(ctx context.Context, d driver.Digest) {
	if s.caller.pool == nil {
		return
	}
	_ = s.caller.do(ctx, "deleting an ended session", func(ctx context.Context, conn Conn) error {
		_, err := conn.Exec(ctx, burySession, d[:], s.clock())
		return err
	})
}
