// Package flow has the steps of a login, for ways to log in that package ginauth does not have, and for pages of the app's own
// that change an account. Package email is made of it. An app that mounts the handlers of ginauth does not need it.
//
// A handler that logs a user in takes these steps, in this order:
//
//  1. [Bind] reads the request. For a sign-up, [BindRegistration] does this and the next step, and hashes the password.
//  2. [Throttle] counts the attempt, before anything is checked. [CountGuess] counts a try at a code of one user.
//     [VerifyPassword] counts by itself, together with the other logins.
//  3. [VerifyPassword], or a check of the app's own, proves who it is. Before a code is spent that works once,
//     [CanSignIn] says whether the session can begin.
//  4. [ginauth.SignIn] begins the session, or [SignIn] where the proof is no password. [KnowBrowser] then makes the
//     browser known to the account, so that strangers who guess passwords do not keep it out.
//  5. [Reply] answers, and [ginauth.Fail] answers with an error. [LogEvent] tells the log of an attempt that failed.
//
// A way of two steps keeps what it needs between them in a [Cookie]. In code:
//
//	r.POST("/login/kiosk", func(c *gin.Context) {
//		var form ginauth.Credentials
//		err := flow.Bind(c, &form)
//		var u User
//		if err == nil {
//			u, err = flow.VerifyPassword(c, cfg, form.Email, form.Password)
//		}
//		if err == nil {
//			err = ginauth.SignIn(c, u)
//		}
//		if err != nil {
//			ginauth.Fail(c, err)
//			return
//		}
//		flow.Reply(c, http.StatusOK, u)
//	})
//
// The route has to be open, since nobody is logged in yet, and covered by [ginauth.Session]: register it behind Session and
// name it in Options.Exclude.
//
// Every error is one that [ginauth.Fail] can answer with. A user who does not exist, a wrong password and a disabled user are
// one error, [ginauth.ErrInvalidCredentials], after the same work. An outage is another error, and never a wrong
// password. [ProblemOf] returns what Fail would answer, for pages that show the error themselves.
//
// # Handlers that change an account
//
// [CurrentOwner] tells the account's owner from an API key or another credential with scopes, and can ask for a login of the
// last minutes. [Confirm] makes a session fresh after another proof than the password. [HashNewPassword] checks a new password by the policy and hashes it.
//
// docs/own-login.md has whole handlers: a login by LDAP, by a code, and with a second step.
package flow
