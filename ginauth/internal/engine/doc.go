// Package engine does the work of a request: it finds the session and the user, saves what changed
// before the first byte of the answer, and answers. Packages ginauth, account and flow are what it
// looks like from outside.
//
// A [Mount] is what options are compiled to, once. A [State] is what one request knows. Neither has
// a type parameter: a user is a *U inside an any, and an [Edge], which package ginauth implements,
// is where it gets its type.
package engine
