// Package account has the handlers for users who have logged in. With them a user lists and ends
// logins, sees what happened to the account, changes the password and the profile, exports the
// account's data, and deletes the account.
//
// Mount the handlers that the app needs behind [ginauth.Session]. They take the Config of
// [ginauth.New]:
//
//	r.Use(ginauth.Session(cfg))
//	r.GET("/sessions", account.Sessions(cfg))
//	r.DELETE("/sessions/:id", account.RevokeSession(cfg))
//	r.DELETE("/sessions", account.RevokeOtherSessions(cfg))
//	r.GET("/events", account.Events(cfg))
//	r.POST("/password/change", account.ChangePassword(cfg))
//	r.POST("/reauthenticate", account.Reauthenticate(cfg))
//	r.PATCH("/user", account.UpdateProfile(cfg))
//	r.GET("/user/export", account.ExportAccount(cfg))
//	r.DELETE("/user", account.DeleteAccount(cfg))
//
// Paths and methods are the app's choice. Each handler acts on the user who is logged in, whatever
// the request names, and answers 403 to credentials with scopes, such as API keys. Bodies are JSON
// or HTML forms. Only [RestoreAccount] is for users who are logged out: it undoes
// [DeleteAccountAfter].
//
// # What a handler needs from the store
//
// store.DB and store/memory have everything. If a store of the app's own lacks an interface, such
// as [driver.Accounts] or [driver.EventLog], the constructors that need it panic with a sentence
// that names it, so that the program does not start.
//
// # Handlers that need a recent login
//
// [DeleteAccount], [SetPassword] and [ChangeUsername] need a login within the last ten minutes. A user who logged in
// earlier proves who they are with [Reauthenticate], which takes the password. The app's own routes
// can require the same with the guard [ginauth.Fresh].
//
// # Pages
//
// [ListLogins] and [ListEvents] return what [Sessions] and [Events] send as JSON, for pages that
// the app renders.
//
// docs/accounts.md says what each handler ends and what stays, and docs/sessions.md has more about
// logins.
package account
