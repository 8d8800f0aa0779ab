// Package ginauth gives a Gin app accounts and sessions on PostgreSQL.
//
//	pool, err := pgxpool.New(ctx, os.Getenv("DATABASE_URL"))
//	err = migrations.Up(ctx, pool)
//	db := store.New[store.User](pool)
//	cfg, err := ginauth.New(ginauth.Options[store.User]{Users: db})
//	r.Use(ginauth.Session(cfg)) // every route below needs a session, except sign-up, login and logout
//	r.POST("/signup", ginauth.SignUp(cfg))
//	r.POST("/login", ginauth.Login(cfg))
//	r.POST("/logout", ginauth.Logout(cfg))
//	r.GET("/user", ginauth.Me(cfg))
//
// # Order matters
//
// Gin applies middleware to the routes registered after it. A route registered before
// router.Use(ginauth.Session(cfg)) is open to everybody, and nothing at run time can detect that.
// Let CheckRoutes look for such routes in a test, or before the server starts.
//
// # What the middleware does
//
// If the store cannot be asked, [Session] answers 503 and never treats the request as anonymous.
// Unsafe requests from other origins get 403 on every route, excluded or not, and so do requests
// from there that open a WebSocket. Options.Unverified may refuse users who have not proved to own
// their address.
//
// A CORS preflight has no user, and anybody can forge one. On a protected route it gets 204 and
// runs nothing: register CORS middleware before Session. Rules such as "OPTIONS /template" in
// Options.Exclude let preflights through.
//
// Register Gin's Recovery before Session, so that a handler that panics saves nothing. Run Gin in
// release mode: its debug mode prints cookies after a panic. A second Session on a group adds
// protection: it closes routes that the first one excludes, and opens none that the first one
// protects. It must have the same cookie, stores, backends and RetrieveUser.
//
// # The current user
//
// [CurrentUser] returns the app's own user type. It returns an error rather than a bool, because on
// an excluded route it has to ask the store, and an outage must not look like "not logged in".
// [With] makes a handler of a function that takes the user. sessions.Default of
// gin-contrib/sessions works too, for the values of the session. They are saved before the first
// byte of the answer. Parallel requests that write different keys keep each other's values; if two
// write the same key, the last one wins.
//
// # Three steps away from the default
//
// More columns: embed store.User in the app's own struct and add fields. More fields at sign-up:
// embed [Registration] in a payload and use [SignUpWith]. Any other source of users: set
// Options.FindUser or Options.RetrieveUser, and log users in with [SignIn].
//
// # Managing an account
//
// Package account has the handlers for users who are logged in, or were: ChangePassword,
// SetPassword, UpdateProfile, ExportAccount, DeleteAccount, RestoreAccount and others.
// docs/accounts.md says what each one ends and what it keeps.
//
// # Other ways to authenticate
//
// [Session] is [Authenticate] with one [Backend], the session. Tokens, API keys and backends of the
// app's own can be used beside it or instead of it. CurrentUser, guards, excluded routes and errors
// stay the same. A [Guard] is a further condition on a route, a group or the engine; see [Require].
//
// # What is on by default
//
// The session token is 32 random bytes, and only its SHA-256 is stored. Login, sign-up and [Renew]
// replace it; a token that the store does not know is never adopted. The cookie is __Host-session
// with Secure, HttpOnly and SameSite=Lax. Sessions end after an hour without use and after a day in
// any case, by the database's clock. Passwords are hashed with argon2id under one memory budget for
// the process. After several wrong passwords each further attempt has to wait, longer each time,
// and each client address has a budget, see [Limits]. Browsers that have logged in before are not
// locked out. Unsafe requests from other origins are refused. When the database is away, requests
// fail with 503 and are never treated as anonymous. Errors are application/problem+json with stable
// codes, see docs/problems.md.
//
// CrossOriginProtection of net/http does the origin check. It lets through requests that have
// neither Sec-Fetch-Site nor Origin, and plain http from the same host; SameSite=Lax, TLS and HSTS
// close these gaps, which only old browsers have.
//
// # Compatibility
//
// The package is before 1.0: a release may change the API. docs/CHANGELOG.md then says how to
// adapt. The zero value of an option is always the safe one.
package ginauth
