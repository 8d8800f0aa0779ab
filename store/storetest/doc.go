// Package storetest gives each test a PostgreSQL database of its own, in a few milliseconds.
//
//	func TestSignUp(t *testing.T) {
//		t.Parallel()
//		pool := storetest.NewDB(t)
//		...
//	}
//
// All packages of one "go test ./..." share one private server, which the first test starts and
// which ends by itself a few seconds after the last one, however that ended. A database is a copy
// of a template that was migrated once. The server writes nothing durably, and on Linux it keeps
// its files in memory (/dev/shm) if 2 GiB are free there. GINAUTH_STORETEST_GRACE sets how long it
// waits for the next run (default 5s).
//
// With DATABASE_URL set, the databases are made on that server instead, and dropped after each
// test. Its role needs CREATEDB. The template stays there as ginauth_template_ and a hash of the
// migrations.
//
// Systems without [embedded.Start] need DATABASE_URL. The package is for tests only.
package storetest
