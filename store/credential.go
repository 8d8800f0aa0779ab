package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/password"
	"github.com/ginauth/ginauth/store/internal/wire"
)

// CountAndFindCredential is CountAttempt and FindCredential in one round trip and one transaction.
// It returns no user when the attempt has to wait.
func (d *DB[U]) CountAndFindCredential(ctx context.Context, a driver.Attempt, identifier string) (driver.Verdict, U, password.Hash, error) {
	var v driver.Verdict
	var u, none U
	var encoded *string
	if !storable(identifier) {
		v, err := d.CountAttempt(ctx, a)
		if err == nil {
			err = driver.ErrNoUser
		}
		return v, none, password.Hash{}, err
	}
	args, err := d.attemptArgs(a)
	if err != nil {
		return v, none, password.Hash{}, err
	}
	err = d.caller.do(ctx, "counting an attempt and finding its credential", func(ctx context.Context, conn Conn) (err error) {
		var batch pgx.Batch
		batch.Queue(countAttempt, args...)
		batch.Queue(d.statements.credential(identifier), identifier, driver.Realm(ctx))
		results := conn.SendBatch(ctx, &batch)
		defer func() {
			if closed := results.Close(); closed != nil {
				err = closed // the row that was read is not committed
			}
		}()
		if v, err = scanVerdict(results.QueryRow()); err != nil {
			return err
		}
		return results.QueryRow().Scan(wire.Func(func(r *wire.Reader) {
			r.Scan(&encoded)
			d.readUser(r, &u)
		}))
	})
	d.sweepNowAndThen(ctx)
	return judged(v, u, encoded, orNoUser(err))
}

func judged[U any](v driver.Verdict, u U, encoded *string, err error) (driver.Verdict, U, password.Hash, error) {
	var none U
	if v.Wait > 0 && (err == nil || err == driver.ErrNoUser) { //nolint:errorlint // orNoUser's
		return v, none, password.Hash{}, nil
	}
	if err != nil {
		return v, none, password.Hash{}, err
	}
	hash, err := hashOf(encoded)
	return v, u, hash, err
}
