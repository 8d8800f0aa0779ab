// Package store keeps users and sessions in PostgreSQL 14 or newer, in the tables that package
// migrations creates.
//
//	pool, err := pgxpool.New(ctx, os.Getenv("DATABASE_URL"))
//	err = migrations.Up(ctx, pool)
//	db := store.New[store.User](pool)
//	cfg, err := ginauth.New(ginauth.Options[store.User]{Users: db})
//
// # Users of your own
//
// A struct that embeds [User] adds columns to the table ginauth.users. A migration of the app's own
// creates them, nullable or with a default:
//
//	ALTER TABLE ginauth.users ADD COLUMN plan text NOT NULL DEFAULT 'free';
//
//	type User struct {
//		store.User
//		Plan string // column plan; `db:"..."` names another column, `db:"-"` leaves the field out
//	}
//	db := store.New[User](pool)
//
// ginauth.SignUpWith fills them at sign-up. Rows in further tables belong in [AfterCreate], which
// runs in the same transaction.
//
// # Users elsewhere
//
// [NewTable] keeps users in a table of the app's own in the same database. [NewExternal] returns a
// store for users whose accounts are in another database or in a directory, or are found by code of
// the app's own. Everything below that does not change an account works for both.
//
// # Sessions
//
// The database holds the digest of a session's token and never the token. Every statement checks
// that the session has not expired, by idle and by absolute timeout and by the database's clock,
// that its user is not disabled, and that it is not revoked: a session that has ended is never
// returned and never written again. Looking a session up is one statement and writes nothing,
// except that a session found past its end is deleted, so that it stays dead if the clock goes
// back. Values are merged key by key under the row's lock, so parallel requests keep each other's
// changes.
//
// On a pool, lookups that wait at the same moment share a statement, and so do marks of use. A
// caller that is cancelled does not affect the others. A statement that hangs delays only the
// callers that share it, and a row that cannot be read fails only the callers that asked for it. A
// shared statement belongs to no request, so a tracer of the pool sees it without a request's
// context.
//
// A session stores the sum of two numbers, its user's and a global one, as they were when the
// session was created. [Sessions.RevokeUserSessions] and [Sessions.RevokeAllSessions] increase one
// of them, which ends any number of sessions in all processes by writing one row. Neither number
// may ever shrink. SetPassword and DisableUser increase the user's. SQL of your own that changes a
// password or disables a user must increase it in the same statement. A parallel login then comes
// either before the statement, and is ended, or waits for it and is refused.
//
//	UPDATE ginauth.users
//	SET password_hash = $2, password_pending = FALSE, session_epoch = session_epoch + 1, updated_at = now() WHERE id = $1;
//
// password_pending marks a password of [DB.CreateUserAndMail], which nobody can log in with while
// verified_at is NULL.
//
// A rotated session can be found by the digest before its last rotation, too:
// [Sessions.FindRotated] returns it within the rotation's grace, and ends it when the old token is
// used later. The limit of driver.NewSession holds under parallel logins at PostgreSQL's default
// isolation level, READ COMMITTED.
//
// Rows that have ended stay until a sweeper deletes them. Run [Sessions.RunSweeper] in a goroutine,
// in as many processes as you like, or call [Sessions.Sweep], which is one round, from a job of
// your own. A failure does not stop the rest of a round; RunSweeper logs it to [WithLogger]'s.
//
// # Accounts
//
// [DB.SetPassword] stores a password and ends what was begun with the old one, in one transaction.
// Operators have [DB.FindUserByEmail], [DB.DisableUser], [DB.EnableUser], [DB.ForcePasswordReset],
// [DB.RequirePasswordChange] and [DB.DeleteUser]; none of them reads or sets a password. The
// sweeper deletes a user whom [DB.ArchiveUser] has disabled after the grace, and after the end of
// the last mailed link that undoes a change of address. [DB.ImportUsers] moves users of another
// system in.
//
// # Attempts
//
// [Sessions] and [DB] count attempts for ginauth: each in one statement, for all processes, by the
// database's clock. The sweeper deletes rows that no longer count, and so does one in 64 attempts,
// so that the table stays small without a sweeper. [Sessions.SettleAttempt] makes devices known; a
// device ends with its user's sessions.
//
// # Events
//
// Methods that change an account write a driver.Event into ginauth.events, in the same transaction,
// with the circumstances that ginauth.AuditContext or driver.WithCause put into the context.
// [OnEvent] and [AfterEvent] are called for each event, [Sessions.UserEvents] lists those of a
// user, and the sweeper deletes them after [WithEventRetention].
//
// # API keys
//
// [DB] keeps the API keys of package apikey: their digests, never the keys. One statement finds a
// key together with its user, as long as the key has not expired and the user is not disabled. A
// key is deleted with its user. Revoking sessions does not end keys; [DB.RevokeUserAPIKeys] does.
//
// # Refresh tokens
//
// A login by refresh tokens is one row, however many tokens follow each other in it. Whatever ends
// a user's sessions ends it, too. [Sessions.UserRefreshFamilies] lists such logins and
// [Sessions.RevokeRefreshFamily] ends one. Packages refresh and jwt of ginauth describe the tokens.
//
// # Outages
//
// Every call has a deadline. A database that is stopped, unreachable, hanging, read-only,
// overloaded or shutting down is driver.ErrUnavailable, which wraps the cause, and so is a
// transaction that still conflicts after three retries. A statement is sent again if the server
// refused it because it had forgotten a prepared statement or planned it for a type that has
// changed, and a statement that only reads is sent again if its connection had ended. Nothing else
// is retried: a statement whose connection broke may have been carried out. A caller whose own
// context is cancelled gets context.Canceled. A fault that does not pass, such as a wrong password
// or a missing table, is neither of these.
//
// Give the pool a ConnectTimeout (connect_timeout=1 in its URL), because it goes on dialling after
// a call has given up. For failover, list all hosts and target_session_attrs=read-write. An
// asynchronous replica that takes over can bring revoked sessions back.
//
// Behind PgBouncer in transaction mode use default_query_exec_mode=exec, as the tests do with
// PgBouncer 1.18, or PgBouncer 1.21 with max_prepared_statements.
package store
