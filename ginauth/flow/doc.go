// Package flow has the steps of a login. Use it to write a way to log in that package ginauth does
// not have, or your own pages that change an account. Package email is built on it. An app that
// only mounts the handlers of ginauth does not need it.
//
// A handler that logs a user in takes these steps, in this order:
//
//  1. [Bind] reads the request. For a sign-up, [BindRegistration] does this and the next step, and
//     hashes the password.
//  2. [Throttle] counts the attempt, before anything is checked. [CountGuess] counts a guess at one
//     user's code. [VerifyPassword] itself counts the attempt, together with other logins.
//  3. [VerifyPassword], or a check of the app's own, proves who the user is. Before you use up a
//     one-time code, [CanSignIn] says whether a session can begin.
//  4. [ginauth.SignIn] begins the session, or [SignIn] if the proof was not a password.
//     [KnowBrowser] then makes the browser known to the account, so that strangers who guess
//     passwords do not lock it out.
//  5. [Reply] sends the answer, or [ginauth.Fail] the error. [LogEvent] logs a failed attempt.
//
// A login in two steps keeps its state between them in a [Cookie]. In code:
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
// The route must be open, since nobody is logged in yet, and covered by [ginauth.Session]: register
// it behind Session and name it in Options.Exclude.
//
// Every error is one that [ginauth.Fail] can answer with. A user who does not exist, a wrong
// password and a disabled user are one error, [ginauth.ErrInvalidCredentials], after the same work.
// An outage is another error, and never a wrong password. [ProblemOf] returns what Fail would
// answer, for pages that show the error themselves.
//
// # Handlers that change an account
//
// [CurrentOwner] refuses API keys and other credentials with scopes, and can require a recent
// login. [Confirm] makes a session fresh after a proof other than the password. [HashNewPassword]
// checks a new password by the policy and hashes it.
//
// docs/own-login.md has whole handlers: a login by LDAP, by a code, and with a second step.
package flow
