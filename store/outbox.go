package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store/internal/wire"
)

const (
	// maxFailed and keptFailed limit the rows of mails that could not be sent.
	maxFailed  = 1000
	keptFailed = 7 * 24 * time.Hour
	// maxLocale is the limit of the constraint outbox_locale_check.
	maxLocale = 35
	// maxMarked is the limit of outbox_email_canonical_check.
	maxMarked = 254
)

// queueMail writes a row in both cases, so that a mail that is already queued takes as long as a
// new one. It reads nothing about accounts (SEC-31, SEC-32).
const (
	queueMail = intoOutbox + `
SELECT $1::uuid, $3::text, $4::uuid, $5::text, CASE WHEN $8::text = '' THEN $6::text ELSE $6::text || E'\n' || $8::text END,
	$8::text, $7::text, clock.now, clock.now
FROM ` + theClock + orCountRequest

	// queueMailToUser is queueMail for an order that names its user.
	queueMailToUser = intoOutbox + `
SELECT $1::uuid, $3::text, $4::uuid, $5::text, $6::text, COALESCE(` + realmOfUser + `, $8::text), $7::text, clock.now, clock.now
FROM ` + theClock + orCountRequest

	realmOfUser = `(SELECT u.realm FROM ginauth.users AS u WHERE u.id = $4::uuid)`

	// ordered is the identifier of the order o. In a realm, where an order without a user is kept
	// apart from equal ones of other realms, a line break and the realm follow.
	ordered = `split_part(o.email_canonical, E'\n', 1)`

	intoOutbox = `
INSERT INTO ginauth.outbox AS o (id, kind, user_id, email, email_canonical, realm, locale, created_at, due_at)`
	orCountRequest = `
ON CONFLICT (kind, email_canonical, COALESCE(user_id, '00000000-0000-0000-0000-000000000000'::uuid)) WHERE failed_at IS NULL
DO UPDATE SET requests = o.requests + 1`
)

// QueueMail stores a mail that is to be sent, in one statement, which is the same whether or not
// the address has an account. The mail is in the realm of its user, or of ctx if it names none. driver.ErrNoUser means that the order's user does not exist. To queue
// a mail together with the change that it is about, use a store on your own transaction: New with a
// pgx.Tx.
func (d *DB[U]) QueueMail(ctx context.Context, o driver.MailOrder) error {
	args, err := d.order(ctx, o)
	if err != nil {
		return err
	}
	statement := queueMail
	if o.UserID != "" {
		statement = d.sql(queueMailToUser)
	}
	return d.withShadow(ctx, o.UserID, func() error {
		err := d.caller.do(ctx, "queueing a mail", func(ctx context.Context, conn Conn) error {
			_, err := conn.Exec(ctx, statement, args...)
			return err
		})
		if sqlState(err) == codeForeignKeyViolation {
			return driver.ErrNoUser
		}
		return err
	})
}

// order returns the arguments of queueMail and queueMailToUser.
func (d *DB[U]) order(ctx context.Context, o driver.MailOrder) ([]any, error) {
	if len(o.Canonical)+len(d.mark()) > maxMarked || o.Email == "" || o.Canonical == "" || strings.Contains(o.Canonical, "\n") ||
		!storable(o.Email) || !storable(o.Canonical) || !storable(o.Locale) || len(o.Locale) > maxLocale {
		return nil, errors.New("queueing a mail: it needs an address, and text that can be stored")
	}
	var user any
	if o.UserID != "" {
		key, ok := d.key(ctx, o.UserID)
		if !ok {
			return nil, driver.ErrNoUser
		}
		user = key
	}
	id, err := uuid.NewRandom()
	if err != nil {
		return nil, fmt.Errorf("queueing a mail: making its id: %w", err)
	}
	return []any{id.String(), d.clock(), string(o.Kind), user, o.Email, o.Canonical + d.mark(), o.Locale, driver.Realm(ctx)}, nil
}

// isOurs holds for the mails of this store. Those of an app's own table have a mark, see mark.
const isOurs = ordered + ` NOT LIKE '% %'`

// claimMail skips mails that other workers have claimed. If a worker crashes, its mail becomes due
// again when the lease ends.
const claimMail = `
WITH due AS (
	SELECT o.id, clock.now
	FROM ginauth.outbox AS o
	CROSS JOIN ` + theClock + `
	WHERE o.failed_at IS NULL AND o.due_at <= clock.now AND ` + isOurs + `
	ORDER BY o.due_at
	LIMIT $1::bigint
	FOR UPDATE OF o SKIP LOCKED
)
UPDATE ginauth.outbox AS o
SET attempts = o.attempts + 1, due_at = due.now + $3::interval
FROM due
WHERE o.id = due.id
RETURNING o.id, o.kind, o.realm, o.locale, o.attempts, o.created_at, due.now`

// ClaimMail returns mails that are due, and hides them from other workers for the lease. It is one
// statement and does not wait for locks.
func (d *DB[U]) ClaimMail(ctx context.Context, limit int, lease time.Duration) ([]driver.Mail, error) {
	if limit <= 0 || lease <= 0 {
		return nil, errors.New("claiming mail: it needs a positive limit and lease")
	}
	var list []driver.Mail
	err := d.caller.do(ctx, "claiming mail", func(ctx context.Context, conn Conn) error {
		rows, err := conn.Query(ctx, d.sql(claimMail), limit, d.clock(), lease)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (m driver.Mail, err error) {
			err = row.Scan(wire.UUID((*string)(&m.ID)), (*string)(&m.Kind), &m.Realm, &m.Locale, &m.Attempt, wire.Time(&m.OrderedAt), wire.Time(&m.Now))
			return m, err
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

const (
	// The row of a mail that was sent is deleted, even if another worker has claimed it in the
	// meantime.
	forgetMail = `DELETE FROM ginauth.outbox WHERE id = $1::uuid`

	settleMail = `
UPDATE ginauth.outbox AS o
SET failure = $4::text,
	due_at = CASE WHEN $5::interval > interval '0' THEN clock.now + $5::interval ELSE o.due_at END,
	failed_at = CASE WHEN $5::interval > interval '0' THEN NULL ELSE clock.now END
FROM ` + theClock + `
WHERE o.id = $1::uuid AND o.attempts = $3::integer AND o.failed_at IS NULL`

	dropFailed = `
DELETE FROM ginauth.outbox AS o
WHERE o.failed_at IS NOT NULL AND (o.failed_at < COALESCE($1::timestamptz, now()) - $2::interval OR o.id IN (
	SELECT f.id FROM ginauth.outbox AS f WHERE f.failed_at IS NOT NULL ORDER BY f.failed_at DESC, f.id OFFSET $3::bigint))`
)

// SettleMail stores how an attempt to send a mail ended. A mail that was sent is deleted; a mail to
// be tried again waits; a mail that is given up stays for 7 days, at most the newest 1000 of them,
// and is not sent.
func (d *DB[U]) SettleMail(ctx context.Context, id driver.MailID, attempt int, o driver.MailOutcome) error {
	key, ok := parseID(string(id))
	if !ok {
		return nil
	}
	return d.caller.do(ctx, "settling a mail", func(ctx context.Context, conn Conn) error {
		if o.Failure == "" {
			_, err := conn.Exec(ctx, forgetMail, key)
			return err
		}
		var batch pgx.Batch
		batch.Queue(settleMail, key, d.clock(), attempt, o.Failure, max(o.RetryIn, 0))
		if o.RetryIn <= 0 {
			batch.Queue(dropFailed, d.clock(), keptFailed, maxFailed)
		}
		return conn.SendBatch(ctx, &batch).Close()
	})
}
