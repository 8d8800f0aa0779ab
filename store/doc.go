// Package store keeps users and sessions in PostgreSQL 14 or newer, in the tables that
// package migrations creates.
//
//	pool, err := pgxpool.New(ctx, os.Getenv("DATABASE_URL"))
//	err = migrations.Up(ctx, pool)
//	db := store.New[store.User](pool)
//	cfg, err := ginauth.New(ginauth.Options[store.User]{Users: db})
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
// being disabled and the sessions' not being revoked: a session that ended is never returned and never
// written again. Looking
// a session up is one statement and writes nothing, except that a session found past its end is
// deleted, so that it stays dead should the clock go back. Values are merged key by key under the row's
// lock, so parallel requests keep each other's changes.
//
// On a pool, lookups that wait at the same moment share a statement, and so do the
// marks of use. A caller who is cancelled leaves at once and disturbs nobody; a statement
// that hangs holds up nobody but those who share it; a row that does not scan fails nobody but those who
// asked for it. A shared statement belongs to no request, so a tracer of the pool sees it without a
// request's context.
//
// A session carries the sum of two numbers, its user's and everybody's, as it was when the session
// was made. [Sessions.RevokeUserSessions] and [Sessions.RevokeAllSessions] move one of
// them, which ends any number of sessions in all processes by writing one row. Neither may ever
// shrink. SetPassword and DisableUser do it; whoever changes a password or disables a user in SQL of their own moves the user's in the
// same statement: a login that ran meanwhile has then either come before, and is over, or waits
// for the statement and is refused.
//
//	UPDATE ginauth.users
//	SET password_hash = $2, password_pending = FALSE, session_epoch = session_epoch + 1, updated_at = now() WHERE id = $1;
//
// password_pending marks a password of [DB.CreateUserAndMail], which logs nobody in while verified_at is NULL.
//
// A rotated session is known by the digest before the last rotation, too: [Sessions.FindRotated]
// returns it for the rotation's grace, and ends it when the old token is used later. The
// limit of driver.NewSession holds under parallel logins at PostgreSQL's default isolation level,
// READ COMMITTED.
//
// Rows of what has ended stay until a sweeper deletes them. Run [Sessions.RunSweeper] in a
// goroutine, in as many processes as you like, or call [Sessions.Sweep] from a job of your own: it is a round of
// everything. What it cannot delete holds up nothing else; RunSweeper tells [WithLogger]'s of it.
//
// # Accounts
//
// [DB.SetPassword] stores a password and ends what the old one began, in one transaction. Operators have
// [DB.FindUserByEmail], [DB.DisableUser], [DB.EnableUser], [DB.ForcePasswordReset] and [DB.DeleteUser]; none of
// them sees or sets a password. A user whom [DB.ArchiveUser] has disabled is deleted by the sweeper after the grace, and
// after the last mailed link that undoes a change of address.
//
// # Attempts
//
// [Sessions] and [DB] count attempts for ginauth: one statement each, for all processes, by the database's
// clock. Rows that count for nothing any more are deleted by the sweeper, and some by every 64th attempt, so
// that the table stays small without one. [Sessions.SettleAttempt] makes devices known; a device ends
// with its user's sessions.
//
// # Events
//
// Methods that change an account write a driver.Event into ginauth.events, in the same transaction, with the
// circumstances that ginauth.AuditContext or driver.WithCause put into the context. [OnEvent] and [AfterEvent] are told of each,
// [Sessions.UserEvents] lists those of a user, and the sweeper deletes them after [WithEventRetention].
//
// # API keys
//
// [DB] keeps the API keys of package apikey: their digests, never the keys. A key is found together
// with its user, in one statement, as long as it has not expired and the user is not disabled, and
// it is deleted with the user. Revoking sessions leaves keys alone; [DB.RevokeUserAPIKeys]
// ends them.
//
// # Refresh tokens
//
// A login by refresh tokens is one row, however many tokens follow each other in it. It ends by
// what ends a user's sessions, and is listed and ended by [Sessions.UserRefreshFamilies] and
// [Sessions.RevokeRefreshFamily]. Packages refresh and jwt of ginauth say what the tokens are.
//
// # Outages
//
// Every call has a deadline. A database that is stopped, unreachable, hanging, read-only,
// overloaded or shutting down is driver.ErrUnavailable, with the cause wrapped, and so is a
// transaction that still conflicts after three retries. What the server refused because it had forgotten a prepared
// statement, or planned it for a type that has changed, is sent again, and so is what only reads and whose connection had
// ended. Nothing else is retried: a
// statement whose connection broke may have been carried out. A caller whose own context is
// cancelled gets context.Canceled instead. What does not pass by itself, such as a
// wrong password or a missing table, is neither.
//
// Give the pool a ConnectTimeout (connect_timeout=1 in its URL): it goes on dialling after a
// call has given up. For failover, list all hosts and target_session_attrs=read-write. A
// replica that is not synchronous can bring revoked sessions back when it takes over.
//
// Behind PgBouncer in transaction mode use default_query_exec_mode=exec, as the tests do with
// PgBouncer 1.18, or PgBouncer 1.21 with max_prepared_statements.
package store
