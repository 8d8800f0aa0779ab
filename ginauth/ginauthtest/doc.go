// Package ginauthtest tests an app that uses ginauth: log in as anyone in a line, read the mails in
// a mailbox, move the clock.
//
//	func TestDashboard(t *testing.T) {
//		app := ginauthtest.New(t, func(k ginauthtest.Kit[User]) *gin.Engine { return routes(k.Config) })
//		ada := app.As(User{Plan: "pro"})
//		ada.GET("/dashboard").Status(200)
//		app.Clock.Advance(61 * time.Minute)
//		ada.GET("/dashboard").Problem("unauthenticated")
//	}
//
// Nothing is faked: As writes a row and signs in by ginauth.SignIn, every request runs through the
// app's own router, and links come out of the mails that package email has sent.
//
// # Where accounts are kept
//
// Each test has a PostgreSQL database of its own by default, since that is what runs in production:
// column names, defaults, foreign keys of the app's own tables and hooks are part of what is
// tested. [github.com/ginauth/ginauth/store/storetest] starts the server, or takes that of
// DATABASE_URL. With [InMemory] a test needs nothing but Go.
//
// # What an app's own Options need
//
// Kit.Config has the safe defaults with a cheap hasher and generous limits. Where the app has
// options of its own, change Kit.Options and give them to Kit.New:
//
//	app := ginauthtest.New(t, func(k ginauthtest.Kit[User]) *gin.Engine {
//		o := k.Options
//		o.Exclude = []string{"/"}
//		return routes(k.New(o))
//	})
//
// The package is for tests only.
package ginauthtest
