// Package store keeps users and sessions in PostgreSQL 14 or newer, in the tables that
// package migrations creates.
//
//	pool, err := pgxpool.New(ctx, os.Getenv("DATABASE_URL"))
//	err = migrations.Up(ctx, pool)
//	db := store.New[store.User](pool)
//	cfg := ginauth.Config[store.User]{Users: db}
//
// # Users of your own
//
// A struct that embeds [User] adds columns to the table ginauth.users. A migration of the
// app's own creates them, nullable or with a default:
//
//	ALTER TABLE ginauth.users ADD COLUMN plan text NOT NULL DEFAULT 'free';
//
//	type User struct {
//		store.User
//		Plan string // column plan; `db:"..."` names another, `db:"-"` none
//	}
//	db := store.New[User](pool)
//
// ginauth.SignUpWith fills them at sign-up. Rows in further tables belong in [AfterCreate], which
// runs in the same transaction.
//
// # Sessions
//
// The database holds the digest of a session's token and never the token. Expiry, idle and
// absolute, is part of every statement, by the database's clock, and so is the user's not
// being disabled: a session that ended is never returned and never written again. Looking
// a session up is one statement and writes nothing. Values are merged key by key under the row's
// lock, so parallel requests keep each other's changes.
//
// Whoever changes a password or disables a user in SQL of their own ends the sessions in a later
// statement of the same transaction: a login that ran meanwhile has then either
// been seen or waits for the transaction and is refused.
//
//	BEGIN;
//	UPDATE ginauth.users SET password_hash = $2, updated_at = now() WHERE id = $1;
//	DELETE FROM ginauth.sessions WHERE user_id = $1;
//	COMMIT;
//
// # Outages
//
// Every call has a deadline. A database that is stopped, unreachable, hanging, read-only,
// overloaded or shutting down is ginauth.ErrUnavailable, with the cause wrapped, and so is a
// transaction that still conflicts after three retries. Nothing else is retried: a
// statement whose connection broke may have been carried out. A caller whose own context is
// cancelled gets context.Canceled instead. What does not pass by itself, such as a
// wrong password or a missing table, is neither.
//
// Give the pool a ConnectTimeout (connect_timeout=1 in its URL): it goes on dialling after a
// call has given up. For failover, list all hosts and target_session_attrs=read-write. A
// replica that is not synchronous can bring revoked sessions back when it takes over.
//
// Behind PgBouncer in transaction mode use default_query_exec_mode=exec, or PgBouncer 1.21 with
// max_prepared_statements.
package store
