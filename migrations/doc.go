// Package migrations creates and changes the tables of ginauth. They live in a schema of their
// own, ginauth, in any database with PostgreSQL 14 or later. No extension and no superuser is
// needed, and the migrations insert no rows.
//
// An app calls [Up] when it starts, or a deployment runs the command before it starts the app,
// which then calls [Check]:
//
//	DATABASE_URL=postgres://… go run github.com/ginauth/ginauth/migrations/migrate up
//
// # The stock goose command
//
// The files are plain goose files, so that goose (tested: v3.27.3) applies them as well. It does not
// create the schema its own table is in. From the folder that holds the files:
//
//	psql "$DATABASE_URL" -c 'CREATE SCHEMA IF NOT EXISTS ginauth'
//	goose -table ginauth.goose_db_version postgres "$DATABASE_URL" up
//	goose -table ginauth.goose_db_version postgres "$DATABASE_URL" status
//	goose -table ginauth.goose_db_version postgres "$DATABASE_URL" down
//
// Both ways can be mixed. The app's own migrations stay apart: they have another version table.
//
// # Privileges
//
// The role that migrates needs CREATE on the database, or a schema made for it:
//
//	CREATE SCHEMA ginauth AUTHORIZATION app_owner;
//
// The role the app runs with can do with less: no DDL, and no sight of the version table. Run once,
// after the first migration and as the role that migrates (the last line is for the tables of later
// migrations):
//
//	GRANT USAGE ON SCHEMA ginauth TO app;
//	GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ginauth TO app;
//	REVOKE ALL ON ginauth.goose_db_version FROM app;
//	ALTER DEFAULT PRIVILEGES IN SCHEMA ginauth GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO app;
//
// [Check] also needs SELECT on ginauth.goose_db_version, which holds version numbers and times.
//
// # Rolling deployments
//
// [Up] fails with [ErrNewerSchema] in a build that is older than the schema. While a deployment
// rolls, such a build may go on. Requests do, too: a migration of a large table takes no lock for
// long, and gives way to requests where it would have to wait for one.
//
// # Poolers and other engines
//
// Behind PgBouncer in transaction mode give [Up] a direct connection, or use [WithTableLock].
package migrations
