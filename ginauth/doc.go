// Package ginauth gives a Gin app accounts and sessions on PostgreSQL.
//
//	pool, err := pgxpool.New(ctx, os.Getenv("DATABASE_URL"))
//	err = migrations.Up(ctx, pool)
//	db := store.New[store.User](pool)
//	cfg, err := ginauth.New(ginauth.Options[store.User]{Users: db})
//	r.Use(ginauth.Session(cfg)) // every route below needs a session, but sign-up, login and logout
//	r.POST("/signup", ginauth.SignUp(cfg))
//	r.POST("/login", ginauth.Login(cfg))
//	r.POST("/logout", ginauth.Logout(cfg))
//	r.GET("/user", ginauth.Me(cfg))
//
// # Order matters
//
// Gin applies middleware to the routes registered after it. A route registered before
// router.Use(ginauth.Session(cfg)) is open to everybody, and nothing at run time can tell. Let
// CheckRoutes look for such routes in a test, or before the server starts.
//
// # The current user
//
// [CurrentUser] returns the app's own type, and an error rather than a bool: on an excluded
// route the store is asked only then, and an outage must not read as "nobody". [With] makes a
// handler of a function that takes the user. sessions.Default of gin-contrib/sessions works
// too, for the values of the session; they are saved before the first byte of the answer. Parallel
// requests keep each other's values where they write different keys; of two that write one, the
// last wins.
//
// # Three steps away from the default
//
// More columns: embed store.User in the app's own struct and add fields. More fields at
// sign-up: embed [Registration] in a payload and use [SignUpWith]. Any other source of users:
// set Options.RetrieveUser, and log users in with [SignIn].
//
// # Once there is an account
//
// [ChangePassword], [SetPassword], [UpdateProfile], [ExportAccount], [DeleteAccount] and [RestoreAccount] are
// for users who are logged in, or were; docs/accounts.md says what each ends and what stays.
//
// # Other ways to authenticate
//
// [Session] is [Authenticate] with one [Backend], the session. Tokens, keys and backends of the app's
// own stand beside it or in its place; CurrentUser, guards, excluded routes and errors are the
// same. A [Guard] is a further condition on a route, a group or the engine; see [Require].
//
// # What is on by default
//
// The session token is 32 random bytes, and only its SHA-256 is stored. Login, sign-up and
// [Renew] replace it; a token that the store does not know is never adopted. The cookie is
// __Host-session with Secure, HttpOnly and SameSite=Lax. Sessions end after an hour without
// use and after a day in any case, by the database's clock. Passwords are hashed with argon2id
// under one memory budget for the process. Wrong passwords make the next attempt wait, longer and longer, and
// addresses have budgets, see [Limits]; browsers that have logged in before are not locked out. Unsafe requests from other origins are refused.
// When the database is away, requests fail with 503, never as anonymous. Errors are
// application/problem+json with stable codes, see docs/problems.md.
//
// CrossOriginProtection of net/http, which does the origin check, lets through requests with
// neither Sec-Fetch-Site nor Origin, and plain http from the same host; SameSite=Lax, TLS and HSTS
// cover what old browsers leave open there.
//
// # Compatibility
//
// The package is before 1.0: a release may change the API, and says how to follow in
// docs/CHANGELOG.md. The zero value of an option is always the safe one.
package ginauth
